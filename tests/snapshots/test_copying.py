"""The job of copies brings to another region what is missing there, each once, whatever happens to it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache

import pytest

from chalicelib.errors import BadSettings, Refused, TryAgain, Unclear
from chalicelib.snapshots import copying
from chalicelib.snapshots.aws.journal import SETTLED_AFTER
from chalicelib.snapshots.copies import MOST_AT_ONCE
from chalicelib.snapshots.copying import Copied, CopyPlace
from chalicelib.snapshots.model import Snapshot
from tests.racing import every_order
from tests.snapshots.fakes import FakeJournal, FakeLease, FakeRegion, Line, Time, ended, meet
from tests.snapshots.worlds import HERE, THERE, days, defined, snapshot, volume

COPIED = """daily:
  schedules:
    daily: {at: '03:00', keep: {count: 7}}
  copy: {region: eu-central-1, keep: {daily: {count: 30}}}"""
read = cache(defined)


def sources(count: int) -> list[Snapshot]:
    """Return completed snapshots of so many days, the last one first."""
    slots = [f"daily/{day}" for day in days("2026-11-01", 26)[-count:]]
    return [snapshot(number, volume(1), slot) for number, slot in enumerate(reversed(slots))]


@dataclass
class Harbour:
    """Snapshots in one region, and the region that copies of them go to."""

    count: int = 3
    line: Line = field(default_factory=Line)

    def __post_init__(self) -> None:
        self.sources = sources(self.count)
        self.region = FakeRegion(self.line, THERE)
        self.journal = FakeJournal(self.line)
        self.lease = FakeLease(self.line)
        self.place = CopyPlace(self.region, self.lease.turn, self.journal)

    @property
    def time(self) -> Time:
        return self.line.time

    def run(self) -> Copied:
        return copying.run(self.place, HERE, self.sources, read(COPIED), self.time.clock)

    def preview(self) -> Copied:
        return copying.preview(self.place, HERE, self.sources, read(COPIED), self.time.now)

    def settle(self) -> None:
        """Run again and again, until all must have been settled; copies take four minutes."""
        for seconds in (30, 60, 60, 60, 60, 30, 120, 180, SETTLED_AFTER, 300):
            self.time.sleep(seconds)
            self.region.complete(self.time.now - timedelta(minutes=4))
            try:
                self.run()
            except TryAgain:
                continue

    def counts(self) -> dict[str, int]:
        copied = [each.label.copy_of for each in self.region.stored]
        return {each: copied.count(each) for each in copied}

    @property
    def once_each(self) -> dict[str, int]:
        return {each.id: 1 for each in self.sources}


def test_what_is_missing_is_copied_the_newest_first():
    harbour = Harbour()
    copied = harbour.run()
    assert [copy.source.id for copy in copied.came.landed] == [each.id for each in harbour.sources]
    assert harbour.counts() == harbour.once_each
    assert copied.is_complete
    assert (copied.origin, copied.region) == (HERE, THERE)


def test_copies_say_whose_and_since_when():
    harbour = Harbour(1)
    harbour.run()
    (made,) = harbour.region.stored
    (source,) = harbour.sources
    assert (made.label.copy_of, made.label.volume, made.label.taken) == (source.id, source.volume, source.taken)


def test_a_second_run_copies_nothing_whether_the_first_ones_copies_show_or_not():
    for shows_after in (0, 60):
        harbour = Harbour()
        harbour.region.shows_after = timedelta(seconds=shows_after)
        harbour.run()
        harbour.time.sleep(30)
        assert harbour.run().plan.copies == ()
        assert harbour.counts() == harbour.once_each


def test_a_preview_says_the_same_and_copies_nothing():
    harbour = Harbour()
    planned = harbour.preview()
    assert harbour.region.stored == []
    assert planned.plan == harbour.run().plan


def test_the_journal_is_read_after_the_look():
    """What another run has asked for between the two does not show yet: then the note of it must."""
    harbour = Harbour()
    harbour.preview()
    assert harbour.line.calls == ["destination", "journal asked"]


def test_no_more_are_begun_than_aws_makes_at_once_and_the_others_wait_for_their_turn():
    harbour = Harbour(25)
    copied = harbour.run()
    assert (len(copied.came.landed), copied.plan.waiting) == (MOST_AT_ONCE, 5)
    assert copied.is_complete, "every copy that had its turn was begun"
    harbour.time.sleep(60)
    assert harbour.run().plan.copies == ()
    harbour.region.complete()
    harbour.time.sleep(60)
    assert len(harbour.run().came.landed) == 5


def test_what_waits_for_its_turn_is_not_crowded_out_by_what_was_asked_for_and_does_not_show():
    harbour = Harbour(25)
    harbour.region.shows_after = timedelta(seconds=120)
    harbour.run()
    harbour.time.sleep(60)
    assert len(harbour.run().plan.copies) == 0, "twenty are on their way, though EC2 does not show them yet"
    assert max(harbour.counts().values()) == 1
    assert len(harbour.region.stored) == MOST_AT_ONCE


def test_one_that_is_refused_spoils_no_other():
    harbour = Harbour()
    harbour.line.errors = {"copy": [Refused("KMSKeyNotAccessibleFault")]}
    copied = harbour.run()
    assert [(copy.source.id, reason) for copy, reason in copied.came.refused] == [
        (harbour.sources[0].id, "KMSKeyNotAccessibleFault")
    ]
    assert not copied.is_complete
    assert len(harbour.region.stored) == 2


def test_a_region_that_cannot_be_read_gets_nothing():
    for error in (TryAgain("EC2 did not answer"), BadSettings("denied")):
        harbour = Harbour()
        harbour.line.errors = {"destination": [error]}
        with pytest.raises(type(error)):
            harbour.run()
        assert harbour.region.stored == []


def test_what_fails_is_tried_again_and_not_for_ever():
    harbour = Harbour(1)
    for _ in range(5):
        harbour.run()
        harbour.region.stored = [replace(each, state="error") for each in harbour.region.stored]
        harbour.time.sleep(SETTLED_AFTER + 1)
    assert len(harbour.region.stored) == 3
    assert "has failed 3 times" in harbour.run().plan.problems[0].reason


@pytest.mark.parametrize("shows_after", [0, 20, 290])
@pytest.mark.parametrize("lost", [0, 1, 2], ids=["no answer lost", "the first answer lost", "the second answer lost"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_each_call_leaves_each_copy_once(when: str, lost: int, shows_after: int):
    crashes = 0
    while True:
        harbour = Harbour()
        harbour.region.shows_after = timedelta(seconds=shows_after)
        harbour.line.errors = {"copy": [None, None, None]}
        if lost:
            harbour.line.errors["copy"][lost - 1] = Unclear("no answer")
        if ended(harbour.line, harbour.run, crashes, when):
            break
        harbour.settle()
        assert harbour.counts() == harbour.once_each, harbour.line.calls
        crashes += 1
    assert crashes >= 7


@pytest.mark.parametrize("shows_after", [0, 60])
def test_two_runs_at_once_copy_each_once_in_any_order(shows_after: int):
    def run(choose: Callable[[int], int]) -> None:
        harbour = Harbour(1)
        harbour.region.shows_after = timedelta(seconds=shows_after)
        meet(harbour.line, harbour.run, choose)
        assert harbour.counts() == harbour.once_each, harbour.line.calls

    assert every_order(run) > 5
