"""Images decoded, within limits that are looked at before."""

import io
from collections.abc import Sequence

from PIL import AvifImagePlugin, Image, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401  see preinit

from chalicelib.derived.engine import headers
from chalicelib.derived.engine.encode import rights_of, room_for
from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.ladder import Master
from chalicelib.derived.engine.limits import Limits, check_memory
from chalicelib.derived.engine.outcome import CannotRender
from chalicelib.derived.engine.scaling import Size, scaled
from chalicelib.derived.model import Transformation

Image.preinit()  # before any child: with the modules here, it has all that is ever asked for
# What fits is a matter of the format and of memory (_check): Pillow's one number of pixels for all is neither.
Image.MAX_IMAGE_PIXELS = None
_GAP = 2  # a JPEG is decoded at least so many times as large as what is made of it
_ORIENTATION = 0x0112
_STORED = {
    "1": 1,
    "L": 1,
    "P": 1,
    "LA": 4,
    "PA": 4,
    "I;16": 2,
    "I;16B": 2,
    "I;16L": 2,
}  # bytes a pixel in Pillow; else 4
_COPIED = {"1": 1, "P": 8, "PA": 4, "LA": 4, "RGBA": 4, "I": 8, "F": 8}  # and of the copies that scaling makes
_DECODER = {SourceFormat.WEBP: 12, SourceFormat.AVIF: 6, SourceFormat.HEIC: 8, SourceFormat.GIF: 4}  # and its own


def master(data: bytes, format_: SourceFormat, wanted: Sequence[Transformation], limits: Limits) -> tuple[Master, Size]:
    """Return the decoded first picture and the upright size that it has undecoded.

    Raise CannotRender if it is too large, and whatever decoders raise if it is broken.
    """
    if format_ is SourceFormat.HEIC:
        return _heic(data, wanted, limits)
    if format_ is SourceFormat.JPEG:
        return _jpeg(data, wanted, limits)
    image = opened(data, format_, wanted, limits)
    image.load()
    made = _described(image, orientation_of(image))
    return made, made.size


def opened(data: bytes, format_: SourceFormat, wanted: Sequence[Transformation], limits: Limits) -> Image.Image:
    """Return an image whose header was read and weighed, by the decoder of this format and no other."""
    if format_ is SourceFormat.WEBP:  # Pillow makes a canvas before it tells how large it is
        _check(headers.webp_canvas(data), format_, 4 + _DECODER[format_], wanted, limits)
    image = Image.open(io.BytesIO(data), formats=[format_.name])
    each = _STORED.get(image.mode, 4) + _COPIED.get(image.mode, 0) + _DECODER.get(format_, 0)
    _check(image.size, format_, each, wanted, limits)
    return image


def orientation_of(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 where it is missing, broken or none of the eight."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:
        return 1
    return found if found in range(1, 9) else 1


def _jpeg(data: bytes, wanted: Sequence[Transformation], limits: Limits) -> tuple[Master, Size]:
    """Decode no more of a JPEG than what is made of it needs: halves, quarters and eighths are cheap.

    Both sides of the largest picture count, never those of a box of another shape, which would switch that off.
    """
    header = headers.jpeg(data)
    image = Image.open(io.BytesIO(data), formats=["JPEG"])
    made = _described(image, orientation_of(image))
    real, whole = made.size, image.size
    _check(whole, SourceFormat.JPEG, 0, wanted, limits)
    width, height = made.turned(max(scaled(real, one) for one in wanted))
    drafted = image.draft(None, (width * _GAP, height * _GAP))
    made.box = drafted[1] if drafted else None
    decoded = image.width * image.height * _STORED.get(image.mode, 4)
    kept = header.coefficient_bytes * whole[0] * whole[1]
    check_memory(
        whole, "progressive JPEG" if header.progressive else "JPEG", decoded + kept + room_for(real, wanted), limits
    )
    image.load()
    return made, real


def _heic(data: bytes, wanted: Sequence[Transformation], limits: Limits) -> tuple[Master, Size]:
    """Decode the primary image; libheif has turned it already, whatever EXIF says."""
    import pi_heif  # type: ignore[import-untyped]

    pi_heif.options.DECODE_THREADS = 1
    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False
    file = pi_heif.open_heif(data)
    _check(file.size, SourceFormat.HEIC, 4 + _DECODER[SourceFormat.HEIC], wanted, limits)
    image = file.to_pillow()
    return _described(image, 1), image.size


def _described(image: Image.Image, orientation: int) -> Master:
    try:
        rights = rights_of(image.getexif())
    except Exception:
        rights = b""
    profile = image.info.get("icc_profile")
    return Master(image, orientation, None, profile if isinstance(profile, bytes) else None, rights)


def _check(size: Size, format_: SourceFormat, each: int, wanted: Sequence[Transformation], limits: Limits) -> None:
    if min(size) < 1:
        raise CannotRender(f"is {size[0]} x {size[1]} pixels of {format_.name}")
    check_memory(size, format_.name, size[0] * size[1] * each + room_for(size, wanted), limits)
