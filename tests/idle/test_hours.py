"""Running hours are read strictly, and kept whatever clocks do; a slower walk along the clock agrees."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.idle.hours.model import ALWAYS, MINUTES_A_DAY, NEVER, RunningHours, Span
from chalicelib.idle.hours.text import parse

UTC_ZONE = ZoneInfo("UTC")
BERLIN, NEW_YORK, LORD_HOWE, HAVANA, ST_JOHNS, APIA, KOLKATA = (
    ZoneInfo(name)
    for name in (
        *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "America/St_Johns"),
        *("Pacific/Apia", "Asia/Kolkata"),
    )
)
STEP = timedelta(minutes=15)
STEPS_A_DAY = 96


def moment(text: str) -> datetime:
    """Return a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(text: str) -> RunningHours:
    return parse(text, UTC_ZONE)


@pytest.mark.parametrize(
    ("text", "says", "off"),
    [
        pytest.param("mon-fri 08:00-19:00 Europe/Berlin", "", 113.0, id="office hours"),
        pytest.param("daily 06:00-22:00", "daily 06:00-22:00 UTC", 56.0, id="no zone is the operator's"),
        pytest.param("mon-fri 08:00-18:00 + sat 09:00-13:00 Europe/London", "", 114.0, id="two spans"),
        pytest.param("mon-fri 22:00-06:00 UTC", "", 128.0, id="over midnight"),
        pytest.param("sun 22:00-06:00 UTC", "", 160.0, id="over midnight into the next week"),
        pytest.param("fri-mon 10:00-12:00 UTC", "", 160.0, id="days over the end of the week"),
        pytest.param("sat 00:00-24:00 UTC", "", 144.0, id="a whole day"),
        pytest.param("sat 18:00-00:00 UTC", "sat 18:00-24:00 UTC", 162.0, id="until midnight"),
        pytest.param("mon 08:00-12:00 + mon 10:00-14:00 UTC", "", 162.0, id="what overlaps counts once"),
        pytest.param("always", "", 0.0, id="always"),
        pytest.param("daily 00:00-24:00 UTC", "always", 0.0, id="always, at length"),
        pytest.param("never", "", 168.0, id="never"),
        pytest.param(
            " MON-Fri  08:00-19:00   europe/BERLIN ", "mon-fri 08:00-19:00 Europe/Berlin", 113.0, id="case and spaces"
        ),
        pytest.param("mon 08:00-09:00 + tue 08:00-09:00 Etc/GMT+5", "", 166.0, id="a zone with a plus sign"),
    ],
)
def test_what_a_tag_may_say(text: str, says: str, off: float):
    found = hours(text)
    assert str(found) == (says or text)
    assert found.off_hours_a_week == off


