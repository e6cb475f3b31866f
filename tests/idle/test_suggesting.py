"""Running hours are suggested where an instance is busy by day alone, and cover all that it ever did."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.idle.hours.suggesting import LEAST_OFF, Profile, suggest
from chalicelib.idle.hours.text import parse
from chalicelib.idle.rules import PRESETS, Rules

BERLIN, KOLKATA, LORD_HOWE, NEW_YORK, UTC_ZONE = (
    ZoneInfo(name) for name in ("Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York", "UTC")
)
NOW = datetime(2026, 11, 26, 6, 12, tzinfo=UTC)
IDLE, BUSY = (1.0, 1_000.0), (60.0, 50e6)
HOUR = timedelta(hours=1)

type IsBusy = Callable[[datetime], bool]


def profile(is_busy: IsBusy, zone: ZoneInfo = UTC_ZONE, now: datetime = NOW, days: int = 14) -> Profile:
    """Return whole days until now of an instance that is busy in some hours of a zone's clock."""
    start = now.replace(hour=0, minute=0) - timedelta(days=days)
    hours = [start + HOUR * number for number in range(days * 24 + now.hour + 1)]
    return {hour: BUSY if is_busy(hour.astimezone(zone)) else IDLE for hour in hours}


def without(seen: Profile, is_gone: IsBusy) -> Profile:
    return {hour: each for hour, each in seen.items() if not is_gone(hour)}


def suggested(seen: Profile, zone: ZoneInfo = UTC_ZONE, now: datetime = NOW, **more: object) -> str | None:
    found = suggest(seen, Rules(zone=zone, **more), now)  # type: ignore[arg-type]
    return str(found[0]) if found else None


def is_workday(local: datetime) -> bool:
    return local.weekday() < 5


def at_the_office(local: datetime) -> bool:
    return is_workday(local) and 9 <= local.hour < 18


def at_night(local: datetime) -> bool:
    return local.hour == 3


@pytest.mark.parametrize(
    ("is_busy", "hours"),
    [
        pytest.param(at_the_office, "mon-fri 08:00-19:00 UTC", id="idle at night and at weekends"),
        pytest.param(lambda local: 9 <= local.hour < 18, "daily 08:00-19:00 UTC", id="idle at night"),
        pytest.param(is_workday, "mon-fri 00:00-24:00 UTC", id="idle at weekends"),
        pytest.param(lambda local: not is_workday(local), "sat-sun 00:00-24:00 UTC", id="idle on workdays"),
        pytest.param(
            lambda local: at_the_office(local) or (local.weekday() == 5 and local.hour == 10),
            "mon-fri 08:00-19:00 + sat-sun 09:00-12:00 UTC",
            id="an hour on Saturdays",
        ),
        pytest.param(
            lambda local: at_the_office(local) or at_night(local),
            "mon-fri 02:00-19:00 + sat-sun 02:00-05:00 UTC",
            id="a cron job at 3 every night: narrower",
        ),
        pytest.param(
            lambda local: at_the_office(local) or (at_night(local) and local.day == 18),
            "mon-fri 02:00-19:00 UTC",
            id="a cron job at 3 on one night of the fortnight",
        ),
        pytest.param(
            lambda local: (8 <= local.hour < 21) or at_night(local), None, id="a cron job at 3, and not enough beside"
        ),
        pytest.param(lambda local: local.hour in (0, 20), None, id="midnight and evening: one span covers both"),
        pytest.param(lambda local: False, None, id="always idle: that is no idleness of nights"),
        pytest.param(lambda local: True, None, id="always busy"),
    ],
)
def test_what_is_suggested(is_busy: IsBusy, hours: str | None):
    assert suggested(profile(is_busy)) == hours


