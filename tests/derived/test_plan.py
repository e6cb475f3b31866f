"""What is planned for each state of a derived object, and what holds for every plan."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.derived import job
from chalicelib.derived.job import Task
from chalicelib.derived.model import (
    Child,
    DerivedKey,
    Entombed,
    Foreign,
    Kind,
    Lost,
    Missing,
    Present,
    Source,
    Stamp,
    State,
    Transformation,
)
from chalicelib.derived.plan import Delete, Leave, Make, plan
from tests.derived.fakes import CAT, LARGE, POSTER, THUMB, FakeS3, etag, stamp, workplace

NOW, BEFORE = b"image 2", b"image 1"
SOURCE = Source(CAT, etag(NOW), 7)
RIGHT, OLDER = stamp(NOW), stamp(BEFORE)
OTHERWISE = replace(RIGHT, digest=replace(THUMB, quality=81).digest)
UNKNOWN = replace(RIGHT, engine="another 2")
GONE = "its source is gone"


def child(state: State, maker: Transformation | None = THUMB) -> Child:
    return Child((maker or THUMB).of(CAT), maker, state)


@pytest.mark.parametrize(
    ("state", "change", "because"),
    [
        pytest.param(Missing(), Make, "it is missing", id="what is missing is made"),
        pytest.param(Lost(), Make, "S3 has lost it", id="what is lost is made again"),
        pytest.param(Present(RIGHT), None, "", id="what is right is not touched"),
        pytest.param(Present(UNKNOWN), None, "", id="a new library makes nothing stale"),
        pytest.param(Present(OLDER), Make, "its source has changed", id="what is of older contents is made anew"),
        pytest.param(Present(OTHERWISE), Make, "the definition of thumb has changed", id="a definition has changed"),
        pytest.param(Foreign(), Leave, "an object that is not ours has its key", id="what is not ours is left alone"),
        pytest.param(Entombed(RIGHT, "x"), Leave, "it cannot be made: x", id="what cannot be made is not tried again"),
        pytest.param(Entombed(OLDER, "x"), Make, "its source has changed", id="a changed source is tried again"),
        pytest.param(Entombed(OTHERWISE, "x"), Make, "the definition of thumb", id="a changed definition is tried"),
    ],
)
def test_with_a_source(state: State, change: type | None, because: str):
    planned = plan(SOURCE, [child(state)])
    assert [type(each) for each in planned] == ([change] if change else [])
    assert all(each.because.startswith(because) for each in planned)


@pytest.mark.parametrize(
    ("state", "change", "kept"),
    [
        pytest.param(Missing(), None, None, id="what is missing stays away"),
        pytest.param(Lost(), Delete, Delete, id="what is lost is taken away"),
        pytest.param(Present(RIGHT), Delete, Leave, id="what is there goes, unless it outlives its source"),
        pytest.param(Entombed(RIGHT, "x"), Delete, Delete, id="a tombstone goes"),
        pytest.param(Foreign(), Leave, Leave, id="what is not ours stays"),
    ],
)
@pytest.mark.parametrize("maker", [THUMB, None], ids=["defined", "defined no more"])
def test_without_a_source(state: State, change: type | None, kept: type | None, maker: Transformation | None):
    orphan = [child(state, maker)]
    assert [type(each) for each in plan(None, orphan)] == ([change] if change else [])
    assert [type(each) for each in plan(None, orphan, keeps_orphans=True)] == ([kept] if kept else [])


def test_what_nothing_defined_makes_is_left_alone_and_named():
    planned = plan(SOURCE, [child(Present(RIGHT), None)])
    assert [(type(each), each.because) for each in planned] == [
        (Leave, "no transformation is defined that makes thumb.jpg")
    ]


STAMPS = st.builds(Stamp, st.sampled_from([RIGHT.source_etag, OLDER.source_etag]), st.sampled_from(["x", THUMB.digest]))
STATES: st.SearchStrategy[State] = st.one_of(
    st.just(Missing()),
    st.just(Lost()),
    st.just(Foreign()),
    st.builds(Present, STAMPS),
    st.builds(Entombed, STAMPS, st.just("x")),
)
MAKERS = st.sampled_from([THUMB, LARGE, POSTER, None])
CHILDREN = st.lists(st.builds(child, STATES, MAKERS))
SOURCES = st.none() | st.builds(Source, st.just(CAT), st.text(), st.integers(0), st.booleans()) | st.just(SOURCE)


@given(SOURCES, CHILDREN, st.booleans())
def test_every_plan_has_one_change_for_a_child_at_the_most_and_a_because_for_each(
    source: Source | None, children: list[Child], keeps: bool
):
    changes = plan(source, children, keeps_orphans=keeps)
    left = list(children)
    for change in changes:
        left.remove(change.child)
        assert change.because
        assert not isinstance(change, Delete) or source is None or source.is_derived
        assert not isinstance(change, Make) or (source and not source.is_derived)


@given(SOURCES, st.lists(MAKERS), st.booleans())
def test_what_is_not_ours_is_never_touched(source: Source | None, makers: list[Transformation | None], keeps: bool):
    changes = plan(source, [child(Foreign(), maker) for maker in makers], keeps_orphans=keeps)
    assert [type(change) for change in changes] == [Leave] * len(makers)


@given(STATES, MAKERS)
def test_a_derived_object_is_nobodys_source(state: State, maker: Transformation | None):
    (change,) = plan(replace(SOURCE, is_derived=True), [child(state, maker)])
    is_ours = not isinstance(state, Missing | Foreign)
    assert (type(change), change.because) == (Delete if is_ours else Leave, "its source is a derived object itself")


CONTENTS = st.sampled_from([None, NOW, BEFORE, b"video 1", b"image 1 is broken", b"noise"])
STORED = st.dictionaries(
    st.sampled_from([key for each in (THUMB, LARGE, POSTER) for key in (each.of(CAT), each.of(CAT).tombstone)]),
    st.sampled_from(["lost", "foreign", "older", "right", "otherwise"]),
)


def world(contents: bytes | None, stored: dict[DerivedKey, str]) -> FakeS3:
    s3 = FakeS3({} if contents is None else {CAT: contents})
    stamps = {"older": OLDER, "right": RIGHT, "otherwise": OTHERWISE}
    for key, what in stored.items():
        if made := stamps.get(what):
            s3.stored[key] = Entombed(made, "x") if key.is_tombstone else Present(made)
        else:
            s3.stored[key] = Lost() if what == "lost" else Foreign()
    return s3


@given(CONTENTS, STORED, st.sets(st.sampled_from([THUMB, LARGE, POSTER])), st.booleans(), st.booleans())
def test_after_it_is_carried_out_there_is_nothing_left_to_do(
    contents: bytes | None, stored: dict[DerivedKey, str], wanted: set[Transformation], whole: bool, keeps: bool
):
    s3 = world(contents, stored)
    place, task = workplace(s3, keeps_orphans=keeps), Task(CAT, tuple(wanted), whole)
    job.put_right(place, task)
    again = plan(s3.look(CAT), job.look(place, task), keeps_orphans=keeps)
    kind = place.engine.kind(contents) if contents else None
    assert [change for change in again if not isinstance(change, Leave) and not _is_no_fit(change, kind)] == []
    before = dict(s3.stored)
    job.put_right(place, task)
    assert s3.stored == before


def _is_no_fit(change: Make | Delete, kind: Kind | None) -> bool:
    """Say whether the source is of another kind."""
    return isinstance(change, Make) and change.transformation.kind != kind


@given(CONTENTS, STORED, st.sets(st.sampled_from([THUMB, LARGE, POSTER])), st.booleans())
def test_what_is_not_ours_is_the_same_afterwards(
    contents: bytes | None, stored: dict[DerivedKey, str], wanted: set[Transformation], whole: bool
):
    s3 = world(contents, {key: what for key, what in stored.items() if what != "foreign" or not key.is_tombstone})
    foreign = {key for key, state in s3.stored.items() if isinstance(state, Foreign)}
    job.put_right(workplace(s3), Task(CAT, tuple(wanted), whole))
    assert {key for key, state in s3.stored.items() if isinstance(state, Foreign)} == foreign
