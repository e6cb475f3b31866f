"""The job of retirement deletes what no policy keeps, the oldest first, and nothing where that looks like a mistake."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from chalicelib.errors import BadSettings, Refused, TryAgain, UnsafePlan
from chalicelib.snapshots import retiring
from chalicelib.snapshots.model import Snapshot
from chalicelib.snapshots.retention import Leave
from chalicelib.snapshots.retiring import Retired, RetirePlace
from tests.snapshots.fakes import Crash, FakeLease, FakePosition, FakeRegion, Line, Time
from tests.snapshots.worlds import days, defined, policy, snapshot, volume

THREE = policy(keep="count: 3")


@dataclass
class Attic:
    """A region with snapshots of so many days of some volumes, of which three a volume are kept."""

    days: int = 4
    volumes: int = 1
    line: Line = field(default_factory=Line)
    awaited: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        disks = [volume(number) for number in range(self.volumes)]
        self.region = FakeRegion(self.line, things={each.id: each for each in disks})
        slots = [f"daily/{day}" for day in days("2026-11-01", 26)[-self.days :]]
        self.region.stored = [
            snapshot(100 * number + day, disk, slot)
            for number, disk in enumerate(disks)
            for day, slot in enumerate(slots)
        ]
        self.lease = FakeLease(self.line)
        self.last_time = FakePosition(self.line)
        self.place = RetirePlace(self.region, self.lease.turn, self.last_time, self._awaited)

    @property
    def time(self) -> Time:
        return self.line.time

    def _awaited(self, ours: tuple[Snapshot, ...], now: datetime) -> dict[str, str]:
        with self.line.call("awaited"):
            return self.awaited

    def run(self, *, force: bool = False) -> Retired:
        return retiring.run(self.place, defined(THREE), self.time.clock, force=force)

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.region.stored]

    @property
    def deleted(self) -> list[str]:
        return [call.removeprefix("delete ") for call in self.line.calls if call.startswith("delete")]


def landed(retired: Retired) -> list[str]:
    return [delete.snapshot.id for delete in retired.carried.landed]


def reasons(retired: Retired) -> dict[str, str]:
    return {each.snapshot.id: each.because for each in retired.verdicts if isinstance(each, Leave)}


def test_what_no_policy_keeps_is_deleted_and_a_second_run_deletes_nothing():
    attic = Attic()
    oldest, *others = attic.ids
    retired = attic.run()
    assert (landed(retired), attic.ids) == ([oldest], others)
    assert retired.is_complete
    assert "number 4" in retired.carried.landed[0].because
    again = attic.run()
    assert (again.deletions, attic.ids) == ([], others)


def test_what_holds_snapshots_is_read_after_they_were_listed():
    """Whatever is held since the listing began is then seen, too."""
    attic = Attic()
    attic.run()
    calls = attic.line.calls
    assert (
        calls.index("ours") < calls.index("awaited") < calls.index("held") < calls.index(f"delete {attic.deleted[0]}")
    )


@pytest.mark.parametrize("tie", ["holds", "others", "awaited"])
def test_what_something_holds_stays_with_the_reason(tie: str):
    attic = Attic()
    oldest = attic.ids[0]
    getattr(attic if tie == "awaited" else attic.region, tie)[oldest] = "something holds it"
    retired = attic.run()
    assert attic.deleted == []
    assert reasons(retired)[oldest] == "something holds it"


def test_what_is_held_since_the_look_is_left_and_spoils_no_other():
    attic = Attic(5)
    first, second, *_ = attic.ids
    attic.region.in_use.add(first)
    retired = attic.run(force=True)
    assert landed(retired) == [second]
    assert [(delete.snapshot.id, reason) for delete, reason in retired.carried.refused] == [
        (first, f"InvalidSnapshot.InUse: {first}")
    ]
    assert retired.is_complete, "that is no fault"


def test_the_oldest_goes_first_whatever_its_volume():
    attic = Attic(6, volumes=2)
    attic.run(force=True)
    taken = {each.id: each.taken for each in Attic(6, volumes=2).region.stored}
    moments = [taken[id_] for id_ in attic.deleted]
    assert len(moments) == 6
    assert moments == sorted(moments)


def test_a_throttle_leaves_the_rest_for_later():
    attic = Attic(6)
    first, second, third, *_ = attic.ids
    attic.line.errors[f"delete {second}"] = [TryAgain("EC2 said RequestLimitExceeded")]
    retired = attic.run(force=True)
    assert landed(retired) == [first]
    assert [delete.snapshot.id for delete, _ in retired.carried.postponed] == [second, third]
    assert not retired.is_complete
    assert landed(attic.run(force=True)) == [second, third]


def test_when_the_time_is_over_the_rest_is_left_for_later():
    attic = Attic(9, line=Line(seconds=70.0))
    retired = attic.run(force=True)
    assert landed(retired) == []
    assert len(retired.carried.postponed) == 6
    assert attic.deleted == []


def test_much_at_once_is_refused_and_said_and_done_at_a_persons_word():
    attic = Attic(20)
    retired = attic.run()
    assert attic.deleted == []
    assert isinstance(retired.unsafe["daily"], UnsafePlan)
    assert (len(retired.deletions), retired.safe_deletions) == (17, [])
    assert not retired.is_complete
    assert "16 of 20 would be removed" in str(retired.unsafe["daily"])
    assert len(landed(attic.run(force=True))) == 17


def test_what_is_much_of_one_policy_keeps_no_other_from_its_deletions():
    attic = Attic(4)
    calm = [each.id for each in attic.region.stored]
    hasty = [f"daily/{day}" for day in days("2026-11-01", 26)]
    attic.region.stored += [snapshot(900 + number, volume(9), slot, "other") for number, slot in enumerate(hasty)]
    retired = retiring.run(attic.place, defined(THREE, policy("other", keep="count: 3")), attic.time.clock)
    assert list(retired.unsafe) == ["other"]
    assert landed(retired) == calm[:1]
    assert len(attic.ids) == 29
    assert set(attic.ids) == {each.id for each in retired.left}


def test_after_some_days_without_a_retirement_what_they_have_pushed_out_may_go():
    attic = Attic(3 + 6, volumes=2)
    attic.last_time.kept = (attic.time.now - timedelta(days=6)).isoformat()
    retired = attic.run()
    assert (len(landed(retired)), retired.unsafe) == (12, {})


def test_after_weeks_without_a_retirement_a_person_is_asked():
    attic = Attic(20, volumes=2)
    attic.last_time.kept = (attic.time.now - timedelta(days=17)).isoformat()
    assert "daily" in attic.run().unsafe


def test_only_a_retirement_that_did_all_it_should_is_the_last_one():
    attic = Attic(20)
    attic.run()
    assert attic.last_time.kept == ""
    attic.line.errors[f"delete {attic.ids[3]}"] = [TryAgain("EC2 said RequestLimitExceeded")]
    attic.run(force=True)
    assert attic.last_time.kept == ""
    attic.run(force=True)
    assert attic.last_time.kept == attic.time.now.isoformat()


def test_what_was_deleted_is_told_though_the_time_of_it_cannot_be_kept():
    attic = Attic()
    attic.line.errors["write position"] = [TryAgain("DynamoDB said Throttling")]
    assert len(landed(attic.run())) == 1


def test_one_of_each_volume_a_day_is_the_course_of_things_however_many_there_are():
    attic = Attic(4, volumes=40)
    retired = attic.run()
    assert (len(landed(retired)), retired.unsafe) == (40, {})


def test_a_preview_says_the_same_and_deletes_nothing():
    for count in (4, 20):
        attic = Attic(count)
        previewed = retiring.preview(attic.place, defined(THREE), attic.time.now)
        assert attic.deleted == []
        retired = attic.run()
        assert (previewed.verdicts, list(previewed.unsafe)) == (retired.verdicts, list(retired.unsafe))


@pytest.mark.parametrize("call", ["ours", "volumes", "held", "awaited", "lease", "read position"])
@pytest.mark.parametrize("error", [TryAgain("later"), BadSettings("denied")], ids=repr)
def test_nothing_is_deleted_where_anything_could_not_be_read(call: str, error: Exception):
    attic = Attic()
    attic.line.errors[call] = [error]
    with pytest.raises(type(error)):
        attic.run()
    assert attic.deleted == []


def test_the_newest_of_a_volume_that_is_gone_stays_for_ever():
    attic = Attic(4)
    attic.region.things.clear()
    attic.time.sleep(timedelta(days=3650).total_seconds())
    attic.region.stored = [replace(attic.region.stored[-1])]
    attic.region.stored[0] = replace(
        attic.region.stored[0], label=replace(attic.region.stored[0].label, slots=("weekly/2026-W48",))
    )
    retired = attic.run(force=True)
    assert attic.deleted == []
    (reason,) = reasons(retired).values()
    assert reason == f"it is the newest completed one of {volume(0).id}, which is gone"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_each_call_is_mended_by_later_runs_and_costs_nothing_else(when: str):
    crashes, kept = 0, set(Attic(6, volumes=2).ids)
    while True:
        attic = Attic(6, volumes=2)
        kept = {each.id for each in attic.region.stored if each.label.slots[0] >= "daily/2026-11-24"}
        line = attic.line

        def crash(line: Line = line, number: int = crashes) -> None:
            if len(line.calls) == number + (when == "after"):
                line.before = line.after = lambda: None
                raise Crash

        line.before, line.after = (crash, line.after) if when == "before" else (line.before, crash)
        try:
            attic.run(force=True)
        except Crash:
            crashes += 1
        else:
            break
        attic.time.sleep(400)
        attic.run(force=True)
        assert set(attic.ids) == kept
    assert crashes >= 10


def test_two_runs_at_once_delete_nothing_twice():
    attic = Attic()

    def meet() -> None:
        attic.line.before = lambda: None
        with pytest.raises(TryAgain, match="another run is at work"):
            attic.run()

    attic.line.before = lambda: meet() if attic.line.calls == ["lease", "ours"] else None
    attic.run()
    assert len(attic.deleted) == 1


def test_a_refusal_is_told_with_its_reason():
    attic = Attic()
    oldest = attic.ids[0]
    attic.line.errors[f"delete {oldest}"] = [Refused("UnauthorizedOperation: by a policy of the organization")]
    retired = attic.run()
    assert retired.carried.refused[0][1] == "UnauthorizedOperation: by a policy of the organization"
