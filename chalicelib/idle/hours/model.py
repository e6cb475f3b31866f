"""Running hours: when an instance is to run, whatever clocks do; ``text`` reads them from tags.

Where clocks change, a span lasts from the first moment at which the clock has come to its beginning until the last at
which it has not come to its end. So a time that clocks skip comes when they have skipped it; of one that they show
twice, the first one begins a span and the second one ends it: the instance runs through both. No change of clocks stops
or starts it once more than other days do.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ALWAYS_WORD, NEVER_WORD, DAILY = "always", "never", "daily"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 24 * 60
MINUTES_A_WEEK = 7 * MINUTES_A_DAY
# A change of clocks may swallow the only hours of a week that are off; none does so for a month.
FARTHEST_CHANGE = timedelta(days=31)
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Span:
    """The same hours of some days in a row, ``first`` to ``last`` of 0 to 6; Monday is 0.

    ``begin`` and ``end`` count minutes from midnight; an ``end`` that is not after ``begin`` is the next day's, and the
    whole span belongs to the day on which it begins.
    """

    first: int
    last: int
    begin: int
    end: int

    def falls_on(self, weekday: int) -> bool:
        """Say whether it begins on such a day."""
        return (weekday - self.first) % 7 <= (self.last - self.first) % 7

    @property
    def minutes(self) -> int:
        """Return how long it lasts where clocks do not change."""
        return (self.end - self.begin) % MINUTES_A_DAY or MINUTES_A_DAY

    def __str__(self) -> str:
        days = DAYS[self.first] if self.first == self.last else f"{DAYS[self.first]}-{DAYS[self.last]}"
        return f"{DAILY if (self.first, self.last) == (0, 6) else days} {_clock(self.begin)}-{_clock(self.end)}"


@dataclass(frozen=True)
class RunningHours:
    """When an instance is to run: within any of its spans, by the clocks of a zone."""

    spans: tuple[Span, ...]
    zone: ZoneInfo = _UTC

    def is_on(self, now: datetime) -> bool:
        """Say whether the instance is to run."""
        return any(begin <= now < end for begin, end in self._on(self._yesterday(now), 3))

    def next_change(self, now: datetime) -> datetime | None:
        """Return, in UTC, when next it is to be otherwise than just before; None where it is always the same."""
        edges = (edge for spell in self._spells(now, FARTHEST_CHANGE.days) for edge in spell)
        return min((edge for edge in edges if now < edge <= now + FARTHEST_CHANGE), default=None)

    @property
    def off_hours_a_week(self) -> float:
        """Return for how many hours it does not run in a week in which clocks do not change."""
        on = {
            (weekday * MINUTES_A_DAY + span.begin + minute) % MINUTES_A_WEEK
            for span in self.spans
            for weekday in range(7)
            if span.falls_on(weekday)
            for minute in range(span.minutes)
        }
        return (MINUTES_A_WEEK - len(on)) / 60

    def _spells(self, now: datetime, days: int) -> list[tuple[datetime, datetime]]:
        """Return from when until when, in UTC, it is to run around now and so many days ahead, in order and apart."""
        spells: list[tuple[datetime, datetime]] = []
        for begin, end in sorted(self._on(self._yesterday(now), days + 3)):
            if spells and begin <= spells[-1][1]:
                spells[-1] = spells[-1][0], max(end, spells[-1][1])
            elif begin < end:
                spells.append((begin, end))
        return spells

    def _yesterday(self, now: datetime) -> date:
        """Return the day before today: its spans may reach into today, as tomorrow's where clocks go back over it."""
        return now.astimezone(self.zone).date() - timedelta(days=1)

    def _on(self, first: date, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Yield from when until when each span of some days lasts, in UTC; one that clocks skip is empty."""
        for day in (first + timedelta(days=number) for number in range(days)):
            for span in self.spans:
                if span.falls_on(day.weekday()):
                    begin, end = span.begin, span.begin + span.minutes
                    yield moment(day, begin, self.zone, is_end=False), moment(day, end, self.zone, is_end=True)

    def __str__(self) -> str:
        if not self.spans:
            return NEVER_WORD
        return ALWAYS_WORD if self == ALWAYS else f"{' + '.join(map(str, self.spans))} {self.zone}"


ALWAYS = RunningHours((Span(0, 6, 0, MINUTES_A_DAY),))
NEVER = RunningHours(())


@lru_cache(maxsize=10_000)  # thousands of instances have the same hours
def moment(day: date, minutes: int, zone: ZoneInfo, *, is_end: bool) -> datetime:
    """Return when clocks come to so many minutes after a day's midnight, in UTC; of two times the last if it ends."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if is_end else first
    # It is skipped: by the clock before, it would come after the change, and by the clock after, before it
    # (https://peps.python.org/pep-0495/#mind-the-gap). The change is between the two.
    changed = first.astimezone(zone).utcoffset()

    def has_changed(seconds: int) -> bool:
        return (second + timedelta(seconds=seconds)).astimezone(zone).utcoffset() == changed

    between = range(int((first - second).total_seconds()))
    return second + timedelta(seconds=bisect_left(between, True, key=has_changed))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
