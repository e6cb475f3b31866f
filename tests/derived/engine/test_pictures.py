"""Pictures of images: upright, of the right size, sharp, and silent about everything else."""

import io
import math
import re
from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from chalicelib.derived.engine.decode import master
from chalicelib.derived.engine.kinds import SourceFormat, sniff
from chalicelib.derived.engine.workshop import Picture, Unrenderable, render
from chalicelib.derived.model import Fit, Format, Kind, Transformation
from tests.derived.engine.samples import (
    LIMITS,
    SMALL,
    Bytes,
    arrow,
    at,
    box,
    corners,
    distance,
    photo,
    refused,
    rendered,
    saved,
    seen,
    shown,
)
from tests.derived.engine.videos import heic

TURNS = {1: [], 2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}  # how to make what EXIF's orientation undoes
UPRIGHT = ["red", "green", "blue", "white"]


def lying(orientation: int) -> Image.Image:
    image = arrow()
    for turn in TURNS[orientation]:
        image = image.transpose(Image.Transpose(turn))
    return image


def exif(orientation: int | bytes, **others: object) -> bytes:
    said = Image.Exif()
    said[0x0112] = orientation
    said.update({int(tag, 16): value for tag, value in others.items()})
    return said.tobytes()


def big_photo(width: int = 2048, height: int = 2400) -> Image.Image:
    return Image.open(io.BytesIO(photo())).resize((width, height), Image.Resampling.LANCZOS)


def psnr(one: Image.Image, other: Image.Image) -> float:
    squares = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).sum2
    error = sum(squares) / (3 * one.width * one.height)
    return 99 if not error else 10 * math.log10(255**2 / error)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("orientation", TURNS)
def test_a_lying_picture_is_put_upright(format_, orientation):
    body = saved(lying(orientation), format_, exif=exif(orientation))
    picture = shown(body, sniff(body) or SourceFormat.JPEG)
    assert corners(picture) == UPRIGHT
    assert picture.size == (100, 75)
    assert 0x0112 not in picture.getexif()


def test_a_heic_is_turned_once_by_its_own_property_whatever_exif_says():
    picture = shown(heic(box(b"irot", b"\3")), SourceFormat.HEIC)
    assert corners(picture) == ["blue", "red", "white", "green"]
    assert picture.size == (75, 100)
    assert corners(shown(heic(), SourceFormat.HEIC)) == UPRIGHT


def test_an_avif_is_turned_by_its_own_property():
    body = bytearray(saved(lying(6), "AVIF", exif=exif(6)))
    assert b"irot" in body
    assert corners(shown(bytes(body), SourceFormat.AVIF)) == UPRIGHT


