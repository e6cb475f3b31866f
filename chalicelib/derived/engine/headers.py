"""What files say of themselves before anything is decoded, where Pillow would decode too much to tell."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.derived.engine.outcome import CannotRender

_MOST_SCANS = 64
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """How a JPEG comes in scans: ``coefficient_bytes`` is what each pixel takes until the last one is read, or 0."""

    progressive: bool = False
    coefficient_bytes: float = 0


def jpeg(data: bytes) -> JpegHeader:
    """Read a JPEG's markers; raise CannotRender for more than 64 scans, since each is a pass over all pixels."""
    frame, progressive, scans = b"", False, 0
    for marker, segment in _markers(data):
        if marker in _FRAMES:
            frame, progressive = segment, marker in _PROGRESSIVE
        elif marker == _START_OF_SCAN:
            scans += 1
            if not progressive and segment[:1] == frame[5:6]:
                return JpegHeader()  # the only one, of all components: nothing is kept
            if scans > _MOST_SCANS:
                raise CannotRender(f"is a JPEG of more than {_MOST_SCANS} scans")
    return JpegHeader(progressive, _coefficients(frame))


def webp_canvas(data: bytes) -> tuple[int, int]:
    """Return a WebP's size; https://developers.google.com/speed/webp/docs/riff_container."""
    match data[12:16]:
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case _:
            width, height = int.from_bytes(data[26:28], "little"), int.from_bytes(data[28:30], "little")
            return width & 0x3FFF, height & 0x3FFF


def _markers(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield markers with what belongs to each, up to the first picture's end; ITU-T T.81, annex B."""
    at = 2
    while found := _NEXT_MARKER.search(data, at):
        marker = data[found.start() + 1]
        if marker == _END_OF_IMAGE:
            return
        length = int.from_bytes(data[found.end() : found.end() + 2])
        yield marker, data[found.end() + 2 : found.end() + min(length, 64)]
        at = found.end() + max(length, 2)


def _coefficients(frame: bytes) -> float:
    """Return bytes a pixel: each sample of each component is kept as 16 bits until all scans are read."""
    sampling = [(frame[at] >> 4) * (frame[at] & 15) for at in range(7, min(len(frame), 6 + 3 * 4), 3)]
    return 2 * sum(sampling) / max(sampling, default=1) if any(sampling) else 0
