"""Whatever happens to a source meanwhile, and wherever a run breaks off: what is derived is of the last contents."""

from collections.abc import Callable

import pytest

from chalicelib.derived import job
from chalicelib.derived.job import Outcome, Task
from chalicelib.derived.model import Child, DerivedKey, Entombed, Foreign, Lost, Missing, Present, State
from chalicelib.derived.plan import Delete
from chalicelib.errors import TryAgain
from tests.derived.fakes import (
    BROKEN,
    CAT,
    DEFINITIONS,
    LARGE,
    POSTER,
    THUMB,
    FakeEngine,
    FakeS3,
    right,
    stamp,
    workplace,
)
from tests.racing import Actor, every_order, wait_for_turn

FIRST, LAST, BAD, BAD_LAST = b"image 1", b"image 2", b"image 1 is broken", b"image 2 is broken"
KEY = THUMB.of(CAT)
ONE = Task(CAT, (THUMB,))
WHOLE = Task(CAT, DEFINITIONS.wanted(CAT), whole_family=True)
STORED: dict[str, dict[DerivedKey, State]] = {
    "missing": {},
    "lost": {KEY: Lost()},
    "made": {KEY: Present(stamp(FIRST))},
    "entombed": {KEY.tombstone: Entombed(stamp(b"image 0"), "x")},
}
SHOWN: Callable[[object], str] = str


def world(contents: bytes | None, stored: dict[DerivedKey, State] | None = None) -> FakeS3:
    return FakeS3({} if contents is None else {CAT: contents}, dict(stored or {}))


def write(s3: FakeS3, contents: bytes | None) -> None:
    s3.sources.pop(CAT, None)
    if contents is not None:
        s3.sources[CAT] = contents


def settle(s3: FakeS3, task: Task = ONE) -> Outcome:
    return job.put_right(workplace(s3), task)


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("contents", [FIRST, BAD, None], ids=SHOWN)
@pytest.mark.parametrize("task", [ONE, WHOLE], ids=["one", "whole"])
def test_each_state_is_put_right(stored: str, contents: bytes | None, task: Task):
    s3 = world(contents, STORED[stored])
    settle(s3, task)
    assert s3.stored == right(contents)
    calls = len(s3.calls)
    assert not settle(s3, task).has_written
    assert len(s3.calls) - calls <= 4


def test_healing_is_one_look_one_read_one_write_and_one_look():
    s3 = world(FIRST, STORED["lost"])
    outcome = settle(s3)
    assert s3.calls == ["HEAD thumb.jpg", "GET source", "PUT thumb.jpg", "HEAD source"]
    assert s3.bodies[KEY] == b"thumb of image 1"
    assert [(make.because, outcome.not_made) for make in outcome.made] == [("S3 has lost it", {})]


def test_what_is_right_is_neither_read_nor_written():
    s3 = world(FIRST, STORED["made"])
    settle(s3)
    assert s3.calls == ["HEAD thumb.jpg", "HEAD source"]


def test_all_transformations_of_a_source_are_one_read_and_one_rendering():
    s3 = world(FIRST)
    place = workplace(s3)
    job.put_right(place, Task(CAT, (THUMB, LARGE)))
    assert s3.calls.count("GET source") == 1
    assert isinstance(place.engine, FakeEngine)
    assert place.engine.rendered == [("thumb", "large")]
    assert s3.stored == right(FIRST) | right(FIRST, LARGE)


def test_what_can_never_be_made_leaves_a_tombstone_with_the_reason_and_no_stale_picture():
    s3 = world(BAD, {KEY: Present(stamp(b"image 0"))})
    outcome = settle(s3)
    assert s3.stored == {KEY.tombstone: Entombed(stamp(BAD), BROKEN)}
    assert outcome.not_made == {"thumb": BROKEN}
    assert settle(s3).not_made == {"thumb": f"it cannot be made: {BROKEN}"}
    assert s3.calls.count("GET source") == 1, "it is not tried for ever"
    write(s3, LAST)
    assert settle(s3).not_made == {}
    assert s3.stored == right(LAST)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        pytest.param(b"video 1", "is of the kind video-still, and thumb is for the kind image", id="a video"),
        pytest.param(b"noise", "begins like no format that can be rendered: GET /formats lists them", id="noise"),
        pytest.param(b"", "begins like no format that can be rendered: GET /formats lists them", id="nothing"),
    ],
)
def test_what_does_not_fit_the_source_is_refused_with_a_reason_and_leaves_nothing_behind(contents: bytes, reason: str):
    s3 = world(contents)
    assert settle(s3).not_made == {"thumb": reason}
    assert s3.stored == {}
    older = world(contents, STORED["lost"])
    assert settle(older).not_made == {"thumb": reason}
    assert older.stored == {}
    whole = world(contents)
    settle(whole, WHOLE)
    assert set(whole.stored) == ({POSTER.of(CAT)} if contents.startswith(b"video") else set())


def test_what_a_rule_wants_of_other_sources_is_not_said_to_be_a_dry_run():
    assert settle(world(FIRST), WHOLE).not_made == {}