@pytest.mark.parametrize(
    "broken",
    [b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0", b"Exif\0\0" + b"\xff" * 60, exif(9), exif(0)],
    ids=["an offset beyond", "nothing", "noise", "nine", "zero"],
)
def test_broken_exif_is_no_reason_to_refuse_a_picture(broken):
    assert corners(shown(saved(arrow(), "JPEG", exif=broken), SourceFormat.JPEG)) == UPRIGHT


@pytest.mark.parametrize("size", [(300, 300), (300, 100_000), (100_000, 300), (512, 600), (1000, 1000)])
def test_a_picture_keeps_its_shape_and_is_never_enlarged(size):
    picture = shown(photo(), SourceFormat.JPEG, replace(SMALL, width=size[0], height=size[1]))
    assert picture.width <= min(512, size[0])
    assert picture.height <= min(600, size[1])
    assert picture.width / picture.height == pytest.approx(512 / 600, abs=0.005)


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_a_thread_becomes_a_thread_of_one_pixel(format_):
    body = saved(Image.new("RGB", (1, 5000), "red"), format_)
    assert shown(body, sniff(body) or SourceFormat.PNG).size == (1, 100)


def test_cover_fills_the_box_from_the_middle():
    source = Image.new("RGB", (300, 100), "red")
    source.paste("lime", (100, 0, 200, 100))
    picture = shown(saved(source, "PNG"), SourceFormat.PNG, replace(SMALL, width=50, height=50, fit=Fit.COVER))
    assert picture.size == (50, 50)
    assert corners(picture) == ["green"] * 4


def test_cover_of_a_smaller_source_has_the_boxs_shape():
    wanted = replace(SMALL, width=400, height=400, fit=Fit.COVER)
    assert shown(saved(arrow(), "PNG"), SourceFormat.PNG, wanted).size == (120, 120)


def test_pad_keeps_the_picture_whole_in_a_box_of_the_background():
    wanted = replace(SMALL, width=200, height=300, fit=Fit.PAD, background="#0000ff", format=Format.PNG)
    picture = shown(saved(Image.new("RGB", (100, 50), "red"), "PNG"), SourceFormat.PNG, wanted)
    assert picture.size == (200, 300)
    assert sorted(picture.getcolors() or []) == [(5000, (255, 0, 0)), (200 * 300 - 5000, (0, 0, 255))]


@pytest.mark.parametrize("format_", [Format.PNG, Format.WEBP, Format.AVIF])
def test_transparency_is_kept_where_the_format_has_it(format_):
    source = Image.new("RGBA", (200, 200), (255, 0, 0, 0))
    source.paste((0, 255, 0, 255), (0, 0, 100, 200))
    picture = shown(saved(source, "PNG"), SourceFormat.PNG, replace(SMALL, format=format_))
    assert picture.mode == "RGBA"
    assert [at(picture, x, 50)[3] for x in (20, 80)] == [255, 0]


def test_transparency_becomes_the_background_in_a_jpeg():
    body = saved(Image.new("RGBA", (200, 200), (255, 0, 0, 0)), "PNG")
    picture = shown(body, SourceFormat.PNG, replace(SMALL, background="#00ff00"))
    assert corners(picture) == ["green"] * 4


def test_no_fringes_come_from_the_colour_of_transparent_pixels():
    source = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    for x in range(0, 400, 8):
        source.paste((255, 255, 255, 255), (x, 0, x + 4, 400))
    picture = shown(saved(source, "PNG"), SourceFormat.PNG, replace(SMALL, format=Format.PNG))
    assert min(picture.convert("RGB").getextrema()) == (255, 255)


def test_every_size_from_one_decoding_looks_as_if_decoded_for_it_alone():
    source = big_photo()
    sizes = [1200, 800, 500, 400, 150, 90]
    wanted = [Transformation(f"s{side}", Kind.IMAGE, side, side, format=Format.PNG) for side in sizes]
    for side, picture in zip(
        sizes, rendered(saved(source, "JPEG", quality=95), SourceFormat.JPEG, *wanted), strict=True
    ):
        whole = source.resize((picture.width, picture.height), Image.Resampling.LANCZOS)
        assert psnr(seen(picture), whole) > 36, side


def test_the_same_source_gives_the_same_bytes():
    wanted = [replace(SMALL, name=f"{one.value}-{fit.value}", format=one, fit=fit) for one in Format for fit in Fit]
    assert (
        rendered(photo(), SourceFormat.JPEG, *wanted) == rendered(photo(), SourceFormat.JPEG, *reversed(wanted))[::-1]
    )


@pytest.mark.parametrize("format_", Format)
def test_a_picture_says_nothing_of_where_and_by_whom_it_was_taken(format_):
    position = {2: (52.0, 31.0, 0.0)}
    said = Image.Exif()
    said.update({0x010F: "Maker", 0x8298: "Somebody", 0x8825: position})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    body = saved(arrow(), "JPEG", exif=said.tobytes(), comment=b"Remark", icc_profile=profile, xmp=b"<x:xmpmeta>Place")
    made = rendered(body, SourceFormat.JPEG, replace(SMALL, format=format_))[0].body
    assert not [word for word in (b"Maker", b"Somebody", b"Remark", b"Place", b"acsp", b"xmp") if word in made]
    assert not dict(Image.open(io.BytesIO(made)).getexif())


@pytest.mark.parametrize("format_", Format)
def test_copyright_and_artist_are_kept_on_request_and_nothing_else(format_):
    said = Image.Exif()
    said.update({0x010F: "Maker", 0x8298: "© Søren".encode(), 0x013B: "Ada", 0x0112: 1})
    body = saved(arrow(), "JPEG", exif=said.tobytes())
    kept = dict(shown(body, SourceFormat.JPEG, replace(SMALL, format=format_, keep_copyright=True)).getexif())
    assert {tag: text.encode("latin-1").decode() for tag, text in kept.items()} == {0x8298: "© Søren", 0x013B: "Ada"}


@pytest.mark.parametrize("compression", ["tiff_lzw", "jpeg", "tiff_deflate", "group4", "raw"])
def test_tiffs_are_read_whatever_they_are_packed_with(compression):
    source = arrow().convert("1") if compression == "group4" else arrow()
    picture = shown(saved(source, "TIFF", compression=compression), SourceFormat.TIFF)
    assert distance(at(picture.convert("RGB"), 75, 60), (255, 255, 255)) < 16


def test_of_many_pages_of_a_tiff_the_first_is_taken():
    body = saved(Image.new("RGB", (50, 50), "red"), "TIFF", save_all=True, append_images=[Image.new("RGB", (50, 50))])
    assert corners(shown(body, SourceFormat.TIFF)) == ["red"] * 4


def test_of_a_camera_with_two_pictures_in_a_file_the_first_is_taken():
    body = saved(arrow(), "MPO", save_all=True, append_images=[Image.new("RGB", (160, 120))])
    assert sniff(body) is SourceFormat.JPEG
    assert corners(shown(body, SourceFormat.JPEG)) == UPRIGHT


@pytest.mark.parametrize("format_", Format)
def test_lower_quality_makes_smaller_files_but_for_png(format_):
    wanted = [replace(SMALL, name=str(quality), format=format_, quality=quality) for quality in (30, 90)]
    low, high = rendered(photo(), SourceFormat.JPEG, *wanted)
    assert len(low.body) == len(high.body) if format_ is Format.PNG else len(low.body) < len(high.body)


def test_a_transformation_of_another_kind_is_answered_with_the_reason():
    page = Transformation("page", Kind.PDF_PAGE, 10, 10)
    outcomes = render(Bytes(photo()), SourceFormat.JPEG, [SMALL, page], LIMITS)
    assert outcomes["page"] == Unrenderable("is JPEG, of which no pdf-page can be made")
    assert isinstance(outcomes["small"], Picture)


@pytest.mark.parametrize("side", [300, 100_000])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_no_larger_than_needed_whatever_the_boxs_shape(side, orientation):
    body = saved(big_photo(), "JPEG", exif=exif(orientation))
    made, real = master(body, SourceFormat.JPEG, [replace(SMALL, width=250, height=side)], LIMITS)
    assert real == ((2048, 2400) if orientation == 1 else (2400, 2048))
    assert made.image.width <= 2048 / 2


@pytest.mark.parametrize(
    ("format_", "mode", "options"),
    [
        ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "RGB", {"progressive": True, "subsampling": "4:4:4"}),
        ("PNG", "RGB", {"compress_level": 1}),
        ("PNG", "RGBA", {"compress_level": 1}),
        ("PNG", "P", {"transparency": 3}),
        ("WEBP", "RGB", {"method": 0}),
        ("AVIF", "RGB", {"speed": 10}),
        ("GIF", "L", {}),
        ("TIFF", "F", {}),
    ],
)
def test_what_is_promised_from_the_header_is_enough_memory(format_, mode, options):
    source = big_photo(2400, 2500).convert("L" if mode == "F" else "RGB").convert(mode)
    body = saved(source, format_, **options)
    known = sniff(body) or SourceFormat.JPEG
    promised = re.search(r"takes (\d+) MB", refused(body, known, limits=replace(LIMITS, memory=2_000_000)))
    assert promised
    enough = replace(LIMITS, memory=(int(promised[1]) + 3) * 1_000_000)
    assert isinstance(render(Bytes(body), known, [SMALL], enough)["small"], Picture)
