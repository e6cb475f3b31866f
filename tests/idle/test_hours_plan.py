"""The plan of running hours compares what is wanted with what was done, and leaves alone what people do by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.idle.hours import marks as hours_marks
from chalicelib.idle.hours.marks import Mark, Word
from chalicelib.idle.hours.plan import LATE, Plan, plan
from chalicelib.idle.model import HOURS_MARK, Instance
from tests.idle.hours_fakes import DAYTIME, EVENING, LONG_AGO, OFFICE, UTC_ZONE, id_of, instance

ENDED = datetime(2026, 11, 26, 18, tzinfo=UTC)  # OFFICE, on that day
OFF, ON, LEFT = "off 2026-11-26T18:00:07Z", "on 2026-11-26T07:00:07Z", "left 2026-11-26T18:00:07Z"
OFF_LAST_NIGHT, LEFT_LAST_NIGHT = "off 2026-11-25T18:00:07Z", "left 2026-11-25T18:00:07Z"
AFTER = ENDED + timedelta(hours=1)
JUST_BEFORE, LAST_NIGHT = ENDED - timedelta(seconds=1), AFTER - timedelta(days=1)
BEGUN = datetime(2026, 11, 26, 7, tzinfo=UTC)


def planned(*instances: Instance, now: datetime = EVENING, exempt: str = "") -> Plan:
    return plan(instances, UTC_ZONE, now, lambda _: exempt)


def done(made: Plan) -> list[str]:
    """Return what is done, each in words."""
    steps = {
        "stop": made.stops,
        "start": made.starts,
        "note": made.notes,
        "skip": made.skips,
        "problem": made.problems,
    }
    return [verb for verb, some in steps.items() for _ in some]


@pytest.mark.parametrize(
    ("now", "state", "mark", "launched", "wanted"),
    [
        pytest.param(EVENING, "running", "", LONG_AGO, "stop", id="over: it is stopped"),
        pytest.param(EVENING, "running", ON, LONG_AGO, "stop", id="over, and we had started it: it is stopped"),
        pytest.param(EVENING, "running", OFF, AFTER, "skip", id="started by hand after we stopped it: left alone"),
        pytest.param(EVENING, "running", OFF, LONG_AGO, "stop", id="marked, but never stopped: it is stopped"),
        pytest.param(EVENING, "running", LEFT, AFTER, "skip", id="stopped by hand, started by hand: left alone"),
        pytest.param(EVENING, "running", OFF_LAST_NIGHT, AFTER, "skip", id="started by hand, and no run saw its hours"),
        pytest.param(EVENING, "running", ON, AFTER, "skip", id="stopped by hand at 18:58, and started at 19:02"),
        pytest.param(EVENING, "running", "", AFTER, "skip", id="launched at night: left alone"),
        pytest.param(EVENING, "running", "", ENDED, "skip", id="launched at the very end: left alone"),
        pytest.param(EVENING, "running", "", JUST_BEFORE, "stop", id="launched just before the end: it is stopped"),
        pytest.param(EVENING, "running", OFF_LAST_NIGHT, BEGUN, "stop", id="we started it, and no run saw it run"),
        pytest.param(EVENING, "running", OFF, LAST_NIGHT, "stop", id="launched last night: its hours ended again"),
        pytest.param(EVENING, "stopped", OFF, LONG_AGO, "", id="we stopped it, and it is so"),
        pytest.param(EVENING, "stopped", OFF_LAST_NIGHT, LONG_AGO, "", id="we stopped it yesterday, and start it yet"),
        pytest.param(EVENING, "stopped", ON, LONG_AGO, "note", id="stopped by hand within its hours: noted"),
        pytest.param(EVENING, "stopped", "", LONG_AGO, "note", id="stopped by hand, ever before: noted"),
        pytest.param(EVENING, "stopped", LEFT, LONG_AGO, "", id="stopped by hand, and noted"),
        pytest.param(EVENING, "stopped", LEFT_LAST_NIGHT, LONG_AGO, "note", id="noted for the night before: again"),
        pytest.param(DAYTIME, "running", "", LONG_AGO, "", id="within: it runs"),
        pytest.param(DAYTIME, "running", ON, LONG_AGO, "", id="within: it runs, and we started it"),
        pytest.param(
            DAYTIME, "running", OFF_LAST_NIGHT, LONG_AGO, "note", id="started by hand before its hours: noted"
        ),
        pytest.param(
            DAYTIME, "running", LEFT_LAST_NIGHT, LONG_AGO, "note", id="started by hand, where people stopped it"
        ),
        pytest.param(
            DAYTIME, "stopped", OFF_LAST_NIGHT, LONG_AGO, "start", id="within, and we stopped it: it is started"
        ),
        pytest.param(DAYTIME, "stopped", ON, LONG_AGO, "skip", id="stopped by hand within its hours: left alone"),
        pytest.param(DAYTIME, "stopped", "", LONG_AGO, "skip", id="stopped by hand before it had hours: left alone"),
        pytest.param(DAYTIME, "stopped", LEFT_LAST_NIGHT, LONG_AGO, "skip", id="stopped by hand the day before"),
    ],
)
def test_what_is_done(now: datetime, state: str, mark: str, launched: datetime, wanted: str):
    made = planned(instance(state=state, mark=mark, launched=launched), now=now)
    assert done(made) == ([wanted] if wanted else [])


@pytest.mark.parametrize("now", [DAYTIME, EVENING], ids=["within its hours", "outside"])
@pytest.mark.parametrize("state", ["pending", "stopping", "shutting-down", "terminated"])
def test_what_changes_its_state_is_waited_for(state: str, now: datetime):
    made = planned(instance(state=state, mark=OFF_LAST_NIGHT), now=now)
    assert [each.because for each in made.skips] == [f"it is {state}, and looked at again by the next run"]
    assert done(made) == ["skip"]


@pytest.mark.parametrize("now", [DAYTIME, EVENING], ids=["within its hours", "outside"])
@pytest.mark.parametrize("state", ["running", "stopped"])
@pytest.mark.parametrize("mark", ["", OFF_LAST_NIGHT])
def test_what_has_no_tag_is_left_as_it_is_though_we_have_stopped_it(now: datetime, state: str, mark: str):
    assert planned(instance(state=state, hours=None, mark=mark), now=now) == Plan()


@pytest.mark.parametrize("now", [DAYTIME, EVENING], ids=["within its hours", "outside"])
@pytest.mark.parametrize("state", ["running", "stopped"])
@pytest.mark.parametrize("hours", ["", "mon-fri 8-19", "office", "mon-fri 08:00-19:00 Europe/Berln"])
def test_malformed_hours_protect_and_are_a_problem(now: datetime, state: str, hours: str):
    made = planned(instance(state=state, hours=hours, mark=OFF_LAST_NIGHT), now=now)
    assert done(made) == ["problem"]
    (problem,) = made.problems
    assert problem.subject == id_of(1)
    assert f"its tag groundskeeper:running-hours is {hours!r}, so it is left as it is: " in problem.reason


def test_what_is_exempt_is_left_alone_and_it_is_said_why():
    for now, state, mark in ((EVENING, "running", ON), (EVENING, "stopped", ""), (DAYTIME, "stopped", ON)):
        made = planned(instance(state=state, mark=mark), now=now, exempt="it belongs to an Auto Scaling group")
        assert done(made) == ["skip"]
        assert made.skips[0].because == "its running hours are not kept: it belongs to an Auto Scaling group"


def test_what_is_exempt_since_we_stopped_it_is_a_problem():
    made = planned(instance(state="stopped", mark=OFF), now=DAYTIME, exempt="it has the tag Legal")
    assert done(made) == ["problem"]
    assert made.problems[0].reason == (
        "it was stopped outside its running hours, and is not started again: it has the tag Legal"
    )


def test_each_step_says_why_and_what_its_mark_will_say():
    made = planned(instance(1), instance(2, "stopped"), now=EVENING)
    assert made.stops[0].because == f"it is outside its running hours, {OFFICE}"
    assert made.stops[0].value == f"off 2026-11-26T20:00:00Z {id_of(1)}"
    assert made.notes[0].value == f"left 2026-11-26T20:00:00Z {id_of(2)}"
    made = planned(instance(1, "stopped", mark=OFF_LAST_NIGHT), instance(2, mark=OFF_LAST_NIGHT), now=DAYTIME)
    assert made.starts[0].because == f"it is within its running hours, {OFFICE}"
    assert made.notes[0].value == f"on 2026-11-26T12:00:00Z {id_of(2)}"


def test_steps_come_in_the_order_of_ids():
    made = planned(*(instance(number) for number in (3, 1, 2)))
    assert [each.instance.id for each in made.stops] == [id_of(1), id_of(2), id_of(3)]


def test_hours_without_a_zone_are_in_the_operators():
    local = instance(hours="mon-fri 08:00-19:00")
    at = datetime(2026, 11, 26, 18, 30, tzinfo=UTC)
    assert done(plan([local], UTC_ZONE, at, lambda _: "")) == []
    assert done(planned(instance(), now=at)) == ["stop"]


FOREIGN = [
    pytest.param(f"{OFF_LAST_NIGHT} {id_of(2)}", id="of another instance, by a copied tag"),
    pytest.param(OFF_LAST_NIGHT, id="of no instance"),
    pytest.param(f"of 2026-11-25T18:00:07Z {id_of(1)}", id="an unknown word"),
    pytest.param(f"off 2026-11-25 {id_of(1)}", id="no time"),
    pytest.param(f"off 2026-13-25T18:00:07Z {id_of(1)}", id="no month"),
    pytest.param(f"off 2026-11-25T18:00:07Z {id_of(1)} ", id="a space too many"),
    pytest.param(f"off 2026-11-25T8:00:07Z {id_of(1)}", id="one digit"),
    pytest.param("", id="empty"),
]


@pytest.mark.parametrize("value", FOREIGN)
def test_a_mark_that_is_malformed_or_another_instances_counts_as_none(value: str):
    for now, state, wanted in ((DAYTIME, "stopped", "skip"), (DAYTIME, "running", None), (EVENING, "running", "stop")):
        marked = instance(state=state)
        marked = replace(marked, tags={**marked.tags, HOURS_MARK: value})
        assert done(planned(marked, now=now)) == ([wanted] if wanted else [])


@given(st.sampled_from(Word), st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_mark_is_read_as_it_was_written_to_the_second(word: Word, at: datetime):
    value = Mark(word, at).value(id_of(1))
    marked = replace(instance(), tags={HOURS_MARK: value})
    assert hours_marks.read(marked) == Mark(word, at.replace(microsecond=0))
    assert all(each.isalnum() or each in " +-=._:/@" for each in value), "fit for any tag"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "1000-12-31T23:59:59Z", "9999-12-31T23:59:59Z"])
def test_a_mark_of_any_year_is_no_harm(at: str):
    for word in Word:
        assert done(planned(instance(mark=f"{word} {at}"))) == ["stop"]
        assert done(planned(instance(state="stopped", mark=f"{word} {at}"))) in ([], ["note"])


@pytest.mark.parametrize(
    ("mark", "value"),
    [
        pytest.param(OFF, "", id="of this night: it stays"),
        pytest.param("off 2026-11-26T18:00:00Z", "", id="of the very end: it stays"),
        pytest.param("off 2026-11-26T17:59:59Z", "off", id="of before the end: written"),
        pytest.param(OFF_LAST_NIGHT, "off", id="of last night: written"),
        pytest.param(LEFT, "off", id="left alone: written"),
        pytest.param(ON, "off", id="on: written"),
        pytest.param("", "off", id="none: written"),
    ],
)
def test_a_stop_writes_no_mark_that_is_there(mark: str, value: str):
    made = planned(instance(mark=mark))
    assert [each.value.partition(" ")[0] for each in made.stops] == [value]


@pytest.mark.parametrize(
    ("since", "is_late"),
    [
        pytest.param(timedelta(0), False, id="at once"),
        pytest.param(LATE - timedelta(seconds=1), False, id="not for 15 minutes yet"),
        pytest.param(LATE, True, id="for 15 minutes"),
        pytest.param(timedelta(hours=10), True, id="for hours"),
    ],
)
@pytest.mark.parametrize("mark", [OFF_LAST_NIGHT, "off 2026-09-01T18:00:07Z"], ids=["last night", "long ago"])
def test_a_start_is_late_once_its_hours_have_lasted_for_a_while(mark: str, since: timedelta, is_late: bool):
    made = planned(instance(state="stopped", mark=mark), now=BEGUN + since)
    assert [each.is_late for each in made.starts] == [is_late]


def test_a_start_in_hours_that_never_change_is_late_once_its_mark_is_old():
    held = instance(state="stopped", hours="always", mark=OFF)
    at = ENDED + timedelta(seconds=7)
    late = [planned(held, now=at + since).starts[0].is_late for since in (LATE, LATE + timedelta(seconds=1))]
    assert late == [False, True]


def test_trap_the_hour_that_is_skipped_in_spring_does_not_keep_an_instance_from_stopping_or_starting():
    """Cloud Custodian's off-hours wait for an hour, and 2 o'clock never comes on that day."""
    before, after = (datetime(2026, 3, 29, hour, minute, tzinfo=UTC) for hour, minute in ((0, 55), (1, 0)))
    ending, beginning = "daily 00:00-02:00 Europe/Berlin", "daily 02:00-04:00 Europe/Berlin"
    assert done(planned(instance(hours=ending), now=before)) == []
    assert done(planned(instance(hours=ending), now=after)) == ["stop"]
    held = instance(state="stopped", hours=beginning, mark="off 2026-03-28T03:00:00Z")
    assert done(planned(held, now=before)) == []
    assert done(planned(held, now=after)) == ["start"]


def test_trap_the_hour_that_comes_twice_in_autumn_stops_an_instance_once():
    """Cloud Custodian's off-hours act at each 2 o'clock: what was started by hand after the first is stopped again."""
    hours = "daily 00:00-02:00 Europe/Berlin"
    first, second, next_ = (datetime(2026, 10, 25, hour, 0, tzinfo=UTC) for hour in (0, 1, 2))
    assert done(planned(instance(hours=hours), now=first)) == [], "its end comes when clocks show it for the last time"
    assert done(planned(instance(hours=hours), now=second)) == ["stop"]
    by_hand = instance(hours=hours, mark="off 2026-10-25T01:00:00Z", launched=second + timedelta(minutes=10))
    assert done(planned(by_hand, now=next_)) == ["skip"]


def test_trap_a_run_that_comes_late_does_the_same_as_one_in_time():
    for late in (timedelta(seconds=1), timedelta(minutes=59), timedelta(hours=12)):
        assert done(planned(instance(), now=ENDED + late)) == ["stop"]
    assert done(planned(instance(), now=ENDED - timedelta(seconds=1))) == []


def test_never_stops_once_and_then_leaves_what_is_started_by_hand():
    assert done(planned(instance(hours="never"), now=DAYTIME)) == ["stop"]
    for later in (timedelta(hours=1), timedelta(days=400)):
        by_hand = instance(hours="never", mark="off 2026-11-26T12:00:00Z", launched=DAYTIME + timedelta(minutes=30))
        assert done(planned(by_hand, now=DAYTIME + later)) == ["skip"]


@pytest.mark.parametrize(
    ("mark", "launched", "wanted"),
    [
        pytest.param("", AFTER, "stop", id="new, and never met"),
        pytest.param(ON, AFTER, "stop", id="it ran in the hours that it had before"),
        pytest.param(OFF, AFTER, "skip", id="started by hand after we stopped it"),
        pytest.param(OFF, LONG_AGO, "stop", id="marked, and never stopped"),
        pytest.param(LEFT, AFTER, "skip", id="stopped by hand, started by hand"),
    ],
)
def test_never_goes_by_the_mark(mark: str, launched: datetime, wanted: str):
    assert done(planned(instance(hours="never", mark=mark, launched=launched))) == [wanted]


def test_never_stops_what_is_marked_without_marking_it_again():
    (stop,) = planned(instance(hours="never", mark=OFF)).stops
    assert stop.value == ""


def test_what_was_started_by_hand_is_stopped_when_the_hours_that_it_got_since_then_are_over():
    hours = "mon-fri 08:00-22:00 Europe/Berlin"
    by_hand = instance(hours=hours, mark=OFF, launched=AFTER)
    end = datetime(2026, 11, 26, 21, tzinfo=UTC)
    assert done(planned(by_hand, now=end - timedelta(seconds=1))) == ["note"]
    assert done(planned(by_hand, now=end)) == ["stop"]


def test_always_starts_what_we_had_stopped():
    assert done(planned(instance(state="stopped", hours="always", mark=OFF))) == ["start"]
