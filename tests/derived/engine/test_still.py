"""Stills of videos."""

import io
from dataclasses import replace
from fractions import Fraction

import av
import pytest
from PIL import Image

from chalicelib.derived.engine.kinds import SourceFormat, sniff
from chalicelib.derived.engine.ranges import BLOCK, Ranges
from chalicelib.derived.engine.workshop import Limits, Picture, render
from chalicelib.derived.model import Fit, Kind, Transformation
from tests.derived.engine.samples import (
    LIMITS,
    Bytes,
    arrow,
    at,
    box,
    corners,
    distance,
    nearest,
    refused,
    rendered,
    saved,
    seen,
    shown,
)
from tests.derived.engine.videos import four_seconds, turned, video

STILL = Transformation("still", Kind.VIDEO_STILL, 100, 100)
CODECS = [
    ("mp4", "libx264"),
    ("mov", "libx264"),
    ("mp4", "mpeg4"),
    ("mp4", "libsvtav1"),
    ("matroska", "libx264"),
    ("webm", "libvpx-vp9"),
    ("webm", "libvpx"),
]


def colour_at(body: bytes, *seconds: float) -> list[str]:
    wanted = [replace(STILL, name=str(second), second=second) for second in seconds]
    made = rendered(body, sniff(body) or SourceFormat.MP4, *wanted)
    return [nearest(at(seen(picture), 50, 30)) for picture in made]


def with_data(body: bytes, length: int) -> bytes:
    """Return an MP4 that has as much data again at its end, that nobody needs to read."""
    return body + box(b"free", bytes(length))


@pytest.mark.parametrize(("container", "codec"), CODECS, ids=[" ".join(pair) for pair in CODECS])
def test_a_still_is_the_key_frame_at_or_before_its_second(container, codec):
    body = four_seconds(container, codec)
    assert colour_at(body, 0, 1.2, 2.9, 3.0) == ["red", "green", "blue", "white"]


def test_of_a_second_beyond_the_end_the_last_key_frame_is_taken():
    assert colour_at(four_seconds(), 60) == ["white"]
    assert colour_at(four_seconds("matroska"), 60) == ["white"]


@pytest.mark.parametrize(
    ("matrix", "quarters"),
    [
        ((1, 0, 0, 1), ["red", "green", "blue", "white"]),
        ((0, 1, -1, 0), ["blue", "red", "white", "green"]),
        ((-1, 0, 0, -1), ["white", "blue", "green", "red"]),
        ((0, -1, 1, 0), ["green", "white", "red", "blue"]),
        ((-1, 0, 0, 1), ["green", "red", "white", "blue"]),
    ],
    ids=["upright", "a quarter to the right", "on its head", "a quarter to the left", "mirrored"],
)
def test_footage_is_shown_as_it_was_held(matrix, quarters):
    still = shown(turned(matrix), SourceFormat.MP4, STILL)
    assert corners(still) == quarters
    assert still.size == ((75, 100) if matrix[0] == 0 else (100, 75))


@pytest.mark.parametrize(
    ("aspect", "size"), [(Fraction(2), (100, 37)), (Fraction(1, 2), (67, 100)), (Fraction(500), (100, 75))]
)
def test_pixels_that_are_not_square_are_shown_in_their_shape(aspect, size):
    def stretch(stream):
        stream.codec_context.sample_aspect_ratio = aspect

    still = shown(video([arrow()] * 4, prepare=stretch), SourceFormat.MP4, STILL)
    assert distance(still.size, size) <= 1


def encoded_colours(matrix: int, range_: int, transfer: int = 2, size: tuple[int, int] = (160, 120)) -> bytes:
    """Return a video of one orange, converted by the matrix and the range that it names."""
    names = {1: "itu709", 5: "itu601", 9: "bt2020"}

    def convert(frame):
        made = frame.reformat(format="yuv420p", dst_colorspace=names[matrix], dst_color_range=range_)
        made.colorspace, made.color_range, made.color_trc = matrix, range_, transfer
        return made

    def prepare(stream):
        context = stream.codec_context
        context.colorspace, context.color_range, context.color_trc = matrix, range_, transfer

    return video([Image.new("RGB", size, (220, 120, 40))] * 4, convert=convert, prepare=prepare)


@pytest.mark.parametrize("range_", [1, 2], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [1, 5, 9], ids=["BT.709", "BT.601", "BT.2020"])
def test_colours_are_those_of_the_footages_own_matrix_and_range(matrix, range_):
    still = shown(encoded_colours(matrix, range_), SourceFormat.MP4, STILL)
    assert distance(at(still, 50, 30), (220, 120, 40)) <= 6


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
def test_high_dynamic_range_is_pressed_into_what_a_screen_shows(transfer):
    def prepare(stream):
        context = stream.codec_context
        context.colorspace, context.color_trc, context.color_primaries = 9, transfer, 9

    steps = Image.linear_gradient("L").resize((160, 120)).convert("RGB")
    still = shown(video([steps] * 4, prepare=prepare), SourceFormat.MP4, STILL).convert("L")
    values = [at(still, 50, y)[0] for y in range(0, still.height, 5)]
    assert values == sorted(values)
    assert values[0] < 10
    assert values[-1] > 225
    paper = at(still, 50, round(still.height * (0.58 if transfer == 16 else 0.75)))[0]
    assert 170 <= paper <= 235


