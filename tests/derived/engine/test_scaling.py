"""Sizes: whatever the source's and the box's shapes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.derived.engine.scaling import cut, place, scaled
from chalicelib.derived.model import Fit, Kind, Transformation

SIDES = st.integers(1, 20_000)
SIZES = st.tuples(SIDES, SIDES)


def into(width: int, height: int, fit: Fit = Fit.INSIDE) -> Transformation:
    return Transformation("box", Kind.IMAGE, width, height, fit)


@pytest.mark.parametrize(
    ("source", "box", "size"),
    [
        ((4000, 3000), into(300, 300), (300, 225)),
        ((4000, 3000), into(300, 100_000), (300, 225)),
        ((4000, 3000), into(300, 300, Fit.COVER), (400, 300)),
        ((1, 5000), into(100, 100), (1, 100)),
        ((200, 100), into(300, 300), (200, 100)),
        ((200, 100), into(300, 300, Fit.COVER), (200, 100)),
    ],
    ids=["smaller", "a box without a floor", "covering", "a thread", "never larger", "never larger to cover"],
)
def test_sources_are_reduced_to(source, box, size):
    assert scaled(source, box) == size


@given(SIZES, SIZES, st.sampled_from(Fit))
def test_nothing_is_enlarged_and_nothing_vanishes(source, box, fit):
    width, height = scaled(source, into(box[0], box[1], fit))
    assert 1 <= width <= source[0]
    assert 1 <= height <= source[1]


@given(SIZES, SIZES)
def test_what_is_kept_inside_fits_its_box_and_touches_it_or_is_untouched(source, box):
    size = scaled(source, into(*box))
    assert size[0] <= box[0]
    assert size[1] <= box[1]
    assert size == source or size[0] == box[0] or size[1] == box[1]


@given(SIZES, SIZES)
def test_what_is_cut_lies_in_the_middle_of_the_picture_and_in_the_box(source, box):
    wanted = into(box[0], box[1], Fit.COVER)
    whole = scaled(source, wanted)
    left, upper, right, lower = cut(whole, wanted)
    assert 0 <= left < right <= whole[0]
    assert 0 <= upper < lower <= whole[1]
    assert right - left <= box[0]
    assert lower - upper <= box[1]
    assert abs((whole[0] - right) - left) <= 1
    assert abs((whole[1] - lower) - upper) <= 1


def test_a_source_smaller_than_what_it_should_cover_gets_the_boxs_shape():
    assert cut((200, 100), into(300, 300, Fit.COVER)) == (50, 0, 150, 100)


def test_a_padded_picture_is_in_the_middle():
    assert place((100, 50), into(100, 100, Fit.PAD)) == (0, 25)
