"""Sources that tests make pictures of; all are made here, none is kept."""

import io
import struct
import zlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from matplotlib import cbook
from PIL import Image, ImageDraw

from chalicelib.derived.engine.workshop import Limits, Picture, SourceFormat, Unrenderable, render
from chalicelib.derived.model import Kind, Transformation

LIMITS = Limits(memory=400_000_000, seconds=8, source_bytes=60_000_000)
_NAMED = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255,) * 3, "black": (0, 0, 0)}
SMALL = Transformation("small", Kind.IMAGE, 100, 100)


@dataclass
class Bytes:
    """A Readable that counts how it is read."""

    body: bytes
    ranges: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.body)

    def read_all(self) -> bytes:
        return self.body

    def read_range(self, start: int, length: int) -> bytes:
        self.ranges.append((start, length))
        return self.body[start : start + length]


def rendered(body: bytes, format_: SourceFormat, *wanted: Transformation) -> list[Picture]:
    """Return the pictures, in the order of what is wanted; fail if one is missing."""
    outcomes = render(Bytes(body), format_, wanted, LIMITS)
    made = [outcomes[one.name] for one in wanted]
    assert not [one for one in made if isinstance(one, Unrenderable)], made
    return [one for one in made if isinstance(one, Picture)]


def shown(body: bytes, format_: SourceFormat, wanted: Transformation = SMALL) -> Image.Image:
    """Return the one picture, as somebody else sees it."""
    return seen(rendered(body, format_, wanted)[0])


def refused(body: bytes, format_: SourceFormat, wanted: Transformation = SMALL, limits: Limits = LIMITS) -> str:
    """Return why there is no picture."""
    outcome = render(Bytes(body), format_, [wanted], limits)[wanted.name]
    assert isinstance(outcome, Unrenderable), outcome
    return outcome.reason


def seen(picture: Picture) -> Image.Image:
    """Return a picture decoded, and hold what is said of its size against it."""
    image = Image.open(io.BytesIO(picture.body))
    image.load()
    assert image.size == (picture.width, picture.height)
    return image


def saved(image: Image.Image, format_: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


@cache
def photo() -> bytes:
    """Return a real photograph, a JPEG of 512 x 600 pixels."""
    return Path(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))).read_bytes()


def arrow(size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Return a picture that every turn and mirror changes: red, green and blue quarters, and a white one."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    w, h = size
    for colour, at in (("red", (0, 0)), ("lime", (w // 2, 0)), ("blue", (0, h // 2))):
        draw.rectangle((*at, at[0] + w // 2 - 1, at[1] + h // 2 - 1), fill=colour)
    return image


def corners(image: Image.Image) -> list[str]:
    """Return the colours of the quarters, row by row."""
    image = image.convert("RGB")
    w, h = image.size
    places = [(w // 4, h // 4), (3 * w // 4, h // 4), (w // 4, 3 * h // 4), (3 * w // 4, 3 * h // 4)]
    return [nearest(image.getpixel(place)) for place in places]


def at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Return the channels of a pixel."""
    pixel = image.getpixel((x, y))
    return pixel if isinstance(pixel, tuple) else (int(pixel or 0),)


def nearest(pixel: object) -> str:
    assert isinstance(pixel, tuple)
    names = {
        "red": (255, 0, 0),
        "green": (0, 255, 0),
        "blue": (0, 0, 255),
        "white": (255, 255, 255),
        "black": (0, 0, 0),
    }
    return min(names, key=lambda name: distance(names[name], pixel))


def distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """Return by how much the most different channel differs."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def box(name: bytes, *parts: bytes) -> bytes:
    """Return a box of the ISO base media file format."""
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + name + body


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *others: bytes) -> bytes:
    """Return a PNG by hand; ``rows`` with their filter bytes, uncompressed."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *others, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