def test_cover_art_is_not_the_video():
    assert refused(with_cover(video_too=False), SourceFormat.MP4, STILL) == "has no video in it"
    assert corners(shown(with_cover(video_too=True), SourceFormat.MP4, STILL)) == ["red"] * 4


def with_cover(*, video_too: bool) -> bytes:
    """Return an MP4 with a green cover, and with a red video beside it or with none."""
    body = four_seconds() if video_too else silence()
    cover = box(b"covr", box(b"data", (13).to_bytes(4), bytes(4), saved(Image.new("RGB", (64, 64), "lime"), "JPEG")))
    handler = box(b"hdlr", bytes(8), b"mdirappl", bytes(9))
    meta = box(b"udta", box(b"meta", bytes(4), handler, box(b"ilst", cover)))
    at_ = body.index(b"moov") - 4
    length = int.from_bytes(body[at_ : at_ + 4])
    return body[:at_] + (length + len(meta)).to_bytes(4) + body[at_ + 4 : at_ + length] + meta + body[at_ + length :]


def silence() -> bytes:
    """Return an MP4 that has sound alone."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=44_100)
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate = 44_100
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def test_sound_alone_has_no_still():
    assert refused(silence(), SourceFormat.MP4, STILL) == "has no video in it"


def test_no_file_is_read_that_a_video_refers_to(tmp_path):
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(four_seconds())
    body = referring(four_seconds(), str(secret).encode())
    outcome = render(Bytes(body), SourceFormat.MP4, [STILL], LIMITS)["still"]
    assert not isinstance(outcome, Picture)


def referring(body: bytes, path: bytes) -> bytes:
    """Return an MP4 whose samples are said to be in another file, and which has none itself."""
    old = box(b"dref", bytes(4), (1).to_bytes(4), box(b"url ", b"\0\0\0\1"))
    new = box(b"dref", bytes(4), (1).to_bytes(4), box(b"url ", bytes(4), b"file://" + path + b"\0"))
    assert old in body
    more = len(new) - len(old)
    for name in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        place = body.index(name) - 4
        length = int.from_bytes(body[place : place + 4])
        body = body[:place] + (length + more).to_bytes(4) + body[place + 4 :]
    body = body.replace(old, new)
    data = body.index(b"mdat")
    length = int.from_bytes(body[data - 4 : data])
    return body[: data + 4] + bytes(length - 8) + body[data - 4 + length :]


@pytest.mark.parametrize(
    "script",
    [b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", b"ffconcat version 1.0\nfile /etc/hostname\n"],
    ids=["a playlist", "a list of files"],
)
def test_a_script_that_is_named_a_video_is_no_video(script):
    for format_ in (SourceFormat.MP4, SourceFormat.MKV, SourceFormat.WEBM):
        assert "cannot be decoded" in refused(script, format_, STILL)


def test_of_a_long_video_a_few_blocks_are_read():
    body = with_data(four_seconds(), 30 * BLOCK)
    source = Bytes(body)
    made = render(source, SourceFormat.MP4, [replace(STILL, second=2)], LIMITS)["still"]
    assert isinstance(made, Picture)
    assert len(source.ranges) <= 3
    assert sum(length for _, length in source.ranges) <= 3 * BLOCK


def test_an_index_at_the_end_is_found_without_reading_what_is_between():
    body = four_seconds()
    movie = body.index(b"moov") - 4
    source = Bytes(body[:movie] + box(b"free", bytes(30 * BLOCK)) + body[movie:])
    made = render(source, SourceFormat.MP4, [replace(STILL, second=2)], LIMITS)["still"]
    assert isinstance(made, Picture)
    assert nearest(at(seen(made), 50, 30)) == "blue"
    assert len(source.ranges) <= 4


def test_stills_of_many_seconds_and_sizes_open_the_video_once():
    source = Bytes(four_seconds())
    wanted = [
        replace(STILL, name=f"{second}-{side}", second=second, width=side, height=side, fit=Fit.COVER)
        for second in range(4)
        for side in (80, 20)
    ]
    made = render(source, SourceFormat.MP4, wanted, LIMITS)
    assert [nearest(at(seen(made[f"{second}-20"]), 10, 10)) for second in range(4)] == [  # type: ignore[arg-type]
        "red",
        "green",
        "blue",
        "white",
    ]
    assert len(source.ranges) == 1


def test_a_video_larger_than_memory_allows_is_refused():
    limits = Limits(memory=40_100_000, seconds=20, source_bytes=1)
    assert "pixels of video" in refused(four_seconds(), SourceFormat.MP4, STILL, limits)


def test_a_video_may_be_larger_than_what_is_read_whole():
    limits = replace(LIMITS, source_bytes=10)
    assert isinstance(render(Bytes(four_seconds()), SourceFormat.MP4, [STILL], limits)["still"], Picture)


def test_ranges_are_a_file():
    source = Bytes(bytes(range(256)) * (3 * BLOCK // 256) + b"end")
    file = Ranges(source.read_range, source.size)
    assert file.seek(-3, 2) == 3 * BLOCK
    assert file.read() == b"end"
    assert file.read(5) == b""
    file.seek(BLOCK - 2)
    assert file.read(4) == b"\xfe\xff\0\1"
    assert file.tell() == BLOCK + 2
    assert [start for start, _ in source.ranges] == [3 * BLOCK, 0, BLOCK]
    assert file.seek(BLOCK) == BLOCK
    assert file.read(1) == b"\0"
    assert len(source.ranges) == 3
