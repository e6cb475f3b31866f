"""Slots come once each, in order, whatever clocks do; a slower walk along the clock, minute by minute, agrees."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.snapshots.slots import Schedule, Slot, SlotKind, is_name, kind_of
from tests.snapshots.worlds import moment

BERLIN, NEW_YORK, LORD_HOWE, APIA, KOLKATA = (
    ZoneInfo(name)
    for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata")
)
ZONES = (ZoneInfo("UTC"), BERLIN, NEW_YORK, LORD_HOWE, APIA, KOLKATA)
CHANGES = [  # of clocks, forward and back
    pytest.param(BERLIN, "2026-03-29 01:00", id="Berlin goes forward"),
    pytest.param(BERLIN, "2026-10-25 01:00", id="Berlin goes back"),
    pytest.param(NEW_YORK, "2026-03-08 07:00", id="New York goes forward"),
    pytest.param(NEW_YORK, "2026-11-01 06:00", id="New York goes back"),
    pytest.param(LORD_HOWE, "2026-10-03 15:30", id="Lord Howe goes forward by half an hour"),
    pytest.param(LORD_HOWE, "2026-04-04 15:00", id="Lord Howe goes back by half an hour"),
    pytest.param(APIA, "2011-12-30 10:00", id="Apia skips a day"),
    pytest.param(KOLKATA, "2026-03-29 01:00", id="Kolkata never changes"),
]
TIMES = ("00:00", "01:30", "02:00", "02:15", "02:30", "03:00", "23:45")
STEP = timedelta(minutes=15)


def schedule(kind: str, at: str = "03:00", zone: ZoneInfo = ZONES[0], **said: int) -> Schedule:
    return Schedule(SlotKind(kind), zone, time.fromisoformat(at), **said)


def last(found: Schedule, now: str) -> tuple[str, str]:
    slot = found.latest(moment(now))
    return slot.period, f"{slot.due:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("found", "now", "period", "due"),
    [
        pytest.param(
            schedule("hourly", "00:00", every=6),
            "2026-11-26 11:59",
            "2026-11-26T06Z",
            "2026-11-26 06:00",
            id="every six hours",
        ),
        pytest.param(
            schedule("hourly", "05:30", every=6),
            "2026-11-26 05:29",
            "2026-11-25T23Z",
            "2026-11-25 23:30",
            id="hours are counted from the first one's, on both sides of it",
        ),
        pytest.param(
            schedule("hourly", "00:00", every=1),
            "2026-01-01 00:00",
            "2026-01-01T00Z",
            "2026-01-01 00:00",
            id="new year",
        ),
        pytest.param(schedule("daily"), "2026-11-26 02:59", "2026-11-25", "2026-11-25 03:00", id="a minute too early"),
        pytest.param(schedule("daily"), "2026-11-26 03:00", "2026-11-26", "2026-11-26 03:00", id="on the minute"),
        pytest.param(
            schedule("daily", "23:00", NEW_YORK),
            "2026-11-27 12:00",
            "2026-11-26",
            "2026-11-27 04:00",
            id="a day is the zone's",
        ),
        pytest.param(
            schedule("weekly", weekday=6),
            "2027-01-03 03:00",
            "2026-W53",
            "2027-01-03 03:00",
            id="the week of a Sunday in January is last year's",
        ),
        pytest.param(
            schedule("weekly", weekday=0),
            "2025-12-31 00:00",
            "2026-W01",
            "2025-12-29 03:00",
            id="the week of a Monday in December is next year's",
        ),
        pytest.param(
            schedule("weekly", weekday=3), "2026-11-26 02:59", "2026-W47", "2026-11-19 03:00", id="a week ago"
        ),
        pytest.param(schedule("monthly", day=31), "2026-11-30 03:00", "2026-11", "2026-11-30 03:00", id="no 31st"),
        pytest.param(schedule("monthly", day=31), "2026-11-29 03:00", "2026-10", "2026-10-31 03:00", id="a 31st"),
        pytest.param(schedule("monthly", day=30), "2026-03-01 00:00", "2026-02", "2026-02-28 03:00", id="February"),
        pytest.param(schedule("monthly", day=30), "2028-03-01 00:00", "2028-02", "2028-02-29 03:00", id="leap year"),
        pytest.param(
            schedule("monthly", day=29), "2100-03-01 00:00", "2100-02", "2100-02-28 03:00", id="the year 2100"
        ),
        pytest.param(
            schedule("monthly", day=31), "2026-03-31 02:59", "2026-02", "2026-02-28 03:00", id="the longest wait of all"
        ),
        pytest.param(schedule("yearly"), "2026-11-26 00:00", "2026", "2026-01-01 03:00", id="the first of January"),
        pytest.param(schedule("yearly"), "2026-01-01 02:59", "2025", "2025-01-01 03:00", id="a year ago"),
        pytest.param(
            schedule("yearly", month=2, day=29), "2027-03-01 00:00", "2027", "2027-02-28 03:00", id="no Feb 29"
        ),
        pytest.param(schedule("yearly", month=2, day=29), "2028-02-29 03:00", "2028", "2028-02-29 03:00", id="Feb 29"),
        pytest.param(
            schedule("yearly", month=2, day=29), "2028-02-29 02:59", "2027", "2027-02-28 03:00", id="a year and a day"
        ),
    ],
)
def test_the_latest_slot(found: Schedule, now: str, period: str, due: str):
    assert last(found, now) == (period, due)


def test_a_slot_is_shown_as_its_kind_and_its_period():
    assert str(schedule("weekly").latest(moment("2026-11-26 00:00"))) == "weekly/2026-W48"


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly", "yearly"])
def test_a_schedule_that_moves_by_an_hour_keeps_the_names_of_its_slots(kind: str):
    now = moment("2026-11-26 12:00")
    assert schedule(kind, "03:00").latest(now).period == schedule(kind, "04:00").latest(now).period


@pytest.mark.parametrize(
    ("zone", "at", "day", "due"),
    [
        pytest.param(BERLIN, "02:30", "2026-03-29", "2026-03-29 01:30", id="as much later, where clocks go forward"),
        pytest.param(BERLIN, "02:30", "2026-10-25", "2026-10-25 00:30", id="the first time, where clocks go back"),
        pytest.param(NEW_YORK, "02:30", "2026-03-08", "2026-03-08 07:30", id="the same in New York"),
        pytest.param(NEW_YORK, "01:30", "2026-11-01", "2026-11-01 05:30", id="and in autumn"),
        pytest.param(LORD_HOWE, "02:15", "2026-10-04", "2026-10-03 15:45", id="half an hour forward"),
        pytest.param(LORD_HOWE, "01:45", "2026-04-05", "2026-04-04 14:45", id="half an hour back"),
        pytest.param(APIA, "03:00", "2011-12-31", "2011-12-30 13:00", id="the day after the one that never was"),
    ],
)
def test_a_daily_slot_where_clocks_change(zone: ZoneInfo, at: str, day: str, due: str):
    slots = schedule("daily", at, zone).between(moment(due) - timedelta(days=3), moment(due) + timedelta(days=3))
    assert [slot.due for slot in slots if slot.period == day] == [moment(due)]


def test_apia_has_no_slot_for_the_day_that_never_was():
    slots = schedule("daily", zone=APIA).between(moment("2011-12-28 00:00"), moment("2012-01-02 00:00"))
    assert [slot.period for slot in slots] == ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01", "2012-01-02"]


def test_apia_has_a_monthly_slot_though_its_day_never_was():
    slots = schedule("monthly", zone=APIA, day=30).between(moment("2011-12-01 00:00"), moment("2012-01-15 00:00"))
    assert [(slot.period, slot.due) for slot in slots] == [("2011-12", moment("2011-12-30 13:00"))]


def test_both_hours_have_a_slot_where_a_clock_shows_the_same_hour_twice():
    slots = schedule("hourly", "00:00", BERLIN, every=1).between(moment("2026-10-24 23:00"), moment("2026-10-25 03:00"))
    assert [slot.period for slot in slots] == [f"2026-10-25T0{hour}Z" for hour in range(4)]


# An oracle: a clock on the wall, looked at every quarter of an hour; where it is put forward, the old one runs on
# beside it for as long as was skipped.


@dataclass(frozen=True)
class Walk:
    start: datetime
    end: datetime
    readings: list[tuple[datetime, datetime]]  # of UTC, and of the clock


def walk(zone: ZoneInfo, start: datetime, end: datetime) -> Walk:
    readings = []
    now = until = start - timedelta(days=2)
    offset = old = _offset(zone, now)
    while now <= end:
        if (changed := _offset(zone, now)) != offset:
            old, until = offset, now + (changed - offset)
            offset = changed
        readings += [(now, _reading(now, each)) for each in ([old, offset] if now < until else [offset])]
        now += STEP
    return Walk(start, end, readings)


def found_on(walked: Walk, found: Schedule) -> list[Slot]:
    seen: set[datetime] = set()
    slots: dict[str, Slot] = {}
    for now, reading in walked.readings:
        if strikes(found, reading):
            is_new = reading not in seen or (found.kind is SlotKind.HOURLY and found.every == 1)
            seen.add(reading)
            slots = {name: one for name, one in slots.items() if one.due != now}  # the later reading counts
            slot = Slot(found.kind, named(found.kind, reading, now), now)
            slots |= {slot.period: slot} if is_new and slot.period not in slots else {}
    return [slot for slot in slots.values() if walked.start < slot.due <= walked.end]


def _offset(zone: ZoneInfo, now: datetime) -> timedelta:
    return now.astimezone(zone).utcoffset() or timedelta()


def _reading(now: datetime, offset: timedelta) -> datetime:
    return (now + offset).replace(tzinfo=None)


def strikes(found: Schedule, reading: datetime) -> bool:
    if found.kind is SlotKind.HOURLY:
        return reading.minute == found.at.minute and (reading.hour - found.at.hour) % found.every == 0
    if reading.time() != found.at:
        return False
    is_last = (reading + timedelta(days=1)).day == 1
    is_day = reading.day == found.day or (is_last and found.day > reading.day)
    return {
        "daily": True,
        "weekly": reading.isoweekday() == found.weekday + 1,
        "monthly": is_day,
        "yearly": is_day and reading.month == found.month,
    }[found.kind]


def named(kind: SlotKind, reading: datetime, now: datetime) -> str:
    year, week, _ = reading.isocalendar()
    names = {"hourly": now.isoformat()[:13] + "Z", "daily": reading.isoformat()[:10], "weekly": f"{year}-W{week:02}"}
    return {**names, "monthly": reading.isoformat()[:7], "yearly": str(reading.year)}[kind]


def variants(zone: ZoneInfo, day: datetime) -> list[Schedule]:
    """Return schedules of every kind that have a slot on or near a day."""
    local = day.astimezone(zone)
    return [
        schedule(kind, at, zone, **said)
        for at in TIMES
        for kind, said in [
            ("daily", {}),
            ("weekly", {"weekday": local.weekday()}),
            ("weekly", {"weekday": (local.weekday() + 1) % 7}),
            ("monthly", {"day": local.day}),
            ("monthly", {"day": 31}),
            ("yearly", {"day": local.day, "month": local.month}),
            *[("hourly", {"every": every}) for every in (1, 2, 3, 6, 12)],
        ]
    ]


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_a_walk_along_the_clock_finds_the_same_slots(zone: ZoneInfo, change: str):
    walked = walk(zone, moment(change) - timedelta(days=3), moment(change) + timedelta(days=3))
    for found in variants(zone, moment(change)):
        assert found.between(walked.start, walked.end) == found_on(walked, found), found


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_walk_through_a_whole_year_finds_the_same_slots(zone: ZoneInfo):
    walked = walk(zone, moment("2027-12-25 00:00"), moment("2028-12-05 00:00"))
    for found in (schedule("monthly", "02:30", zone, day=31), schedule("weekly", "02:30", zone, weekday=6)):
        assert found.between(walked.start, walked.end) == found_on(walked, found), found


LEAST_AND_MOST = {  # days between two slots
    "daily": (1, 1),
    "weekly": (7, 7),
    "monthly": (28, 31),
    "yearly": (365, 366),
}


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_there_is_no_gap_and_no_crowd_where_clocks_change(zone: ZoneInfo, change: str):
    hour = timedelta(hours=1)
    for found in variants(zone, moment(change)):
        length = {"hourly": 2, "daily": 9, "weekly": 40, "monthly": 100, "yearly": 900}[found.kind]
        slots = found.between(moment(change) - timedelta(days=length), moment(change) + timedelta(days=length))
        least, most = (timedelta(days=count) for count in LEAST_AND_MOST.get(found.kind, (0, 0)))
        if found.kind is SlotKind.HOURLY:
            least = most = timedelta(hours=found.every)
        if zone is APIA:
            least -= timedelta(days=1)  # that was a short week
        steps = [after.due - before.due for before, after in pairwise(slots)]
        assert steps
        assert all(max(least - hour, STEP) <= step <= most + hour for step in steps), found


def moments() -> st.SearchStrategy[datetime]:
    """Moments of some decades, of which many are near a change of clocks."""
    changes = [moment(str(change.values[1])) for change in CHANGES]
    near = st.builds(lambda change, minutes: change + timedelta(minutes=minutes), st.sampled_from(changes), MINUTES)
    return st.one_of(near, st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001


MINUTES = st.integers(-3_000, 3_000)
SCHEDULES = st.builds(
    Schedule,
    st.sampled_from(SlotKind),
    st.sampled_from(ZONES),
    st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45, 59])),
    every=st.sampled_from([1, 2, 3, 4, 6, 8, 12]),
    weekday=st.integers(0, 6),
    day=st.integers(1, 31),
    month=st.integers(1, 12),
).map(lambda found: found if found.kind is SlotKind.HOURLY else Schedule(**{**vars(found), "every": 24}))
thorough = settings(max_examples=150, deadline=None, derandomize=True, database=None)


@thorough
@given(SCHEDULES, moments())
def test_the_latest_slot_is_due_and_the_last_of_those_before(found: Schedule, now: datetime):
    latest = found.latest(now)
    assert latest.due <= now
    assert latest == found.between(now - timedelta(days=400), now)[-1]
    assert found.between(latest.due, now) == []


@thorough
@given(SCHEDULES, moments(), MINUTES.map(abs), MINUTES.map(abs))
def test_the_slots_of_two_intervals_are_those_of_both(found: Schedule, start: datetime, one: int, other: int):
    middle, end = start + timedelta(minutes=one), start + timedelta(minutes=one + other)
    assert found.between(start, middle) + found.between(middle, end) == found.between(start, end)


@thorough
@given(SCHEDULES, moments(), st.integers(0, 800))
def test_slots_come_in_order_and_no_period_comes_twice(found: Schedule, start: datetime, length: int):
    slots = found.between(start, start + timedelta(days=length if found.kind is not SlotKind.HOURLY else length % 9))
    assert all(before.due < after.due for before, after in pairwise(slots))
    assert len({slot.period for slot in slots}) == len(slots)
    assert [slot.period for slot in slots] == sorted(slot.period for slot in slots)


def test_a_period_comes_once_too_where_an_hour_of_utc_is_due_twice():
    hourly = schedule("hourly", "00:00", LORD_HOWE, every=1)
    for minutes in range(120):
        middle = moment("2026-10-03 14:40") + timedelta(minutes=minutes)
        slots = hourly.between(moment("2026-10-03 12:00"), middle) + hourly.between(middle, moment("2026-10-03 18:00"))
        assert len({slot.period for slot in slots}) == len(slots), middle


def test_an_hour_that_a_clock_skips_in_part_is_not_due_before_it_comes():
    hourly = schedule("hourly", "00:00", LORD_HOWE, every=1)
    assert last(hourly, "2026-10-03 15:10") == ("2026-10-03T14Z", "2026-10-03 14:30")


@pytest.mark.parametrize(
    "name",
    [
        "daily/2026-1-2",
        "hourly/2026-11-26T5Z",
        "weekly/2026-W8",
        "weekly/2025-W53",
        "weekly/2026-W00",
        "monthly/2026-2",
        "monthly/2026-13",
        "yearly/26",
        "yearly/2026 1",
        "yearly/",
        "yearly",
        "decennial/2026",
    ],
)
def test_what_no_slot_is_named_is_no_name(name: str):
    assert not is_name(name)


@pytest.mark.parametrize("kind", SlotKind)
def test_every_slot_of_a_leap_year_has_a_name_that_is_known_again(kind: SlotKind):
    slots = schedule(kind, every=1).between(moment("2023-12-31 00:00"), moment("2025-01-02 00:00"))
    assert slots
    assert all(is_name(str(slot)) and kind_of(str(slot)) is kind for slot in slots)
