"""What pixels mean: every mode that decoders know becomes grey or sRGB, with or without transparency, of 8 bits."""

import io

from PIL import Image, ImageChops, ImageCms

_INKS = {"C": (0, 174, 239), "M": (236, 0, 140), "Y": (255, 242, 0), "K": (35, 31, 32)}  # solid, on coated paper
_SPACES = {"RGB": "RGB ", "RGBA": "RGB ", "L": "GRAY", "LA": "GRAY", "CMYK": "CMYK", "LAB": "Lab "}


def scalable(image: Image.Image) -> Image.Image:
    """Return the picture in a mode whose pixels can be averaged: L, LA, RGB, RGBA, CMYK or LAB."""
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image)
    if image.mode in {"P", "PA"} or (image.mode in {"1", "L", "RGB"} and "transparency" in image.info):
        return _unpacked(image)
    if image.mode in {"L", "LA", "RGB", "RGBA", "CMYK", "LAB"}:
        return image
    plain = {"1": "L", "La": "LA", "RGBa": "RGBA"}
    return image.convert(plain.get(image.mode, "RGB"))


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a scalable picture as L, LA, RGB or RGBA in sRGB; a broken or unfitting profile counts for nothing."""
    if profile and (seen := _by_profile(image, profile)):
        return seen
    if image.mode == "LAB":
        return _transformed(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    return _by_inks(image) if image.mode == "CMYK" else image


def flattened(image: Image.Image, background: str) -> Image.Image:
    """Return the picture without transparency, as it looks before a background."""
    if image.mode not in {"LA", "RGBA"}:
        return image
    whole = Image.new("RGB", image.size, background)
    whole.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return whole


def _unpacked(image: Image.Image) -> Image.Image:
    if image.mode == "PA" or "transparency" in image.info:
        return image.convert("LA" if image.mode in {"1", "L"} else "RGBA")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale grey of more bits, else everything above 255 is white.

    Whole numbers are of 8 or 16 bits, fractions of 0 to 1 or 0 to 255, if they fit; else what is there is spread out.
    """
    if image.mode.startswith("I;16"):
        whole = image if image.mode == "I;16" else image.convert("I")
        return whole.point(lambda value: value * (1 / 257)).convert("L")
    least, most = (float(end) for end in image.getextrema())  # type: ignore[arg-type]
    if image.mode == "I" and least >= 0 and most > 255:
        least, most = 0.0, 65535.0 if most <= 65535 else most
    elif least >= 0 and most <= 255:
        least, most = 0.0, 255.0 if image.mode == "I" or most > 1 else 1.0
    scale = 255 / (most - least or 1)
    return image.convert("F").point(lambda value: value * scale - least * scale).convert("L")


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space != _SPACES[image.mode]:
            return None
        if (source.profile.profile_description or "").startswith("sRGB"):
            return image
        return _transformed(image, source)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _transformed(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    transparency = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    opaque = image.convert(image.mode[:-1]) if transparency else image
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        opaque.mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    seen = ImageCms.applyTransform(opaque, transform)
    assert seen  # noqa: S101 - for the type checker: it is None only if made in place
    if opaque.mode == "L":
        seen = seen.convert("L")
    if transparency:
        seen.putalpha(transparency)
    return seen


def _by_inks(image: Image.Image) -> Image.Image:
    """Let each ink of a CMYK picture without a profile swallow its part of the paper's light."""
    inks = dict(zip(_INKS, image.split(), strict=True))
    light = []
    for channel in range(3):
        left = Image.new("L", image.size, 255)
        for name, amount in inks.items():
            taken = 255 - _INKS[name][channel]
            left = ImageChops.multiply(left, amount.point([255 - round(taken * i / 255) for i in range(256)]))
        light.append(left)
    return Image.merge("RGB", light)
