"""Snapshots as a whole: one region that fails spoils none of the others, and all that was done is told."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Barrier

import pytest

from chalicelib.errors import BadSettings, GroundskeeperError, Refused, TryAgain, UnsafePlan
from chalicelib.snapshots.aws.journal import SETTLED_AFTER
from chalicelib.snapshots.copying import CopyPlace
from chalicelib.snapshots.coverage import Status
from chalicelib.snapshots.hooks import Freezer
from chalicelib.snapshots.job import Workplace
from chalicelib.snapshots.policies import Policies
from chalicelib.snapshots.retiring import RetirePlace
from chalicelib.snapshots.service import Snapshots
from chalicelib.snapshots.triggers import Triggers
from chalicelib.snapshots.watching import WatchPlace
from tests.snapshots.fakes import FakeJournal, FakeLease, FakePosition, FakeRegion, Line, Machine, Time
from tests.snapshots.test_events import CREATED, FAILED, SET, records
from tests.snapshots.worlds import COPIED, DAILY, STACK, TAG, TODAY, days, defined, snapshot, volume
from tests.telling import Told, telling

HERE, OTHER, THERE = "eu-west-1", "eu-north-1", "eu-central-1"
DISK, FAR_DISK = volume(1, "daily"), volume(2, "daily")


@dataclass
class Place:
    """One region and all that works there."""

    name: str
    time: Time

    def __post_init__(self) -> None:
        self.line = Line(self.time)
        self.region = FakeRegion(self.line, self.name)
        self.lease, self.journal, self.copies = FakeLease(self.line), FakeJournal(self.line), FakeJournal(self.line)
        self.freezer = Freezer(Machine(self.line), self.time.seconds, self.time.seconds)
        self.position, self.last_time = FakePosition(self.line), FakePosition(self.line)


@dataclass
class Estate:
    """A stack in two regions, and a third one that its policies may copy to."""

    text: str = DAILY
    regions: tuple[str, ...] = (HERE, OTHER)
    is_dry_run: bool = False
    time: Time = field(default_factory=Time)
    in_force: Callable[[], Policies] | None = None

    def __post_init__(self) -> None:
        self.places = {name: Place(name, self.time) for name in (HERE, OTHER, THERE)}
        self[HERE].things[DISK.id], self[OTHER].things[FAR_DISK.id] = DISK, FAR_DISK
        self.snapshots = Snapshots(
            STACK,
            TAG,
            self.regions,
            self.in_force or (lambda: defined(self.text)),
            lambda name: self[name],
            self._workplace,
            lambda name: CopyPlace(self[name], self.places[name].lease.turn, self.places[name].copies),
            self._retire_place,
            lambda name: WatchPlace(self[name], self.places[name].position, lambda: None),
            is_dry_run=self.is_dry_run,
            clock=self.time.clock,
        )

    def __getitem__(self, name: str) -> FakeRegion:
        return self.places[name].region

    def _workplace(self, name: str) -> Workplace:
        place = self.places[name]
        return Workplace(place.region, place.lease.turn, place.journal, place.freezer, TAG)

    def _retire_place(self, name: str, _: Policies) -> RetirePlace:
        place = self.places[name]
        return RetirePlace(place.region, place.lease.turn, place.last_time, lambda *_: {})

    def fail(self, name: str, call: str, error: Exception) -> None:
        self.places[name].line.errors[call] = [error] * 9

    def pass_time(self, seconds: float = SETTLED_AFTER + 1) -> None:
        self.time.sleep(seconds)
        for name in self.places:
            self[name].complete()

    def counts(self) -> dict[str, int]:
        return {name: len(self[name].stored) for name in self.places}


def test_every_region_gets_its_snapshots():
    estate = Estate()
    swept = estate.snapshots.sweep()
    assert estate.counts() == {HERE: 1, OTHER: 1, THERE: 0}
    assert swept.is_good
    assert {name: [row.status for row in rows] for name, rows in swept.rows.items()} == {
        HERE: [Status.UNCOVERED],
        OTHER: [Status.UNCOVERED],
    }
    estate.pass_time()
    again = estate.snapshots.sweep()
    assert estate.counts() == {HERE: 1, OTHER: 1, THERE: 0}
    assert {row.status for rows in again.rows.values() for row in rows} == {Status.COVERED}


@pytest.mark.parametrize("call", ["look", "lease", "journal asked"])
@pytest.mark.parametrize("error", [TryAgain("later"), BadSettings("denied")], ids=repr)
def test_a_region_that_fails_spoils_no_other(call: str, error: GroundskeeperError):
    estate = Estate()
    estate.fail(HERE, call, error)
    swept = estate.snapshots.sweep()
    assert estate.counts() == {HERE: 0, OTHER: 1, THERE: 0}
    assert swept.errors == {HERE: error}
    assert not swept.is_good


def test_a_preview_and_a_dry_run_change_nothing():
    estate, dry = Estate(COPIED), Estate(COPIED, is_dry_run=True)
    for swept in (estate.snapshots.preview(), dry.snapshots.sweep()):
        assert [len(outcome.plan.creates) for outcome in swept.outcomes.values()] == [1, 1]
    assert estate.counts() == dry.counts() == {HERE: 0, OTHER: 0, THERE: 0}
    assert not any("lease" in place.line.calls for place in dry.places.values())


def test_what_is_completed_is_copied_to_where_the_policy_says():
    estate = Estate(COPIED)
    estate.snapshots.sweep()
    assert estate.counts()[THERE] == 0
    estate.pass_time()
    swept = estate.snapshots.sweep()
    assert estate.counts() == {HERE: 1, OTHER: 1, THERE: 2}
    assert {each.origin for each in swept.copied} == {HERE, OTHER}
    estate.pass_time()
    assert estate.snapshots.sweep().is_good
    assert estate.counts() == {HERE: 1, OTHER: 1, THERE: 2}


def test_a_destination_that_fails_is_said_and_spoils_no_snapshot():
    estate = Estate(COPIED)
    estate.fail(THERE, "destination", TryAgain("EC2 did not answer"))
    swept = estate.snapshots.sweep()
    assert estate.counts() == {HERE: 1, OTHER: 1, THERE: 0}
    assert set(swept.errors) == {f"{HERE} to {THERE}", f"{OTHER} to {THERE}"}
    assert not swept.is_good


def test_a_destination_that_is_a_region_of_its_own_is_said_and_copied_to_from_the_others():
    estate = Estate(COPIED, regions=(HERE, THERE))
    estate[THERE].things[FAR_DISK.id] = FAR_DISK
    for _ in range(2):
        swept = estate.snapshots.sweep()
        estate.pass_time()
    assert [problem.subject for problem in swept.problems] == [THERE]
    assert estate.counts() == {HERE: 1, OTHER: 0, THERE: 2}
    assert [each.origin for each in swept.copied] == [HERE]


def test_following_copies_what_has_ended_and_looks_nowhere_else():
    estate = Estate(COPIED)
    estate.snapshots.sweep()
    estate.pass_time()
    for place in estate.places.values():
        place.line.calls.clear()
    estate.snapshots.follow({HERE, "sa-east-1"}, set())
    assert estate.counts() == {HERE: 1, OTHER: 1, THERE: 1}
    assert estate.places[OTHER].line.calls == []
    assert estate.places[HERE].line.calls == ["ours"]


def test_without_copies_only_failures_are_followed():
    estate = Estate()
    estate.snapshots.sweep()
    for place in estate.places.values():
        place.line.calls.clear()
    assert estate.snapshots.follow({HERE}, set()).troubles == []
    assert estate.places[HERE].line.calls == []
    estate[HERE].stored = [replace(estate[HERE].stored[0], state="error", message="Internal error")]
    (trouble,) = estate.snapshots.follow({HERE}, {HERE}).troubles
    assert trouble.reason == "it failed: Internal error"


def test_a_failed_copy_is_followed_though_its_region_is_nobodys_own():
    estate = Estate(COPIED)
    estate.snapshots.sweep()
    estate.pass_time()
    estate.snapshots.sweep()
    estate[THERE].stored = [replace(each, state="error") for each in estate[THERE].stored]
    assert len(estate.snapshots.follow({THERE}, {THERE}).troubles) == 2


def test_a_dry_run_follows_and_copies_nothing():
    estate = Estate(COPIED)
    estate.snapshots.sweep()
    estate.pass_time()
    dry = replace(estate.snapshots, is_dry_run=True)
    assert [len(each.plan.copies) for each in dry.follow({HERE}, set()).copied] == [1]
    assert estate.counts()[THERE] == 0


def filled(estate: Estate, name: str, count: int) -> None:
    """Let a region have snapshots of so many days."""
    slots = [f"daily/{day}" for day in days("2026-11-01", 26)[-count:]]
    estate[name].stored = [snapshot(number, DISK, slot) for number, slot in enumerate(slots)]


def test_a_region_where_too_much_would_be_deleted_spoils_no_other():
    estate = Estate()
    filled(estate, HERE, 26)
    filled(estate, OTHER, 8)
    cleared = estate.snapshots.retire()
    assert estate.counts() == {HERE: 26, OTHER: 7, THERE: 0}
    assert isinstance(cleared.retired[HERE].unsafe["daily"], UnsafePlan)
    assert not cleared.is_good
    assert estate.snapshots.retire(force=True).is_good
    assert estate.counts() == {HERE: 7, OTHER: 7, THERE: 0}


@pytest.mark.parametrize("call", ["ours", "held", "volumes", "lease"])
def test_a_region_that_cannot_be_read_keeps_all_and_the_others_are_retired(call: str):
    estate = Estate()
    filled(estate, HERE, 8)
    filled(estate, OTHER, 8)
    estate.fail(HERE, call, TryAgain("later"))
    cleared = estate.snapshots.retire()
    assert estate.counts() == {HERE: 8, OTHER: 7, THERE: 0}
    assert (set(cleared.errors), cleared.is_good) == ({HERE}, False)


def test_copies_are_retired_where_they_are_by_the_rules_for_them():
    estate = Estate(COPIED.replace("count: 30", "count: 2"))
    slots = [f"daily/{day}" for day in days("2026-11-23", 3)]
    sources = [snapshot(number, DISK, slot) for number, slot in enumerate(slots)]
    estate[HERE].stored = sources
    estate[THERE].stored = [
        replace(
            each, id=f"snap-c{number}", label=replace(each.label, volume=DISK.id, copy_of=each.id, taken=each.taken)
        )
        for number, each in enumerate(sources)
    ]
    estate.snapshots.retire()
    assert estate.counts() == {HERE: 3, OTHER: 0, THERE: 2}


def test_a_dry_run_retires_nothing():
    estate = Estate(is_dry_run=True)
    filled(estate, HERE, 8)
    cleared = estate.snapshots.retire()
    assert len(cleared.retired[HERE].deletions) == 1
    assert estate.counts()[HERE] == 8


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], Told]:
    return telling(STACK, capsys, monkeypatch)


def test_a_sweep_says_what_it_made_and_what_is_not_covered(told: Callable[[], Told]):
    estate = Estate()
    estate[HERE].things["vol-bad"] = replace(volume(9, "dayly"), id="vol-bad")
    estate.fail(OTHER, "create", Refused("ConcurrentSnapshotLimitExceeded"))
    Triggers(estate.snapshots).sweep()
    said = told()
    (made,) = said.messages("snapshotted")
    assert (made["region"], made["volumes"]) == (HERE, [DISK.id])
    assert TODAY in made["because"]
    assert said.messages("refused")[0]["reason"] == "ConcurrentSnapshotLimitExceeded"
    assert [line["volume"] for line in said.messages("not covered")] == ["vol-bad", FAR_DISK.id]
    assert [line["subject"] for line in said.messages("left alone")] == ["vol-bad"]
    assert said.metrics == {
        "SnapshotsCreated": 1,
        "SnapshotsCopied": 0,
        "CopiesLate": 0,
        "SnapshotsInTrouble": 0,
        "SnapshotProblems": 1,
        "VolumesSelected": 3,
        "VolumesUncovered": 2,
        "GoodSnapshotSweeps": 0,
    }
    estate.places[OTHER].line.errors.clear()
    estate.pass_time()
    Triggers(estate.snapshots).sweep()
    said = told()
    assert (said.metrics["VolumesUncovered"], said.metrics["GoodSnapshotSweeps"]) == (1, 1)


def test_a_dry_run_says_what_it_would_do(told: Callable[[], Told]):
    Triggers(Estate(is_dry_run=True).snapshots).sweep()
    said = told()
    assert len(said.messages("would snapshot")) == 2
    assert said.messages("snapshotted") == []
    assert said.metrics["SnapshotsCreated"] == 0


def test_what_was_done_is_told_before_what_went_wrong_is_raised(told: Callable[[], Told]):
    estate = Estate(COPIED)
    estate.fail(HERE, "look", TryAgain("EC2 did not answer"))
    with pytest.raises(TryAgain, match="EC2 did not answer"):
        Triggers(estate.snapshots).sweep()
    said = told()
    assert [line["region"] for line in said.messages("snapshotted")] == [OTHER]
    assert said.messages("region not dealt with")[0]["region"] == HERE
    assert (said.metrics["SnapshotsCreated"], said.metrics["GoodSnapshotSweeps"]) == (1, 0)


def test_what_is_stuck_or_failed_is_told(told: Callable[[], Told]):
    estate = Estate()
    Triggers(estate.snapshots).sweep()
    told()
    estate.time.sleep(timedelta(hours=7).total_seconds())
    Triggers(estate.snapshots).sweep()
    said = told()
    assert len(said.messages("in trouble")) == said.metrics["SnapshotsInTrouble"] == 2
    assert "it has been pending since" in said.messages("in trouble")[0]["reason"]


def test_an_ended_copy_is_told_and_what_cannot_be_read_is_kept(told: Callable[[], Told]):
    estate = Estate(COPIED)
    estate.snapshots.sweep()
    estate.pass_time()
    answer = Triggers(estate.snapshots).ended(records(CREATED, "not JSON", SET))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    said = told()
    assert said.metrics["SnapshotsCopied"] == len(said.messages("copied")) == 2
    assert said.messages("message kept")[0]["message_id"] == "m1"


def test_a_failure_is_told_at_once(told: Callable[[], Told]):
    estate = Estate(regions=(HERE, "us-east-1"))
    estate.places["us-east-1"] = Place("us-east-1", estate.time)
    estate["us-east-1"].stored = [snapshot(1, DISK, state="error", message="Internal error")]
    Triggers(estate.snapshots).ended(records(FAILED))
    said = told()
    assert said.metrics["SnapshotsInTrouble"] == 1
    assert said.messages("in trouble")[0]["reason"] == "it failed: Internal error"


def test_a_region_that_cannot_be_read_is_said_and_its_messages_are_not_kept(told: Callable[[], Told]):
    """The sweep makes up for it within minutes, and messages that come back would end in the dead-letter queue."""
    estate = Estate(COPIED)
    estate.fail(HERE, "ours", TryAgain("EC2 did not answer"))
    assert Triggers(estate.snapshots).ended(records(CREATED, SET)) == {"batchItemFailures": []}
    assert told().messages("region not dealt with")[0]["region"] == HERE


def test_a_retirement_says_what_it_deleted_and_who_can_read_the_rest(told: Callable[[], Told]):
    estate = Estate()
    filled(estate, HERE, 8)
    estate[HERE].open_to_all.add(estate[HERE].stored[-1].id)
    estate[HERE].block = "unblocked"
    oldest = estate[HERE].stored[0]
    Triggers(estate.snapshots).retire()
    said = told()
    (deleted,) = said.messages("deleted")
    assert (deleted["snapshot"], deleted["volume"], bool(deleted["because"])) == (oldest.id, DISK.id, True)
    assert [line["subject"] for line in said.messages("exposed")] == [estate[HERE].stored[-1].id, HERE]
    assert said.metrics == {
        "SnapshotsRetired": 1,
        "SnapshotsOwned": 7,
        "SnapshotsExposed": 1,
        "SnapshotsUnencrypted": 0,
        "RegionsUnblocked": 1,
        "GoodRetirements": 1,
    }


def test_what_was_deleted_is_told_whatever_goes_wrong_then(told: Callable[[], Told]):
    for name, call in ((HERE, "public"), (OTHER, "held")):
        estate = Estate()
        filled(estate, HERE, 8)
        estate.fail(name, call, TryAgain("later"))
        with pytest.raises(TryAgain):
            Triggers(estate.snapshots).retire()
        said = told()
        assert len(said.messages("deleted")) == said.metrics["SnapshotsRetired"] == 1
        assert said.metrics["GoodRetirements"] == 0


def test_policies_that_cannot_be_read_after_the_deletions_do_not_keep_them_from_being_told(told: Callable[[], Told]):
    answers: list[Policies | Exception] = [defined(DAILY), TryAgain("S3 did not answer")]

    def in_force() -> Policies:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    estate = Estate(in_force=in_force)
    filled(estate, HERE, 8)
    Triggers(estate.snapshots).retire()
    assert len(told().messages("deleted")) == 1


def test_a_stack_that_does_not_retire_says_what_it_would(told: Callable[[], Told]):
    estate = Estate()
    filled(estate, HERE, 8)
    Triggers(replace(estate.snapshots, retires=False)).retire()
    said = told()
    assert len(said.messages("would delete")) == 1
    assert (estate.counts()[HERE], said.metrics["SnapshotsRetired"]) == (8, 0)


def test_copies_that_are_late_are_counted(told: Callable[[], Told]):
    estate = Estate(COPIED)
    slots = [f"daily/{day}" for day in days("2026-11-20", 3)]
    estate[HERE].stored = [snapshot(number, DISK, slot) for number, slot in enumerate(slots)]
    estate.fail(THERE, "copy", Refused("KMSKeyNotAccessibleFault"))
    Triggers(estate.snapshots).sweep()
    assert told().metrics["CopiesLate"] == 3


def test_what_has_failed_among_copies_is_told_by_each_sweep(told: Callable[[], Told]):
    estate = Estate(COPIED)
    Triggers(estate.snapshots).sweep()
    estate.pass_time()
    Triggers(estate.snapshots).sweep()
    estate[THERE].stored = [replace(each, state="error") for each in estate[THERE].stored]
    told()
    Triggers(estate.snapshots).sweep()
    assert told().metrics["SnapshotsInTrouble"] == 2


def test_regions_do_not_wait_for_one_another():
    """One that EC2 throttles must not take the time of the others."""
    estate, met = Estate(), Barrier(2, timeout=20)
    for name in (HERE, OTHER):
        line = estate.places[name].line
        line.before = lambda line=line: void(met.wait()) if len(line.calls) == 2 else None  # type: ignore[misc]
    assert estate.snapshots.sweep().is_good
    assert estate.counts() == {HERE: 1, OTHER: 1, THERE: 0}


def void(_: object) -> None:
    return


def test_a_refused_retirement_is_raised_and_said(told: Callable[[], Told]):
    estate = Estate()
    filled(estate, HERE, 26)
    filled(estate, OTHER, 8)
    with pytest.raises(UnsafePlan, match="18 of 26 would be removed"):
        Triggers(estate.snapshots).retire()
    said = told()
    assert said.messages("region not dealt with")[0]["region"] == f"{HERE}, policy daily"
    assert len(said.messages("deleted")) == 1
    assert (said.metrics["GoodRetirements"], said.metrics["SnapshotsOwned"]) == (0, 33)
