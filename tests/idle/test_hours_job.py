"""The job of running hours stops and starts, whatever is refused, late, changed by hand, or breaks off."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import BadSettings, TryAgain
from chalicelib.idle.hours import job as hours_job
from chalicelib.idle.hours.job import Outcome
from chalicelib.idle.hours.text import parse
from chalicelib.idle.model import MOST_AT_ONCE
from chalicelib.reconcile import MOST_SET_ASIDE
from tests.idle.hours_fakes import DAYTIME, EVENING, OFFICE, UTC_ZONE, Office, id_of, instance
from tests.racing import every_order
from tests.snapshots.fakes import meet

MORNING, NOON = (datetime(2026, 11, 27, hour, tzinfo=UTC) for hour in (7, 12))  # OFFICE begins at 7 in winter
NEXT_EVENING, MONDAY = datetime(2026, 11, 27, 20, tzinfo=UTC), datetime(2026, 11, 30, 12, tzinfo=UTC)
OFF = "off 2026-11-25T18:00:07Z"
LATER = "mon-fri 08:00-23:00 Europe/Berlin"


def ids(outcome: Outcome) -> dict[str, list[str]]:
    """Return what was done, by ids."""
    done = {
        "started": [each.instance.id for each in outcome.started.landed],
        "noted": [each.instance.id for each in outcome.noted.landed],
        "stopped": [each.instance.id for each in outcome.stopped.landed],
    }
    return {name: some for name, some in done.items() if some}


def test_what_is_outside_its_hours_is_stopped_and_started_when_they_begin_again():
    office = Office(instance(1), now=EVENING)
    assert ids(office.run()) == {"stopped": [id_of(1)]}
    assert (office.state(), office.mark()) == ("stopped", "off")
    assert ids(office.run()) == {}, "a second run does nothing"
    office.until(MORNING - timedelta(minutes=5))
    assert ids(office.run()) == {}
    outcome = office.run()
    assert ids(outcome) == {"started": [id_of(1)]}
    assert outcome.is_complete
    assert (office.state(), office.mark()) == ("running", "off"), "it is marked once it is seen to run"
    assert ids(office.run()) == {"noted": [id_of(1)]}
    assert (office.state(), office.mark()) == ("running", "on")
    assert ids(office.run()) == {}


def test_runs_that_were_missed_over_a_change_are_made_up_for_by_the_next_one():
    office = Office(instance(1))
    office.until(EVENING + timedelta(hours=3), runs=False)
    office.run()
    assert office.state() == "stopped"
    office.until(NOON, runs=False)
    office.run()
    assert office.state() == "running"


def test_a_start_that_comes_to_nothing_is_tried_again_by_each_run_and_is_late_after_15_minutes():
    office = Office(instance(1, "stopped", mark=OFF), now=MORNING)
    office.region.failing.add(id_of(1))
    for minutes in range(0, 60, 5):
        outcome = office.run()
        assert ids(outcome) == {"started": [id_of(1)]}
        assert (office.state(), office.mark()) == ("stopped", "off")
        assert outcome.late == ([id_of(1)] if minutes >= 15 else [])
        assert outcome.is_complete == (minutes < 15)
    office.region.failing.clear()
    office.run()
    assert office.state() == "running"
    assert office.run().is_complete
    assert (office.state(), office.mark()) == ("running", "on")


def test_a_start_that_comes_to_nothing_until_the_hours_are_over_is_tried_again_in_the_next_ones():
    office = Office(instance(1, "stopped", mark=OFF), now=MORNING)
    office.region.failing.add(id_of(1))
    office.until(NEXT_EVENING)
    assert (office.state(), office.mark()) == ("stopped", "off")
    assert office.run().is_complete, "outside its hours it is as it should be"
    office.region.failing.clear()
    office.until(MONDAY)
    assert (office.state(), office.mark()) == ("running", "on")


def test_what_was_launched_at_night_is_left_alone_until_its_hours_end_again():
    office = Office(instance(1, launched=EVENING - timedelta(minutes=30)), now=EVENING)
    office.until(NEXT_EVENING - timedelta(hours=3))
    assert office.state() == "running"
    office.until(NEXT_EVENING)
    assert (office.state(), office.mark()) == ("stopped", "off")


@pytest.mark.parametrize("runs", [True, False], ids=["with runs between", "without"])
def test_who_stops_an_instance_at_18_58_and_starts_it_at_19_02_has_it_at_night(runs: bool):
    end = datetime(2026, 11, 27, 18, tzinfo=UTC)
    office = Office(instance(1), now=EVENING)
    office.until(end - timedelta(minutes=5))
    assert (office.state(), office.mark()) == ("running", "on")
    office.rest(timedelta(minutes=3))
    office.stop()
    office.rest(timedelta(minutes=3))
    if runs:
        office.run()
    office.start()
    office.until(NEXT_EVENING)
    assert office.state() == "running"
    office.until(datetime(2026, 11, 30, 20, tzinfo=UTC))
    assert (office.state(), office.mark()) == ("stopped", "off")


def test_who_starts_an_instance_outside_its_hours_has_it_until_they_end_again():
    office = Office(instance(1), now=EVENING)
    office.run()
    office.start()
    office.until(MORNING)
    assert (office.state(), office.mark()) == ("running", "off")
    office.run()
    assert (office.state(), office.mark()) == ("running", "on")
    office.until(NEXT_EVENING)
    assert (office.state(), office.mark()) == ("stopped", "off")


def test_who_starts_an_instance_outside_its_hours_has_it_stopped_the_next_time_though_no_run_saw_its_hours():
    office = Office(instance(1), now=EVENING)
    office.run()
    office.start()
    office.run()
    office.until(NEXT_EVENING, runs=False)
    office.run()
    assert office.state() == "stopped"


def test_who_stops_an_instance_within_its_hours_starts_it_and_may_do_so_at_night():
    office = Office(instance(1))
    office.run()
    office.stop()
    office.until(EVENING)
    assert (office.state(), office.mark()) == ("stopped", "left")
    office.until(NOON)
    assert office.state() == "stopped"
    office.until(NEXT_EVENING)
    office.start()
    office.until(NEXT_EVENING + timedelta(hours=2))
    assert office.state() == "running"


def test_who_stops_what_he_started_at_night_has_it_started_in_the_morning():
    office = Office(instance(1), now=EVENING)
    office.run()
    office.start()
    office.stop()
    office.until(NOON)
    assert office.state() == "running"


@pytest.mark.parametrize(
    ("hours", "state"),
    [
        pytest.param(LATER, "running", id="that have not ended"),
        pytest.param("always", "running", id="always"),
        pytest.param("mon-fri 09:00-18:00 Europe/Berlin", "stopped", id="that have ended, too"),
        pytest.param("never", "stopped", id="never"),
        pytest.param("mon-fri 9-18", "stopped", id="malformed: left as it is"),
        pytest.param(None, "stopped", id="none: left as it is"),
    ],
)
def test_other_hours_count_from_the_next_run_on(hours: str | None, state: str):
    office = Office(instance(1), now=EVENING)
    office.run()
    office.tag(hours)
    office.run()
    assert office.state() == state


def test_never_is_off_until_it_is_tagged_otherwise():
    office = Office(instance(1))
    office.tag("never")
    office.run()
    office.until(NOON)
    assert office.state() == "stopped"
    office.tag(OFFICE)
    office.run()
    assert office.state() == "running"


def test_who_takes_the_tag_away_and_sets_it_again_has_it_started_in_its_hours():
    office = Office(instance(1), now=EVENING)
    office.run()
    office.tag(None)
    office.until(NOON)
    assert office.state() == "stopped"
    office.tag(OFFICE)
    office.run()
    assert office.state() == "running"


def test_malformed_hours_are_reported_and_the_others_kept():
    office = Office(instance(1, hours="office hours"), instance(2), now=EVENING)
    outcome = office.run()
    assert [problem.subject for problem in outcome.plan.problems] == [id_of(1)]
    assert ids(outcome) == {"stopped": [id_of(2)]}


def test_what_is_exempt_is_left():
    office = Office(instance(1), now=EVENING)
    office.exempt[id_of(1)] = "it is a spot instance"
    assert ids(office.run()) == {}
    assert office.state() == "running"


@pytest.mark.parametrize("count", [1, MOST_AT_ONCE, MOST_AT_ONCE + 1, 120])
def test_many_are_stopped_and_started_by_batches(count: int):
    office = Office(*(instance(number) for number in range(count)), now=EVENING)
    office.run()
    sizes = [MOST_AT_ONCE] * (count // MOST_AT_ONCE) + [count % MOST_AT_ONCE] * (count % MOST_AT_ONCE > 0)
    assert [call for call in office.line.calls if call.startswith("stop")] == [f"stop {size}" for size in sizes]
    assert {office.state(number) for number in range(count)} == {"stopped"}
    office.until(NOON, runs=False)
    office.run()
    assert [call for call in office.line.calls if call.startswith("start")] == [f"start {size}" for size in sizes]
    assert {office.state(number) for number in range(count)} == {"running"}


@pytest.mark.parametrize(
    ("state", "now", "call", "left"),
    [
        pytest.param("running", EVENING, "stop", "running", id="stop"),
        pytest.param("running", EVENING, "mark", "running", id="mark: what nothing would start again is not stopped"),
        pytest.param("stopped", MORNING, "start", "stopped", id="start"),
    ],
)
def test_one_that_is_refused_spoils_none_of_the_others_and_is_tried_again(
    state: str, now: datetime, call: str, left: str
):
    mark = OFF if state == "stopped" else ""
    office = Office(*(instance(number, state, mark=mark) for number in range(60)), now=now)
    office.region.protected.add(f"{call} {id_of(7)}")
    outcome = office.run()
    assert outcome.undone == [(id_of(7), f"{call} of {id_of(7)} is refused")]
    assert outcome.is_complete, "it is said, and nothing that a run can mend"
    assert office.state(7) == left
    other = {"running": "stopped", "stopped": "running"}[state]
    assert {office.state(number) for number in range(60) if number != 7} == {other}
    if call == "stop":
        assert office.line.calls.count("mark") == 60, "each is marked once, however often a batch is halved"
    office.region.protected.clear()
    outcome = office.run()
    assert not outcome.undone
    assert office.state(7) == other


@pytest.mark.parametrize(
    ("state", "now", "call"),
    [pytest.param("running", EVENING, "stop", id="stop"), pytest.param("stopped", MORNING, "start", id="start")],
)
def test_many_that_are_refused_spoil_none_of_the_others(state: str, now: datetime, call: str):
    bad = range(0, 500, 7)
    office = Office(*(instance(number, state, mark="off 2026-11-26T18:00:07Z") for number in range(500)), now=now)
    office.region.protected = {f"{call} {id_of(number)}" for number in bad}
    outcome = office.run()
    assert [id_ for id_, _ in outcome.undone] == [id_of(number) for number in bad]
    assert len(bad) > MOST_SET_ASIDE
    assert outcome.is_complete
    other = {"running": "stopped", "stopped": "running"}[state]
    assert {office.state(number) for number in range(500) if number not in bad} == {other}
    assert {office.state(number) for number in bad} == {state}


def test_one_that_runs_again_and_cannot_be_marked_is_marked_by_a_later_run():
    office = Office(instance(1, "stopped", mark=OFF))
    office.region.protected.add(f"mark {id_of(1)}")
    assert ids(office.run()) == {"started": [id_of(1)]}
    outcome = office.run()
    assert ids(outcome) == {}
    assert outcome.undone == [(id_of(1), f"mark of {id_of(1)} is refused")]
    office.region.protected.clear()
    office.run()
    assert (office.state(), office.mark()) == ("running", "on")


def test_one_that_cannot_be_stopped_is_none_that_was_started_by_hand():
    office = Office(instance(1), now=EVENING)
    office.region.protected.add(f"stop {id_of(1)}")
    for _ in range(3):
        assert office.run().undone == [(id_of(1), f"stop of {id_of(1)} is refused")]
    assert office.line.calls.count("mark") == 1, "a mark that is there is not written again"
    office.region.protected.clear()
    office.run()
    assert office.state() == "stopped"


def test_one_that_is_gone_since_the_look_spoils_none():
    office = Office(instance(1), instance(2), now=EVENING)

    def vanish() -> None:
        if office.line.calls[-1] == "tagged":
            del office.region.there[id_of(1)]

    office.line.after = vanish
    outcome = office.run()
    assert ids(outcome) == {"stopped": [id_of(2)]}
    assert [id_ for id_, _ in outcome.undone] == [id_of(1)]


@pytest.mark.parametrize("call", ["mark", "stop 50", "stop 20"])
def test_a_throttle_leaves_the_rest_to_the_next_run(call: str):
    office = Office(*(instance(number) for number in range(70)), now=EVENING)
    office.line.errors[call] = [TryAgain("EC2 said RequestLimitExceeded")]
    outcome = office.run()
    assert len(outcome.stopped.postponed) == (20 if call == "stop 20" else 70)
    assert "RequestLimitExceeded" in outcome.undone[0][1]
    assert office.run().is_complete
    assert {office.state(number) for number in range(70)} == {"stopped"}


def test_when_the_time_is_over_the_rest_is_left_and_each_run_gets_on():
    office = Office(*(instance(number) for number in range(120)), now=EVENING)
    runs = 0
    while any(office.state(number) == "running" for number in range(120)):
        office.line.calls.clear()
        office.turn.requests, runs = 60, runs + 1
        office.run()
    assert runs == 3


@pytest.mark.parametrize("requests", range(1, 6))
def test_after_its_time_a_run_asks_for_nothing_more(requests: int):
    night = [instance(number) for number in range(3)]
    day = [instance(number, "stopped", "always", "off 2026-11-26T19:59:00Z") for number in range(3, 5)]
    office = Office(*night, *day, now=EVENING)
    office.turn.requests = requests
    assert not office.run().is_complete
    assert len(office.line.calls) == 1 + requests, "and the turn itself"
    office.turn.requests = 100
    assert office.run().is_complete
    assert [office.state(number) for number in range(5)] == ["stopped"] * 3 + ["running"] * 2


@pytest.mark.parametrize("error", [TryAgain("later"), BadSettings("denied")], ids=repr)
@pytest.mark.parametrize("call", ["turn", "tagged"])
def test_nothing_is_done_where_anything_could_not_be_read(call: str, error: Exception):
    office = Office(instance(1), now=EVENING)
    office.line.errors[call] = [error]
    with pytest.raises(type(error)):
        office.run()
    assert office.state() == "running"


def test_nothing_is_late_in_a_preview_since_nothing_was_started():
    office = Office(instance(1, "stopped", mark=OFF))
    previewed = hours_job.preview(office.place, UTC_ZONE, DAYTIME)
    assert [start.is_late for start in previewed.plan.starts] == [True]
    assert (previewed.late, previewed.is_complete) == ([], True)


def test_a_preview_says_the_same_and_does_nothing():
    office = Office(
        instance(1), instance(2, "stopped"), instance(3, hours="?"), instance(4, "stopped", "always", OFF), now=EVENING
    )
    previewed = hours_job.preview(office.place, UTC_ZONE, EVENING)
    assert office.line.calls == ["tagged"]
    assert (ids(previewed), previewed.is_complete) == ({}, True)
    assert [len(some) for some in (previewed.plan.stops, previewed.plan.starts, previewed.plan.notes)] == [1, 1, 1]
    assert office.run().plan == previewed.plan


def fleet(now: datetime, runs: int = 0) -> Office:
    """Return four instances at noon, or in the evening: people stopped one by day, and started another at night.

    So many runs have come since.
    """
    office = Office(*(instance(number) for number in range(4)))
    office.stop(0)
    office.until(EVENING, runs=False)
    office.run()
    office.start(1)
    office.until(NOON, runs=False)
    if now > NOON:
        office.run()
        office.until(now, runs=False)
    for _ in range(runs):
        office.run()
    return office


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("now", "runs", "states", "calls"),
    [
        pytest.param(NOON, 0, ["stopped", *["running"] * 3], ["start 2", "mark"], id="in the morning"),
        pytest.param(NOON, 1, ["stopped", *["running"] * 3], ["mark"] * 2, id="when those started are seen to run"),
        pytest.param(NEXT_EVENING, 0, ["stopped"] * 4, [*["mark"] * 4, "stop 3"], id="in the evening"),
    ],
)
def test_a_crash_at_each_call_does_no_harm(now: datetime, runs: int, states: list[str], calls: list[str], when: str):
    crashes = 0
    while True:
        office = fleet(now, runs)
        if not office.crash(crashes, when):
            break
        crashes += 1
        office.run()
        office.run()
        assert [office.state(number) for number in range(4)] == states
        assert ids(office.run()) == {}
        office.until(MONDAY, runs=False)
        office.run()
        assert office.state(3) == "running"
    assert office.line.calls == ["turn", "tagged", *calls]
    assert crashes == len(office.line.calls)


def test_a_start_by_hand_after_a_run_that_died_counts_as_any_other():
    office = Office(instance(1), now=EVENING)
    assert office.crash(3, "after"), "it was stopped, and the run saw no more"
    assert office.state() == "stopped"
    office.start()
    office.until(EVENING + timedelta(hours=2))
    assert office.state() == "running"


@pytest.mark.parametrize("now", [EVENING, NOON], ids=["in the evening", "at noon"])
def test_two_runs_at_once_in_every_order_do_what_one_does(now: datetime):
    def run(choose):
        office = Office(instance(1), instance(2, "stopped", mark=OFF), instance(3, "stopped"), now=now)
        meet(office.line, lambda: hours_job.run(office.place, UTC_ZONE, office.line.time.clock), choose)
        office.rest()
        office.run()
        wanted = ["stopped"] * 3 if now == EVENING else ["running", "running", "stopped"]
        assert [office.state(number) for number in (1, 2, 3)] == wanted

    assert every_order(run) > 3


class Story:
    """What happens to one instance, and beside it what people did by hand since the last change of its hours.

    A stop counts once a run has met that change, and has seen it run where it was started by one. Whether one that died
    has met it, nobody knows: then both may be right. A start outside its hours counts in any case.
    """

    def __init__(self) -> None:
        self.office = Office(instance(1))
        self.until: datetime | None = None
        self.met = self.theirs = ""

    def act(self, what: str, number: int) -> None:
        """Let something happen."""
        if what == "wait":
            self.office.rest(timedelta(minutes=37 * number))
        if (until := parse(OFFICE, UTC_ZONE).next_change(self.office.now)) != self.until:
            self.until, self.met, self.theirs = until, "", ""
        match what:
            case "run":
                self.run()
            case "crash":
                self.office.crash(number % 6, "before" if number % 2 else "after")
                self.met = self.met or "perhaps"
            case "fail":
                self.office.region.failing ^= {id_of(1)}
            case "start" | "stop":
                before, is_on = self.office.state(), self.office.is_on()
                getattr(self.office, what)()
                if self.office.state() != before:
                    self.theirs = what if self.met == "surely" or (what == "start" and not is_on) else "unclear"

    def run(self) -> None:
        """Let a run come, and check what it leaves."""
        is_on = self.office.is_on()
        outcome = self.office.run()
        state = self.office.state()
        self.met = "perhaps" if outcome.started.landed else "surely"
        if is_on and self.office.region.stopped_by.get(id_of(1)) == "us":
            assert state == "running" or self.office.region.failing, "what we have stopped, we start"
        elif is_on and self.theirs == "stop":
            assert state == "stopped", "whoever stops it within its hours has it stopped"
        elif not is_on and self.theirs == "start":
            assert state == "running", "whoever starts it outside its hours has it running"
        elif not is_on and self.theirs != "unclear":
            assert state == "stopped", "nothing else runs outside its hours"


acts = st.tuples(st.sampled_from(["run", "run", "wait", "start", "stop", "crash", "fail"]), st.integers(1, 30))


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(acts, max_size=40))
def test_whatever_happens_hours_are_kept_and_people_keep_their_way(some: list[tuple[str, int]]):
    story = Story()
    for what, number in some:
        story.act(what, number)