def test_it_is_said_why():
    found = suggest({**profile(at_the_office), NOW.replace(hour=2, minute=0): (4.2, 90_000.0)}, Rules(), NOW)
    assert found
    hours, because = found
    assert hours.off_hours_a_week == 113.0
    assert because == (
        "it was never busy in the 232 hours that were seen outside: "
        "peak CPU 4.2 % and network 0.09 MB an hour at the most"
    )


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.9])
def test_noise_is_no_habit(share: float):
    dice = Random(1)
    assert suggested(profile(lambda _: dice.random() < share)) is None


@pytest.mark.parametrize(
    ("last", "hours"),
    [
        pytest.param(17, "mon-fri 00:00-18:00 + sat-sun 00:00-19:00 UTC", id="40 hours off"),
        pytest.param(18, None, id="38 hours off"),
    ],
)
def test_less_than_forty_hours_a_week_are_not_worth_it(last: int, hours: str | None):
    assert suggested(profile(lambda local: local.hour in (1, 16 if is_workday(local) else last))) == hours


# What CloudWatch does not have says nothing.


def test_no_data_are_no_suggestion():
    assert suggested({}) is None


@pytest.mark.parametrize(
    ("days", "hours"),
    [pytest.param(7, "mon-fri 08:00-19:00 UTC", id="a week"), pytest.param(2, None, id="two days, and no weekend")],
)
def test_each_hour_must_have_been_seen_on_two_workdays_and_two_days_of_weekends(days: int, hours: str | None):
    assert suggested(profile(at_the_office, days=days)) == hours


def test_hours_that_were_never_seen_do_not_count_as_idle():
    """So it is where somebody stops it by night: nobody knows what it would do."""
    assert suggested(without(profile(at_the_office), at_night)) is None
    assert suggested(without(profile(at_the_office), lambda hour: at_night(hour) and is_workday(hour))) is None


def test_hours_that_were_seen_on_two_days_are_known_and_on_one_are_not():
    seen = profile(at_the_office)
    for days, hours in (((16, 17), "mon-fri 08:00-19:00 UTC"), ((16,), None)):
        kept = without(seen, lambda hour, days=days: at_night(hour) and is_workday(hour) and hour.day not in days)  # type: ignore[misc]
        assert suggested(kept) == hours


def test_some_gaps_do_no_harm():
    assert suggested(without(profile(at_the_office), lambda hour: hour.day == 20)) == "mon-fri 08:00-19:00 UTC"


def test_the_hour_that_is_not_over_says_nothing_yet():
    now = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
    seen = profile(lambda hour: hour == now.replace(minute=0), now=now)
    assert suggested(seen, now=now) is None
    assert suggested(seen, now=now + HOUR) == "mon-fri 11:00-14:00 UTC"


# What counts as busy.


@pytest.mark.parametrize(
    ("preset", "quiet", "is_quiet"),
    [
        pytest.param("compute-optimizer", (4.9, 208_000.0), True, id="within CPU, and a 24th of 5 MB"),
        pytest.param("compute-optimizer", (5.0, 0.0), False, id="at the limit of CPU, which is not included"),
        pytest.param("compute-optimizer", (1.0, 209_000.0), False, id="more network than a 24th of 5 MB"),
        pytest.param("trusted-advisor", (10.0, 208_000.0), True, id="at the limit of CPU, which is included"),
        pytest.param("trusted-advisor", (10.1, 0.0), False, id="beyond it"),
        pytest.param("cost-explorer", (1.0, 9e9), True, id="a preset without network"),
        pytest.param("cost-explorer", (1.1, 0.0), False, id="and its CPU"),
    ],
)
def test_an_hour_is_idle_by_the_presets_limits(preset: str, quiet: tuple[float, float], is_quiet: bool):
    seen = {hour: quiet if each == IDLE else each for hour, each in profile(at_the_office).items()}
    assert suggested(seen, preset=PRESETS[preset]) == ("mon-fri 08:00-19:00 UTC" if is_quiet else None)


# Clocks.