def test_a_dry_run_plans_and_changes_nothing():
    for contents in (FIRST, None):
        s3 = world(contents, STORED["lost"])
        outcome = job.put_right(workplace(s3, is_dry_run=True), ONE)
        assert (len(outcome.planned), s3.stored) == (1, STORED["lost"])
        assert list(outcome.not_made) == ["thumb"]


def test_all_that_was_ever_made_goes_with_its_source_whatever_is_defined_now():
    former = DerivedKey(CAT, "former", "png")
    neighbour = THUMB.of(f"{CAT}-2")
    s3 = world(None, {key: Present(stamp(FIRST)) for key in (KEY, LARGE.of(CAT), former, neighbour)})
    outcome = settle(s3, WHOLE)
    assert set(s3.stored) == {neighbour}
    assert {change.child.key.leaf for change in outcome.deleted} == {"thumb.jpg", "large.webp", "former.png"}
    assert settle(world(None), ONE).not_made == {"thumb": "its source is gone"}


def test_whoever_wants_to_keep_orphans_keeps_them():
    s3 = world(None, STORED["made"])
    job.put_right(workplace(s3, keeps_orphans=True), WHOLE)
    assert s3.stored == STORED["made"]


@pytest.mark.parametrize("contents", [None, BAD], ids=["its source is gone", "it cannot be made"])
def test_an_object_that_is_not_ours_under_a_tombstones_key_is_left_alone_where(contents: bytes | None):
    s3 = world(contents, {KEY: Lost(), KEY.tombstone: Foreign()})
    settle(s3)
    assert s3.stored[KEY.tombstone] == Foreign()


def test_a_source_that_never_stands_still_is_for_later():
    s3 = world(FIRST)
    s3.after = lambda: write(s3, b"image %d" % len(s3.calls))
    with pytest.raises(TryAgain, match="changes faster than it can be derived"):
        settle(s3)


@pytest.mark.parametrize("task", [ONE, WHOLE], ids=["one", "whole"])
@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("contents", [FIRST, BAD, None], ids=SHOWN)
def test_a_crash_after_each_call_is_mended_by_another_try(task: Task, stored: str, contents: bytes | None):
    crashes = 0
    while True:
        s3 = world(contents, STORED[stored])
        s3.after = lambda s3=s3, at=crashes: crash(s3, at)  # type: ignore[misc]
        try:
            settle(s3, task)
        except OSError:
            crashes += 1
        else:
            break
        s3.after = lambda: None
        settle(s3, task)
        assert s3.stored == right(contents), s3.calls
    assert crashes == len(s3.calls) >= 2


def crash(s3: FakeS3, at: int) -> None:
    if len(s3.calls) > at:
        raise OSError("the function was killed")


@pytest.mark.parametrize("task", [ONE, WHOLE], ids=["one", "whole"])
@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize(
    ("first", "last"),
    [(FIRST, LAST), (FIRST, BAD_LAST), (BAD, LAST), (BAD, BAD_LAST), (FIRST, None), (BAD, None), (None, LAST)],
    ids=SHOWN,
)
def test_two_runs_meet_in_every_order_while_the_source_changes(
    task: Task, stored: str, first: bytes | None, last: bytes | None
):
    """The first run was asked for before the change, the second by the change itself."""

    met = dict[Moment, tuple[int, ...]]()

    def run(choose: Callable[[int], int]) -> None:
        s3 = world(first, STORED[stored])
        s3.before = wait_for_turn
        runs, is_written, way = [Run(s3, task)], False, tuple[int, ...]()
        while runs or not is_written:
            moment = (snapshot(s3), *(tuple(run.seen) for run in runs))
            if met.setdefault(moment, way) != way:
                break
            way = (*way, at := choose(len(runs) + (not is_written)))
            if at == len(runs):
                write(s3, last)
                runs, is_written = [*runs, Run(s3, task)], True
            elif not runs[at].step():
                runs.pop(at)
        else:
            assert s3.stored == right(last), s3.calls
        for each in runs:
            each.abandon()

    assert every_order(run) > 20


type Snapshot = tuple[bytes | None, frozenset[tuple[DerivedKey, State]]]
type Moment = tuple[object, ...]


def snapshot(s3: FakeS3) -> Snapshot:
    return s3.sources.get(CAT), frozenset(s3.stored.items())


class Run(Actor):
    """A run of the job, which remembers what it has seen: two that have seen the same go on alike."""

    def __init__(self, s3: FakeS3, task: Task) -> None:
        super().__init__(lambda: settle(s3, task))
        self._s3, self.seen = s3, list[Snapshot]()

    def step(self) -> bool:
        self.seen.append(snapshot(self._s3))
        return super().step()


def test_planned_changes_say_what_was_there():
    s3 = world(None, STORED["lost"])
    assert settle(s3).planned == [Delete(Child(KEY, THUMB, Lost()), "its source is gone")]
    assert settle(s3).planned == []
    assert s3.state(KEY) == Missing()
