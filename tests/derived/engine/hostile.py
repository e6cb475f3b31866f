"""Sources made to hurt, and what is to become of each."""

import struct
import zlib
from collections.abc import Callable
from functools import partial

from PIL import Image

from chalicelib.derived.engine.kinds import SourceFormat
from tests.derived.engine.documents import pdf
from tests.derived.engine.samples import arrow, box, chunk, photo, png, saved
from tests.derived.engine.videos import four_seconds, heic

PICTURE, BROKEN, TOO_LARGE = "picture", "cannot be decoded", r"is \d+ x \d+ pixels of .*, and 150 MB is the limit"
EITHER = "picture|takes more than 5 s|needs more than 150 MB|" + BROKEN + "|" + TOO_LARGE
S = SourceFormat


def png_of(width: int, height: int) -> bytes:
    """Return a PNG whose rows are all there, black, and packed to nearly nothing."""
    return png(width, height, 1, 0, bytes((1 + (width + 7) // 8) * height))


def jpeg_of(width: int, height: int, *, progressive: bool) -> bytes:
    """Return a JPEG that says it is so large; its data is not."""
    body = saved(arrow(), "JPEG", progressive=progressive)
    at = body.index(b"\xff\xc2" if progressive else b"\xff\xc0") + 5
    return body[:at] + struct.pack(">HH", height, width) + body[at + 4 :]


def scan_bomb(scans: int) -> bytes:
    """Return a progressive JPEG that has its last scan again and again."""
    body = saved(Image.new("L", (3000, 3000), 128), "JPEG", progressive=True)
    start = body.rindex(b"\xff\xda")
    return body[:start] + body[start:-2] * scans + body[-2:]


def webp_of(width: int, height: int, kind: bytes) -> bytes:
    """Return a WebP that says it is so large."""
    body = bytearray(
        saved(arrow(), "WEBP", lossless=kind == b"VP8L", exif=b"Exif\0\0II*\0" if kind == b"VP8X" else b"")
    )
    if kind == b"VP8X":
        body[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    elif kind == b"VP8L":
        body[21:25] = ((width - 1) | (height - 1) << 14).to_bytes(4, "little")
    else:
        body[26:30] = struct.pack("<HH", width, height)
    return bytes(body)


def boxed_of(body: bytes, width: int, height: int) -> bytes:
    """Return an AVIF or HEIC that says it is so large."""
    at = body.index(b"ispe") + 8
    return body[:at] + struct.pack(">II", width, height) + body[at + 8 :]


def tiff(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    """Return a TIFF of these tags alone: number, type, count, value."""
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + struct.pack("<I", following)


def tiff_of(width: int, height: int, *more: tuple[int, int, int, int], following: int = 0) -> bytes:
    """Return a grey TIFF of eight bits."""
    usual = {256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 277: (3, 1, 1)}
    usual |= {273: (4, 1, 8), 278: (4, 1, height), 279: (4, 1, min(width * height, 2**32 - 1))}
    usual |= {tag: rest for tag, *rest in more}  # type: ignore[misc]
    return tiff(*((tag, *usual[tag]) for tag in sorted(usual)), following=following) + bytes(4096)


def gif_of(width: int, height: int) -> bytes:
    body = saved(arrow(), "GIF")
    return body[:6] + struct.pack("<HH", width, height) + body[10:]


def gif_frames(count: int) -> bytes:
    """Return a GIF of many frames of one pixel."""
    frame = b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    return b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + (b"!\xf9\4\0\0\0\0\0" + frame) * count + b";"


def zeros(length: int) -> bytes:
    return zlib.compress(bytes(length), 9)


def halves() -> dict[str, tuple[Callable[[], bytes], SourceFormat, str]]:
    """Return the first half, and the first 20 bytes, of a good source of each format."""
    good: dict[SourceFormat, Callable[[], bytes]] = {
        S.JPEG: photo,
        S.PNG: lambda: saved(arrow(), "PNG"),
        S.GIF: lambda: saved(Image.effect_noise((200, 200), 90), "GIF"),
        S.WEBP: lambda: saved(arrow(), "WEBP"),
        S.AVIF: lambda: saved(arrow(), "AVIF"),
        S.TIFF: lambda: saved(arrow(), "TIFF", compression="tiff_lzw"),
        S.HEIC: heic,
        S.MP4: four_seconds,
        S.MKV: lambda: four_seconds("matroska")[:600],
        S.WEBM: lambda: four_seconds("webm", "libvpx-vp9")[:600],
        S.PDF: lambda: pdf(((0, 0, 9, 9), ""))[:200],
    }
    cases: dict[str, tuple[Callable[[], bytes], SourceFormat, str]] = {}
    for format_, make in good.items():
        cases[f"half of {format_.name}"] = partial(_first, make, 0), format_, BROKEN + "|has"
        cases[f"the head of {format_.name}"] = partial(_first, make, 20), format_, BROKEN + "|is 0 x 0"
        cases[f"an empty {format_.name}"] = bytes, format_, "is empty"
    return cases


def _first(make: Callable[[], bytes], length: int) -> bytes:
    body = make()
    return body[: length or len(body) // 2]


def loop_of_pages() -> bytes:
    return pdf(((0, 0, 9, 9), "")).replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]")


def nested_boxes() -> bytes:
    body = b""
    for _ in range(20_000):
        body = struct.pack(">I", len(body) + 8) + b"moov" + body if len(body) < 2_000_000 else body
    return box(b"ftyp", b"isom", bytes(4)) + body


CASES: dict[str, tuple[Callable[[], bytes], SourceFormat, str]] = {
    "a PNG of 144 megapixels": (
        lambda: png_of(12_000, 12_000),
        S.PNG,
        "is 12000 x 12000 pixels of PNG, which takes 289",
    ),
    "a PNG of two billion pixels a side": (lambda: png(2**31 - 1, 2**31 - 1, 8, 2, b"\0"), S.PNG, TOO_LARGE),
    "a PNG without a side": (lambda: png(0, 5, 8, 2, b"\0"), S.PNG, "is 0 x 5 pixels|" + BROKEN),
    "a PNG with 200 MB of text": (
        lambda: png(9, 9, 8, 0, bytes(90), chunk(b"zTXt", b"a\0\0" + zeros(200_000_000))),
        S.PNG,
        BROKEN,
    ),
    "a PNG with 200 MB of international text": (
        lambda: png(9, 9, 8, 0, bytes(90), chunk(b"iTXt", b"a\0\1\0\0\0" + zeros(200_000_000))),
        S.PNG,
        BROKEN,
    ),
    "a PNG with a profile of 200 MB": (
        lambda: png(9, 9, 8, 0, bytes(90), chunk(b"iCCP", b"a\0\0" + zeros(200_000_000))),
        S.PNG,
        EITHER,
    ),
    "a PNG with ten thousand texts": (
        lambda: png(9, 9, 8, 0, bytes(90), *[chunk(b"zTXt", b"a\0\0" + zeros(900_000))] * 10_000),
        S.PNG,
        BROKEN,
    ),
    "a PNG with more pixels than it says": (lambda: png(9, 9, 8, 0, bytes(50_000_000)), S.PNG, PICTURE),
    "a progressive JPEG of four billion pixels": (
        lambda: jpeg_of(65_000, 65_000, progressive=True),
        S.JPEG,
        TOO_LARGE,
    ),
    "a JPEG of four billion pixels": (lambda: jpeg_of(65_000, 65_000, progressive=False), S.JPEG, TOO_LARGE),
    "a JPEG of 99 megapixels that ends before, and says so": (
        lambda: jpeg_of(9_950, 9_950, progressive=False),
        S.JPEG,
        PICTURE,  # libjpeg goes on in grey
    ),
    "a JPEG of 99 megapixels that ends before": (
        lambda: jpeg_of(9_950, 9_950, progressive=False)[:-2],
        S.JPEG,
        BROKEN,
    ),
    "a JPEG without a side": (lambda: jpeg_of(0, 10, progressive=False), S.JPEG, "is 0 x 10|" + BROKEN),
    "a JPEG of a thousand scans": (lambda: scan_bomb(1000), S.JPEG, "is a JPEG of more than 64 scans"),
    "a JPEG of markers": (lambda: b"\xff\xd8" + b"\xff\xe1\0\2" * 2_000_000, S.JPEG, BROKEN + "|takes more|needs more"),
    "a WebP of 88 megapixels": (lambda: webp_of(9_400, 9_400, b"VP8X"), S.WEBP, "is 9400 x 9400 pixels of WEBP"),
    "a plain WebP of 268 megapixels": (lambda: webp_of(16_383, 16_383, b"VP8 "), S.WEBP, TOO_LARGE),
    "a lossless WebP of 268 megapixels": (lambda: webp_of(16_384, 16_384, b"VP8L"), S.WEBP, TOO_LARGE),
    "an AVIF of 40 megapixels": (
        lambda: boxed_of(saved(arrow(), "AVIF"), 8_000, 5_000),
        S.AVIF,
        "is 8000 x 5000 pixels of AVIF",
    ),
    "a HEIC of 40 megapixels": (lambda: boxed_of(heic(), 8_000, 5_000), S.HEIC, TOO_LARGE),
    "a GIF of four billion pixels": (lambda: gif_of(65_535, 65_535), S.GIF, TOO_LARGE),
    "a TIFF of four billion pixels a side": (lambda: tiff_of(2**31 - 1, 2**31 - 1), S.TIFF, TOO_LARGE),
    "a TIFF without a side": (lambda: tiff_of(0, 10), S.TIFF, "is 0 x 10|" + BROKEN),
    "a TIFF whose next page is itself": (lambda: tiff_of(60, 60, following=8), S.TIFF, PICTURE),
    "a TIFF of four billion strips": (lambda: tiff_of(60, 60, (273, 4, 2**32 - 1, 8)), S.TIFF, BROKEN),
    "a TIFF of tiles of two billion pixels": (
        lambda: tiff_of(60, 60, (259, 3, 1, 5), (322, 4, 1, 2**31 - 16), (323, 4, 1, 2**31 - 16), (324, 4, 1, 8)),
        S.TIFF,
        EITHER,
    ),
    "a TIFF of sixty thousand tags": (
        lambda: tiff(*[(tag, 2, 2**31, 8) for tag in range(60_000)]),
        S.TIFF,
        EITHER,
    ),
    "a TIFF with its EXIF in a circle": (lambda: tiff_of(60, 60, (34_665, 4, 1, 8)), S.TIFF, PICTURE),
    "a page of one point by two hundred inches": (lambda: pdf(((0, 0, 1, 14_400), "")), S.PDF, PICTURE),
    "a page as large as can be": (lambda: pdf(((0, 0, 14_400, 14_400), "")), S.PDF, PICTURE),
    "a page of no size": (lambda: pdf(((0, 0, 0, 0), "")), S.PDF, EITHER),
    "a page of absurd size": (lambda: pdf(((-1e30, -1e30, 1e30, 1e30), "")), S.PDF, EITHER + "|has a page 1 of"),
    "a tree of pages that is a circle": (loop_of_pages, S.PDF, EITHER + "|has 0 pages|has 1 page"),
    "a page that draws itself": (
        lambda: pdf(
            ((0, 0, 99, 99), "/X Do"),
            extra="/Resources << /XObject << /X 5 0 R >> >>",
            objects=[
                (
                    "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>"
                    " /Length 12 >>\nstream\n/X Do /X Do \nendstream"
                )
            ],
        ),
        S.PDF,
        EITHER,
    ),
    "a page of a million strokes": (
        lambda: pdf(((0, 0, 99, 99), "[0.01] 0 d " + "0 0 m 99 99 l 0 99 l 99 0 l S " * 300_000)),
        S.PDF,
        EITHER,
    ),
    "a film in twenty thousand nested boxes": (nested_boxes, S.MP4, BROKEN),
    "a film of four billion samples": (
        lambda: (film := four_seconds())[: film.index(b"stsz") + 12] + b"\xff" * 4 + film[film.index(b"stsz") + 16 :],
        S.MP4,
        EITHER + "|has",
    ),
    "a film of endless length": (lambda: four_seconds("matroska")[:60] + b"\x01" + b"\xff" * 7, S.MKV, BROKEN + "|has"),
    "a GIF that goes on as a document": (lambda: b"GIF89a" + pdf(((0, 0, 9, 9), "")), S.GIF, EITHER),
    "a page of the web named JPEG": (lambda: b"<!doctype html><script>1</script>", S.JPEG, BROKEN),
    "a drawing in SVG named PNG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", S.PNG, BROKEN),
    "a script in MVG named JPEG": (lambda: b"push graphic-context\nimage over 0,0 0,0 'x'", S.JPEG, BROKEN),
    "a script in PostScript named JPEG": (lambda: b"%!PS\n(/etc/passwd) run showpage", S.JPEG, BROKEN),
    "PostScript named PDF": (lambda: b"%!PS\n(/etc/passwd) run showpage", S.PDF, BROKEN),
    **halves(),
}
