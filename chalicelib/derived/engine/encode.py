"""A finished picture as a file that says nothing but the picture; the same pixels give the same bytes."""

import io
from collections.abc import Iterable
from typing import Any

from PIL import Image

from chalicelib.derived.engine.colour import flattened
from chalicelib.derived.engine.outcome import Picture
from chalicelib.derived.engine.scaling import Size, cut, place, scaled
from chalicelib.derived.model import Fit, Format, Transformation

_COPYRIGHT, _ARTIST = 0x8298, 0x013B
_ENCODER = {Format.JPEG: 8, Format.PNG: 6, Format.WEBP: 10, Format.AVIF: 22}  # bytes a pixel, measured
_PROGRESSIVE_PIXELS = 60_000  # from about 10 kB on, progressive is smaller


def finished(image: Image.Image, wanted: Transformation, rights: bytes) -> Picture:
    """Return a picture that has its size already, cut or padded to its box, in its format."""
    shown = fitted(image, wanted)
    if wanted.format is Format.JPEG:
        shown = flattened(shown, wanted.background)
    shown.info = {}  # Pillow would write comments, profiles and resolutions from it
    return Picture(encoded(shown, wanted, rights), *shown.size)


def fitted(image: Image.Image, wanted: Transformation) -> Image.Image:
    """Return the picture as its box wants it."""
    if wanted.fit is Fit.COVER:
        return image.crop(cut(image.size, wanted))
    if wanted.fit is Fit.PAD:
        mode = "RGBA" if image.mode in {"LA", "RGBA"} else "RGB"
        whole = Image.new(mode, (wanted.width, wanted.height), wanted.background)
        whole.paste(image.convert(mode), place(image.size, wanted))
        return whole
    return image.copy()


def encoded(image: Image.Image, wanted: Transformation, rights: bytes) -> bytes:
    """Return the file."""
    out = io.BytesIO()
    options = _options(image, wanted)
    if rights and wanted.keep_copyright:
        options["exif"] = rights
    image.save(out, wanted.format.value.upper(), **options)
    return out.getvalue()


def rights_of(exif: Image.Exif) -> bytes:
    """Return EXIF with the fields Copyright and Artist alone, or nothing where there are none."""
    kept = Image.Exif()
    for tag in (_ARTIST, _COPYRIGHT):
        if isinstance(text := exif.get(tag), str) and text:
            kept[tag] = text[:1000].encode("latin-1", "replace")  # as Pillow read it, so that UTF-8 stays
    return kept.tobytes() if kept else b""


def room_for(real: Size, wanted: Iterable[Transformation]) -> int:
    """Return the bytes that making all of these takes besides the decoded source; an estimate on the safe side."""
    sizes = [(one, scaled(real, one)) for one in wanted]
    reduced = sum(4 * width * height for _, (width, height) in sizes)
    return reduced + max(
        (_ENCODER[one.format] * min(w * h, one.width * one.height) for one, (w, h) in sizes), default=0
    )


def _options(image: Image.Image, wanted: Transformation) -> dict[str, Any]:
    match wanted.format:
        case Format.JPEG:
            progressive = image.width * image.height >= _PROGRESSIVE_PIXELS
            return {"quality": wanted.quality, "subsampling": "4:2:0", "optimize": True, "progressive": progressive}
        case Format.WEBP:
            return {"quality": wanted.quality, "method": 4}
        case Format.AVIF:
            return {"quality": wanted.quality, "speed": 8, "max_threads": 1}
        case Format.PNG:
            return {"compress_level": 6}  # more is hardly smaller, and takes ten times as long
