"""What moves: its first frame, or all of it."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from chalicelib.derived.engine.kinds import SourceFormat, sniff
from chalicelib.derived.engine.workshop import Limits
from chalicelib.derived.model import Animation, Fit, Format
from tests.derived.engine.samples import SMALL, arrow, at, corners, nearest, photo, refused, rendered, saved, shown

MOVING = replace(SMALL, format=Format.WEBP, animation=Animation.KEEP)
COLOURS = ("red", "lime", "blue")


def moving(format_: str, **options: object) -> bytes:
    frames = [Image.new("RGB", (200, 100), colour) for colour in COLOURS]
    defaults: dict[str, object] = {"save_all": True, "append_images": frames[1:], "duration": [100, 200, 300]}
    return saved(frames[0], format_, **(defaults | options))


def frames_of(body: bytes) -> list[tuple[str, int]]:
    image = Image.open(io.BytesIO(body))
    found = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        image.load()
        found.append((nearest(at(image.convert("RGB"), 20, 20)), int(image.info["duration"])))
    return found


def kept(body: bytes, wanted=MOVING) -> bytes:
    return rendered(body, sniff(body) or SourceFormat.GIF, wanted)[0].body


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "AVIF"])
def test_every_frame_is_kept_with_its_time(format_):
    made = kept(moving(format_))
    assert frames_of(made) == [("red", 100), ("green", 200), ("blue", 300)]
    assert Image.open(io.BytesIO(made)).size == (100, 50)


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("wanted", [SMALL, replace(MOVING, format=Format.AVIF), replace(SMALL, format=Format.WEBP)])
def test_of_what_moves_the_first_frame_is_taken_where_nothing_else_is_wanted_or_can_be(format_, wanted):
    body = moving(format_)
    picture = shown(body, sniff(body) or SourceFormat.GIF, wanted)
    assert corners(picture) == ["red"] * 4
    assert getattr(picture, "n_frames", 1) == 1


@pytest.mark.parametrize(
    ("said", "loops"), [({}, 1), ({"loop": 0}, 0), ({"loop": 3}, 4)], ids=["once", "for ever", "repeated three times"]
)
def test_a_gif_is_shown_as_often_as_it_says(said, loops):
    assert Image.open(io.BytesIO(kept(moving("GIF", **said)))).info["loop"] == loops


def test_a_gif_that_names_no_time_is_as_slow_as_browsers_make_it():
    assert [time for _, time in frames_of(kept(moving("GIF", duration=0)))] == [100, 100, 100]


def test_frames_that_change_a_part_are_seen_whole():
    second = Image.new("RGB", (200, 100), "red")
    second.paste("lime", (150, 0, 200, 100))
    body = moving("GIF", append_images=[second], duration=100)
    image = Image.open(io.BytesIO(kept(body)))
    image.seek(1)
    assert [nearest(at(image.convert("RGB"), x, 20)) for x in (20, 90)] == ["red", "green"]


def test_the_picture_before_an_animated_png_is_not_part_of_it():
    frames = [Image.new("RGB", (200, 100), colour) for colour in COLOURS]
    body = saved(frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=True, duration=100)
    assert [colour for colour, _ in frames_of(kept(body))] == ["green", "blue"]
    assert corners(shown(body, SourceFormat.PNG)) == ["red"] * 4


@pytest.mark.parametrize("fit", Fit)
def test_what_moves_comes_into_its_box_like_what_does_not(fit):
    size = {Fit.INSIDE: (100, 50), Fit.COVER: (100, 100), Fit.PAD: (100, 100)}[fit]
    assert Image.open(io.BytesIO(kept(moving("GIF"), replace(MOVING, fit=fit)))).size == size


def test_what_moves_and_what_does_not_are_made_of_the_same_source():
    both = rendered(moving("GIF"), SourceFormat.GIF, MOVING, replace(SMALL, name="still"))
    assert len(frames_of(both[0].body)) == 3
    assert both[1].body.startswith(b"\xff\xd8")


def test_a_photograph_does_not_begin_to_move():
    assert getattr(shown(photo(), SourceFormat.JPEG, MOVING), "n_frames", 1) == 1
    assert corners(shown(saved(arrow(), "GIF"), SourceFormat.GIF, MOVING)) == ["red", "green", "blue", "white"]


def test_more_frames_than_there_is_memory_for_are_refused():
    frames = [Image.new("L", (400, 400), index) for index in range(200)]
    body = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    limits = Limits(memory=20_000_000, seconds=20, source_bytes=10_000_000)
    reason = refused(body, SourceFormat.GIF, replace(MOVING, width=400, height=400), limits)
    assert reason.startswith("has more than 1")
    assert "frames of 400 x 400 pixels" in reason
