"""Colours: what a viewer saw in the source is seen in the picture."""

import io
import struct
from dataclasses import replace

import pytest
from PIL import Image, ImageCms

from chalicelib.derived.engine.kinds import SourceFormat, sniff
from chalicelib.derived.model import Format
from tests.derived.engine.samples import SMALL, arrow, at, corners, distance, png, saved, shown

EXACT = replace(SMALL, format=Format.PNG)
P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))  # to XYZ at D50, by columns


def profile(primaries: tuple[tuple[float, float, float], ...] = P3, gamma: float = 2.2) -> bytes:
    """Return an ICC profile of these primaries, by hand; ICC.1:2010, 7 and 9.2."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv" + struct.pack(">IIHxx", 0, 1, round(gamma * 256))
    tags: dict[bytes, bytes] = {b"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1, 0.8249)}
    for letter, column in zip(b"rgb", primaries, strict=True):
        tags[bytes([letter]) + b"XYZ"] = b"XYZ \0\0\0\0" + fixed(*column)
        tags[bytes([letter]) + b"TRC"] = curve
    text = b"a wide one\0"
    tags[b"desc"] = b"desc" + struct.pack(">II", 0, len(text)) + text + bytes(79)
    tags[b"cprt"] = b"text\0\0\0\0none\0\0\0\0"
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(data))
        body += data
    head = bytes(4) + bytes(4) + b"\2\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28) + fixed(0.9642, 1, 0.8249)
    whole = head.ljust(128, b"\0") + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def flat(mode: str, colour: object) -> Image.Image:
    return Image.new(mode, (200, 200), colour)  # type: ignore[arg-type]


def middle(body: bytes) -> tuple[int, ...]:
    return at(shown(body, sniff(body) or SourceFormat.PNG, EXACT).convert("RGB"), 50, 50)


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_a_photograph_in_display_p3_keeps_its_colours(format_):
    quality = {} if format_ in {"PNG", "TIFF"} else {"quality": 100}
    wide = saved(flat("RGB", (150, 100, 100)), format_, icc_profile=profile(), **quality)
    assert distance(middle(wide), (160, 98, 99)) <= 4
    assert distance(middle(saved(flat("RGB", (150, 100, 100)), format_, **quality)), (150, 100, 100)) <= 3


def test_a_colour_management_system_of_somebody_elses_agrees():
    source = flat("RGB", (40, 200, 90))
    srgb = ImageCms.createProfile("sRGB")
    wide = ImageCms.profileToProfile(source, srgb, ImageCms.ImageCmsProfile(io.BytesIO(profile())))
    assert wide
    assert distance(at(wide, 0, 0), (40, 200, 90)) > 20
    assert distance(middle(saved(wide, "PNG", icc_profile=profile())), (40, 200, 90)) <= 2


@pytest.mark.parametrize(
    "broken",
    [b"not a profile", profile()[:200], b"\0" * 500, profile().replace(b"RGB ", b"CMYK")],
    ids=["words", "cut short", "zeros", "of another space"],
)
def test_a_broken_profile_is_gone_on_without(broken):
    assert middle(saved(flat("RGB", (150, 100, 100)), "PNG", icc_profile=broken)) == (150, 100, 100)


def test_an_srgb_profile_changes_nothing():
    same = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert middle(saved(flat("RGB", (150, 100, 50)), "PNG", icc_profile=same)) == (150, 100, 50)


def test_a_profile_leaves_transparency_alone():
    body = saved(flat("RGBA", (150, 100, 100, 128)), "PNG", icc_profile=profile())
    assert at(shown(body, SourceFormat.PNG, EXACT), 50, 50)[3] == 128


@pytest.mark.parametrize("format_", ["JPEG", "TIFF"])
@pytest.mark.parametrize(
    ("inks", "looks"),
    [
        ((0, 0, 0, 0), (255, 255, 255)),
        ((255, 0, 0, 0), (0, 174, 239)),
        ((0, 255, 0, 0), (236, 0, 140)),
        ((0, 0, 255, 0), (255, 242, 0)),
        ((0, 0, 0, 255), (35, 31, 32)),
        ((0, 255, 255, 0), (237, 28, 36)),
    ],
    ids=["paper", "cyan", "magenta", "yellow", "black", "red, of magenta and yellow"],
)
def test_inks_without_a_profile_look_as_printed(format_, inks, looks):
    quality = {"quality": 95} if format_ == "JPEG" else {}
    assert distance(middle(saved(flat("CMYK", inks), format_, **quality)), looks) <= 40


def test_an_inverted_jpeg_of_adobes_is_not_a_negative():
    body = saved(flat("CMYK", (0, 0, 0, 0)), "JPEG")
    assert b"Adobe" in body
    assert middle(body) == (255, 255, 255)


def test_sixteen_bits_of_grey_are_not_white():
    body = saved(flat("I;16", 0x8000), "PNG")
    assert middle(body) == (127, 127, 127)
    assert middle(saved(flat("I;16", 0x8000), "TIFF")) == (127, 127, 127)


def test_sixteen_bits_of_every_colour_are_reduced_to_eight():
    row = b"\0" + struct.pack(">HHH", 0xFFFF, 0x8000, 0) * 64
    assert distance(middle(png(64, 64, 16, 2, row * 64)), (255, 128, 0)) <= 1


@pytest.mark.parametrize(
    ("image", "grey"),
    [
        (flat("F", 0.5), 128),
        (flat("F", 100.0), 100),
        (flat("I", 100), 100),
        (flat("I", 0x8000), 127),
    ],
    ids=["fractions of one", "fractions of 255", "whole numbers of 8 bits", "whole numbers of 16 bits"],
)
def test_grey_of_odd_numbers_is_scaled(image, grey):
    assert distance(middle(saved(image, "TIFF")), (grey,) * 3) <= 1


def test_lab_is_understood():
    source = ImageCms.profileToProfile(
        flat("RGB", (200, 100, 50)), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert source
    assert distance(middle(saved(source, "TIFF")), (200, 100, 50)) <= 3


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_a_png_is_reduced_smoothly(mode):
    source = Image.effect_mandelbrot((400, 400), (-2, -1.5, 1, 1.5), 50).convert("RGB").convert(mode)
    picture = shown(saved(source, "PNG"), SourceFormat.PNG, EXACT)
    assert picture.size == (100, 100)
    assert len(picture.convert("RGB").getcolors(10_000) or []) > 20


def test_a_palettes_transparency_is_kept():
    source = flat("P", 0)
    source.putpalette([255, 0, 0, 0, 255, 0])
    source.paste(1, (0, 0, 100, 200))
    picture = shown(saved(source, "PNG", transparency=b"\0\xff"), SourceFormat.PNG, EXACT)
    assert [at(picture, x, 50)[3] for x in (20, 80)] == [255, 0]
    assert at(picture, 20, 50)[:3] == (0, 255, 0)


@pytest.mark.parametrize(("mode", "colour"), [("L", 7), ("RGB", (7, 7, 7))], ids=["grey", "colours"])
def test_one_colour_that_stands_for_transparency_is_transparent(mode, colour):
    picture = shown(saved(flat(mode, colour), "PNG", transparency=colour), SourceFormat.PNG, EXACT)
    assert picture.convert("RGBA").getchannel("A").getextrema() == (0, 0)


def test_grey_stays_grey():
    assert shown(saved(arrow().convert("L"), "JPEG"), SourceFormat.JPEG).mode == "L"


def test_colours_of_a_gif_are_those_of_its_palette():
    assert corners(shown(saved(arrow().quantize(), "GIF"), SourceFormat.GIF, EXACT)) == [
        "red",
        "green",
        "blue",
        "white",
    ]
