"""Videos, encoded here."""

import base64
import io
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import av
from av.video.frame import VideoFrame
from PIL import Image

from tests.derived.engine.samples import arrow, box

# The arrow as x265 encodes it; through PyAV, that encoder fails now and then.
_CONFIGURATION = base64.b85decode(
    "0001WXm(>m0RdnD0058x000009`FGC{rLC*01pEo0096PKmiN^|NjAC00093kN^M!000939+j90ApijYC_(`N0bl?C0|1Z!00RI3"
    "0{|YN6d-wJm6}O1xu75b00RIZ00093fg%6_00%??!E&@>Km"
)
_ARROW = base64.b85decode(
    "0001UC;_ijdQg(?W&{85hp+fMR6B>!l$XJ+*dD)~$eruL3f2kYMu<`Pw?)T%rWd4i2K=`lMede<w53boxIp;F<HB3IMkrTXt|mTg"
    "s3TvGD!`#!1aII8=r~NVHr-!3000930J-A_`iajo6wtZ_(jKq"
)
COLOURS = ("red", "lime", "blue", "white")


def video(
    frames: Iterable[Image.Image],
    container: str = "mp4",
    codec: str = "libx264",
    rate: int = 4,
    prepare: Callable[[Any], None] = lambda _stream: None,
    format_: str = "yuv420p",
    convert: Callable[[VideoFrame], VideoFrame] = lambda frame: frame,
    muxer: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """Return a video of these frames; every fourth is a key frame."""
    out = io.BytesIO()
    with av.open(out, "w", format=container, options=muxer or {}) as file:
        stream: Any = file.add_stream(codec, rate=rate, options=options or {})
        stream.pix_fmt, stream.gop_size = format_, 4
        stream.thread_count = 1
        for index, image in enumerate(frames):
            if not index:
                stream.width, stream.height = image.size
                prepare(stream)
            frame = convert(VideoFrame.from_image(image))  # type: ignore[no-untyped-call]
            frame.pts = index
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return out.getvalue()


@cache
def four_seconds(container: str = "mp4", codec: str = "libx264", size: tuple[int, int] = (160, 120)) -> bytes:
    """Return a video that is red, lime, blue and white for a second each."""
    return video([Image.new("RGB", size, COLOURS[index // 4]) for index in range(16)], container, codec)


def turned(matrix: tuple[int, int, int, int]) -> bytes:
    """Return an MP4 of the arrow whose track header has this display matrix."""
    body = video([arrow()] * 4)
    header = body.index(b"tkhd") + 4
    at = header + 40
    a, b, c, d = (value << 16 for value in matrix)
    numbers = (a, b, 0, c, d, 0, 0, 0, 1 << 30)
    return body[:at] + b"".join(number.to_bytes(4, signed=True) for number in numbers) + body[at + 36 :]


def heic(*properties: bytes) -> bytes:
    """Return the arrow as a HEIC by hand, with these item properties besides."""
    size = box(b"ispe", bytes(4), (160).to_bytes(4), (120).to_bytes(4))
    everything = [_CONFIGURATION, size, *properties]
    links = bytes([len(everything), *(0x80 | number for number in range(1, len(everything) + 1))])

    def whole(offset: int) -> bytes:
        return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + box(
            b"meta",
            bytes(4),
            box(b"hdlr", bytes(8), b"pict", bytes(13)),
            box(b"pitm", bytes(4), b"\0\1"),
            box(b"iloc", bytes(4), b"\x44\0\0\1\0\1\0\0\0\1", offset.to_bytes(4), len(_ARROW).to_bytes(4)),
            box(b"iinf", bytes(4), b"\0\1", box(b"infe", b"\2\0\0\0\0\1\0\0hvc1\0")),
            box(b"iprp", box(b"ipco", *everything), box(b"ipma", bytes(4), b"\0\0\0\1\0\1", links)),
        )

    return whole(len(whole(0)) + 8) + box(b"mdat", _ARROW)