def test_always_and_never_are_what_they_are():
    assert (hours("Always"), hours("never")) == (ALWAYS, NEVER)
    now = moment("2026-11-26 12:00")
    assert (ALWAYS.is_on(now), ALWAYS.next_change(now)) == (True, None)
    assert (NEVER.is_on(now), NEVER.next_change(now)) == (False, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "'' is not understood: it wants DAYS HH:MM-HH:MM", id="nothing"),
        pytest.param("alwyas", "or always, or never", id="a word"),
        pytest.param("always Europe/Berlin", "always stands alone", id="always somewhere"),
        pytest.param("mon-fri", "'mon-fri' is not understood", id="no time"),
        pytest.param("08:00-19:00", "'08:00-19:00' is not understood", id="no day"),
        pytest.param("monday 08:00-19:00", "'monday' is no day: did you mean mon?", id="a long day"),
        pytest.param("mon-fir 08:00-19:00", "'fir' is no day: did you mean fri?", id="a slip"),
        pytest.param("weekdays 08:00-19:00", "there are mon, tue, wed, thu, fri, sat, sun and daily", id="no day"),
        pytest.param("mon,tue 08:00-19:00", "'mon,tue' is no day", id="a comma"),
        pytest.param("mon-mon 08:00-19:00", "could be one day or all: write mon, or daily", id="one day or all"),
        pytest.param("mon-fri 8-19", "'8-19' is no span of time: it wants HH:MM-HH:MM", id="hours alone"),
        pytest.param("mon-fri 8:00-19:00", "'8:00-19:00' is no span of time", id="one digit"),
        pytest.param("mon-fri 08:00-19:60", "is no span of time", id="a minute too many"),
        pytest.param("mon-fri 24:00-06:00", "is no span of time", id="from the end of a day"),
        pytest.param("mon-fri 08:00-24:01", "is no span of time", id="after the end of a day"),
        pytest.param("mon-fri ٠٨:00-19:00", "is no span of time", id="other digits"),
        pytest.param("mon-fri 08:00-08:00", "write 00:00-24:00 for a whole day", id="no time, or all"),
        pytest.param("mon-fri 08:00 - 19:00", "is not understood", id="spaces within"),
        pytest.param("mon 08:00-09:00+tue 08:00-09:00", "'08:00-09:00+tue' is no span", id="no space for the plus"),
        pytest.param("mon 08:00-09:00 +", "'' is not understood", id="a plus too many"),
        pytest.param("mon 08:00-09:00 UTC + tue 08:00-09:00", "named once, at the end", id="a zone within"),
        pytest.param("mon 08:00-09:00 berlin", "'berlin' is no time zone: did you mean Europe/Berlin?", id="a city"),
        pytest.param("mon 08:00-09:00 Europe/Berln", "did you mean Europe/Berlin?", id="a slip in a zone"),
        pytest.param("mon 08:00-09:00 CEST", "it wants a name such as Europe/Berlin or UTC", id="an abbreviation"),
        pytest.param("mon 08:00-09:00 America/New York", "is not understood", id="a space in a zone"),
        pytest.param("mon 08:00-09:00 ../etc/passwd", "is no time zone", id="a path"),
        pytest.param("mon 08:00-09:00 localtime", "'localtime' is no time zone", id="whatever this machine has"),
    ],
)
def test_what_is_malformed_is_refused_with_what_would_be_right(text: str, reason: str):
    with pytest.raises(ValueError) as refused:  # noqa: PT011  what it says is what matters
        hours(text)
    assert reason in str(refused.value)


thorough = settings(max_examples=8, deadline=None, derandomize=True, database=None)
zones = st.sampled_from([UTC_ZONE, BERLIN, NEW_YORK, LORD_HOWE, HAVANA, ST_JOHNS, APIA, KOLKATA])


@st.composite
def spans(draw: st.DrawFn, minutes: int = 1) -> Span:
    day = st.integers(0, 6)
    times = st.integers(0, MINUTES_A_DAY // minutes - 1).map(lambda number: number * minutes)
    begin, end = draw(st.tuples(times, times).filter(lambda pair: pair[0] != pair[1]))
    return Span(draw(day), draw(day), begin, end or MINUTES_A_DAY)


def running_hours(minutes: int = 1) -> st.SearchStrategy[RunningHours]:
    some = st.builds(RunningHours, st.lists(spans(minutes), min_size=1, max_size=4).map(tuple), zones)
    return some | st.sampled_from([ALWAYS, NEVER])


@given(running_hours(), zones)
def test_what_they_say_is_read_as_the_same(found: RunningHours, other: ZoneInfo):
    said = str(found)
    assert parse(said, other) == found
    assert parse(f"  {said.upper()} ", other) == found
    assert all(each.isascii() and (each.isalnum() or each in " +-=._:/@") for each in said), "fit for any tag"


WORDS = ["mon-fri", "sat-mon", "daily", "08:00-19:00", "9:00", "+", "UTC", "never"]


@given(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join))
def test_any_text_is_refused_or_read_as_what_it_says(text: str):
    try:
        found = hours(text)
    except ValueError:
        return
    assert hours(str(found)) == found


# The walk along the clock goes by minutes, since St. John's went back at 00:01. It says of every quarter of an hour the
# latest time that a zone's clock has shown so far, and the earliest one that it will still show.
CHANGES = [
    pytest.param(BERLIN, "2026-03-29", id="Berlin goes forward"),
    pytest.param(BERLIN, "2026-10-25", id="Berlin goes back"),
    pytest.param(NEW_YORK, "2026-03-08", id="New York goes forward"),
    pytest.param(NEW_YORK, "2026-11-01", id="New York goes back"),
    pytest.param(LORD_HOWE, "2026-10-04", id="Lord Howe goes forward by half an hour"),
    pytest.param(LORD_HOWE, "2026-04-05", id="Lord Howe goes back by half an hour"),
    pytest.param(HAVANA, "2026-03-08", id="Havana skips midnight"),
    pytest.param(HAVANA, "2026-11-01", id="Havana has midnight twice"),
    pytest.param(ST_JOHNS, "2010-11-07", id="St. John's went back over midnight"),
    pytest.param(APIA, "2011-12-30", id="Apia skipped a day"),
    pytest.param(KOLKATA, "2026-03-29", id="Kolkata never changes"),
]