@pytest.mark.parametrize(
    ("zone", "now"),
    [
        pytest.param(BERLIN, "2026-11-26 06:12", id="Berlin"),
        pytest.param(BERLIN, "2026-04-02 06:12", id="Berlin, whose clocks have gone forward"),
        pytest.param(BERLIN, "2026-10-30 06:12", id="Berlin, whose clocks have gone back"),
        pytest.param(NEW_YORK, "2026-03-14 06:12", id="New York, whose clocks have gone forward"),
        pytest.param(NEW_YORK, "2026-11-07 06:12", id="New York, whose clocks have gone back"),
        pytest.param(KOLKATA, "2026-11-26 06:12", id="Kolkata, half an hour beside UTC"),
        pytest.param(LORD_HOWE, "2026-10-10 06:12", id="Lord Howe, whose clocks have gone forward by half an hour"),
    ],
)
def test_hours_are_those_of_the_operators_clock(zone: ZoneInfo, now: str):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = suggest(profile(at_the_office, zone, at), Rules(zone=zone), at)
    assert found
    (span,) = found[0].spans
    # Where an hour of UTC is none of the clock's, the busy hours begin up to half an hour late, and end so.
    assert 8 * 60 <= span.begin <= 8 * 60 + 30
    assert 19 * 60 <= span.end <= 19 * 60 + 30
    assert zone in (KOLKATA, LORD_HOWE) or str(found[0]) == f"mon-fri 08:00-19:00 {zone}"


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        pytest.param(KOLKATA, "mon-fri 08:30-18:30 Asia/Kolkata", id="half hours"),
        pytest.param(ZoneInfo("Asia/Kathmandu"), "mon-fri 08:45-18:45 Asia/Kathmandu", id="quarters"),
    ],
)
def test_spans_follow_clocks_that_differ_from_utc_by_parts_of_hours(zone: ZoneInfo, hours: str):
    assert suggested(profile(lambda utc: is_workday(utc) and 4 <= utc.hour < 12), zone) == hours


zones = st.sampled_from([UTC_ZONE, BERLIN, KOLKATA, LORD_HOWE, NEW_YORK])
nows = st.sampled_from([NOW, datetime(2026, 4, 2, 6, 12, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC)])


@st.composite
def habits(draw: st.DrawFn) -> tuple[Profile, Rules, datetime]:
    """Return an instance that is busy within some hours, and now and then beside; some data are missing."""
    zone, now = draw(zones), draw(nows)
    first, last = sorted(draw(st.tuples(st.integers(0, 23), st.integers(0, 23))))
    weekend, odd = draw(st.booleans()), draw(st.sets(st.integers(0, 335), max_size=3))
    gone = draw(st.sets(st.integers(0, 335), max_size=20))
    seen = profile(lambda local: first <= local.hour <= last and (weekend or is_workday(local)), zone, now)
    return (
        {
            hour: BUSY if number in odd else each
            for number, (hour, each) in enumerate(seen.items())
            if number not in gone
        },
        Rules(zone=zone),
        now,
    )


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(habits())
def test_what_is_suggested_is_on_at_every_busy_moment_and_reads_back(habit: tuple[Profile, Rules, datetime]):
    seen, rules, now = habit
    found = suggest(seen, rules, now)
    if not found:
        return
    hours, _ = found
    assert parse(str(hours), UTC_ZONE) == hours
    assert hours.off_hours_a_week >= LEAST_OFF
    for hour, each in seen.items():
        if each == BUSY and hour + HOUR <= now:
            assert all(hours.is_on(hour + timedelta(minutes=minute)) for minute in range(0, 60, 15)), hour


def test_of_such_habits_hours_are_often_suggested():
    """Else the property above would say little."""
    found: list[bool] = []

    @settings(max_examples=40, deadline=None, derandomize=True, database=None)
    @given(habits())
    def count(habit: tuple[Profile, Rules, datetime]) -> None:
        found.append(suggest(*habit) is not None)

    count()
    assert sum(found) > len(found) // 4