@cache
def walk(zone: ZoneInfo, first: date, days: int) -> list[tuple[datetime, datetime, datetime]]:
    """Return moments, each with the latest time that was shown, and the earliest that is still to be."""
    start = datetime.combine(first, time(), UTC)
    moments = [start + timedelta(minutes=number) for number in range(days * MINUTES_A_DAY)]
    shown = [each.astimezone(zone).replace(tzinfo=None) for each in moments]
    latest, earliest = shown[:1], shown[-1:]
    for each in shown[1:]:
        latest.append(max(latest[-1], each))
    for each in reversed(shown[:-1]):
        earliest.append(min(earliest[-1], each))
    return list(zip(moments, latest, reversed(earliest), strict=True))[:: MINUTES_A_DAY // STEPS_A_DAY]


def is_on(found: RunningHours, latest: datetime, earliest: datetime) -> bool:
    """Say whether the clock has come to the beginning of a span, and not for the last time to its end."""
    for back in range(-2, 3):
        midnight = datetime.combine(latest.date() - timedelta(days=back), time())
        for span in found.spans:
            begin = midnight + timedelta(minutes=span.begin)
            if (
                span.falls_on(midnight.weekday())
                and begin <= latest
                and earliest < begin + timedelta(minutes=span.minutes)
            ):
                return True
    return False


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@thorough
@given(some=st.lists(spans(15), min_size=1, max_size=3))
def test_around_changes_of_clocks_they_are_on_as_by_a_walk_along_the_clock(zone: ZoneInfo, day: str, some: list[Span]):
    found = RunningHours(tuple(some), zone)
    for now, latest, earliest in walk(zone, date.fromisoformat(day) - timedelta(days=2), 5)[STEPS_A_DAY:-STEPS_A_DAY]:
        assert found.is_on(now) == is_on(found, latest, earliest), now


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@thorough
@given(some=st.lists(spans(15), min_size=1, max_size=3))
def test_they_change_where_the_next_change_says_and_nowhere_else(zone: ZoneInfo, day: str, some: list[Span]):
    found = RunningHours(tuple(some), zone)
    steps = [now for now, *_ in walk(zone, date.fromisoformat(day) - timedelta(days=2), 5)]
    seen = [now for before, now in pairwise(steps) if found.is_on(now) != found.is_on(before)]
    assert seen == list(changes(found, steps[0], steps[-1]))


def changes(found: RunningHours, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield all changes after a moment until another."""
    now: datetime | None = start
    while (now := found.next_change(now) if now else None) and now <= end:
        yield now


YEARS = [
    pytest.param("mon-fri 08:00-19:00 Europe/Berlin", id="office hours in Berlin"),
    pytest.param("daily 02:30-12:00 Europe/Berlin", id="Berlin from a time that is skipped, and comes twice"),
    pytest.param("mon-sat 22:00-02:15 America/New_York", id="New York until such a time"),
    pytest.param("daily 01:45-02:15 Australia/Lord_Howe", id="Lord Howe about such times"),
]


@pytest.mark.parametrize("text", YEARS)
def test_over_a_year_they_change_where_the_next_change_says_and_each_day_has_its_length(text: str):
    found = hours(text)
    start, end = moment("2028-01-01 00:00"), moment("2029-01-01 00:00")
    edges = list(changes(found, start, end))
    spells = dict(pairwise(edges if found.is_on(edges[0]) else edges[1:]))
    state = found.is_on(start)
    for before, after in pairwise([start, *edges, end]):
        # Just at both edges, and at moments between that differ from day to day.
        looks = [before, *samples(before, after), after - timedelta(seconds=1)]
        assert [found.is_on(now) for now in looks] == [state] * len(looks), before
        state = not state
    (span,) = found.spans
    for begin, until in list(spells.items())[::2]:
        longer = until - begin - timedelta(minutes=span.minutes)
        assert abs(longer) <= timedelta(hours=1)
        assert not longer or _changes_clocks(found.zone, begin, until), begin
    weekdays = [begin.astimezone(found.zone).weekday() for begin in list(spells)[::2]]
    assert all(map(span.falls_on, weekdays))
    days = sum(span.falls_on((start + timedelta(days=number)).weekday()) for number in range((end - start).days))
    assert abs(len(weekdays) - days) <= 1, "one for each day"


def samples(start: datetime, end: datetime) -> list[datetime]:
    """Return two moments of any, always the same ones."""
    dice = Random(start.timestamp())
    return [start + (end - start) * dice.random() for _ in range(2)]


def _changes_clocks(zone: ZoneInfo, begin: datetime, until: datetime) -> bool:
    return (begin - timedelta(hours=2)).astimezone(zone).utcoffset() != until.astimezone(zone).utcoffset()


@pytest.mark.parametrize(
    ("text", "day", "spell"),
    [
        pytest.param(
            "daily 02:30-12:00 Europe/Berlin", "2026-03-29", ("01:00", "10:00"), id="skipped: from the end of the gap"
        ),
        pytest.param("daily 01:00-02:30 Europe/Berlin", "2026-03-29", ("00:00", "01:00"), id="skipped: until its end"),
        pytest.param(
            "daily 02:30-12:00 Europe/Berlin", "2026-10-25", ("00:30", "11:00"), id="twice: from the first one on"
        ),
        pytest.param("daily 01:00-02:30 Europe/Berlin", "2026-10-24", ("23:00", "01:30"), id="twice: until the second"),
        pytest.param("daily 02:30-12:00 America/New_York", "2026-03-08", ("07:00", "16:00"), id="the same in New York"),
        pytest.param("daily 01:30-12:00 America/New_York", "2026-11-01", ("05:30", "17:00"), id="and in autumn"),
        pytest.param(
            "daily 02:15-12:00 Australia/Lord_Howe", "2026-10-03", ("15:30", "01:00"), id="half an hour skipped"
        ),
        pytest.param(
            "daily 01:45-12:00 Australia/Lord_Howe", "2026-04-04", ("14:45", "01:30"), id="half an hour twice"
        ),
        pytest.param(
            "daily 00:00-06:00 America/St_Johns", "2010-11-07", ("02:30", "09:30"), id="it was yesterday once more"
        ),
    ],
)
def test_where_clocks_change(text: str, day: str, spell: tuple[str, str]):
    found = hours(text)
    begin = moment(f"{day} {spell[0]}")
    end = begin + (moment(f"{day} {spell[1]}") - begin) % timedelta(days=1)
    assert list(changes(found, begin - STEP, end)) == [begin, end]
    steps = (end - begin) // STEP
    assert [found.is_on(begin + number * STEP) for number in range(-1, steps + 1)] == [False, *[True] * steps, False]


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@thorough
@given(span=spans(15))
def test_no_change_of_clocks_stops_or_starts_more_often_than_another_day_does(zone: ZoneInfo, day: str, span: Span):
    everyday = RunningHours((Span(0, 6, span.begin, span.end),), zone)
    start = datetime.combine(date.fromisoformat(day), time(), zone) - timedelta(hours=30)
    edges = list(changes(everyday, start, start + timedelta(days=5)))
    assert all(later - edge > timedelta(0) for edge, later in pairwise(edges))
    assert len(edges) <= 2 * 5 + 1


def test_what_is_off_for_the_hour_that_is_skipped_is_found_in_the_week_after():
    found = hours("mon-sat 00:00-24:00 + sun 00:00-02:00 + sun 03:00-24:00 Europe/Berlin")
    assert found.next_change(moment("2026-03-23 00:00")) == moment("2026-04-05 00:00")
    assert found.off_hours_a_week == 1.0


def test_what_is_always_on_in_a_zone_never_changes_though_clocks_do():
    found = hours("daily 00:00-24:00 Europe/Berlin")
    for start in (moment("2026-02-26 22:30"), moment("2026-09-24 21:30")):
        assert [found.next_change(start + timedelta(hours=number)) for number in range(48)] == [None] * 48
