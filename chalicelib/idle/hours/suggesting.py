"""Running hours are suggested for an instance that is busy by day alone, by what CloudWatch has of its hours."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from chalicelib.idle.hours.model import MINUTES_A_DAY, RunningHours, Span
from chalicelib.idle.rules import MB, Preset, Rules

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)  # all time zones differ by quarters of an hour
MARGIN = 60  # minutes before and after what was busy
LEAST_OFF = 40.0  # hours a week; less is not worth anybody's habits
LEAST_SEEN = 2  # days on which each quarter of an hour was seen, of workdays and of weekends
WORKDAYS, WEEKEND = (0, 4), (5, 6)

type Profile = Mapping[datetime, tuple[float, float]]
"""Peak CPU in percent, and network in bytes, in and out together, of hours by their beginnings.

An hour of which there are no data is not there, and that is not the same as an hour of zeros.
"""


@dataclass
class _Days:
    """What was seen of the workdays, or of the weekends, by quarters of an hour on the clock."""

    first: int
    last: int
    seen: dict[int, set[date]] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)

    def see(self, minute: int, day: date, *, is_busy: bool) -> None:
        """Note what the quarter of an hour from a minute on was like on one day."""
        self.seen.setdefault(minute, set()).add(day)
        if is_busy:
            self.busy.add(minute)

    @property
    def is_known(self) -> bool:
        """Whether each quarter of an hour was seen often enough to say what it is like."""
        every = range(0, MINUTES_A_DAY, QUARTER // timedelta(minutes=1))
        return all(len(self.seen.get(minute, ())) >= LEAST_SEEN for minute in every)

    @property
    def spans(self) -> Iterator[Span]:
        """Yield the smallest span around all that was busy, with a margin on both sides; none where nothing was."""
        if self.busy:
            begin, end = min(self.busy) - MARGIN, max(self.busy) + QUARTER // timedelta(minutes=1) + MARGIN
            yield Span(self.first, self.last, max(0, begin), min(MINUTES_A_DAY, end))


def suggest(profile: Profile, rules: Rules, now: datetime) -> tuple[RunningHours, str] | None:
    """Return running hours in the operator's time zone that cover all that was busy, and why they are suggested.

    None where the instance would be off for less than 40 hours a week; where there are too few data to know what is
    usual; and where it was never busy: then it is idle, and not by night alone.
    """
    over = {hour: seen for hour, seen in profile.items() if hour + HOUR <= now}
    workdays, weekend = _Days(*WORKDAYS), _Days(*WEEKEND)
    for hour, seen in over.items():
        is_busy = _is_busy(seen, rules.preset)
        for minute, day, is_weekend in _quarters(hour, rules.zone):
            (weekend if is_weekend else workdays).see(minute, day, is_busy=is_busy)
    spans = (*workdays.spans, *weekend.spans)
    if not (spans and workdays.is_known and weekend.is_known):
        return None
    hours = RunningHours(_together(spans), rules.zone)
    if hours.off_hours_a_week < LEAST_OFF:
        return None
    return hours, _because(over, hours)


@lru_cache(maxsize=10_000)  # the hours of thousands of instances are the same
def _quarters(hour: datetime, zone: ZoneInfo) -> tuple[tuple[int, date, bool], ...]:
    """Return the minute, the day, and whether that is of a weekend, of each quarter of an hour by a zone's clock."""
    local = [(hour + number * QUARTER).astimezone(zone) for number in range(HOUR // QUARTER)]
    return tuple((each.hour * 60 + each.minute, each.date(), each.weekday() in WEEKEND) for each in local)


def _together(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return one span where that of weekends is the same as that of workdays."""
    match [(span.begin, span.end) for span in spans]:
        case [workday, weekend] if workday == weekend:
            return (Span(WORKDAYS[0], WEEKEND[1], *workday),)
    return spans


def _is_busy(seen: tuple[float, float], preset: Preset) -> bool:
    """Say whether an hour is beyond a limit; that of a day's network is divided by 24."""
    cpu, network = seen
    return not (preset.cpu.admits(cpu) and (preset.network is None or preset.network.admits(network * 24)))


def _because(over: Profile, hours: RunningHours) -> str:
    outside = [seen for hour, seen in over.items() if not hours.is_on(hour)]
    cpu, network = (max(values) for values in zip(*outside, strict=True))
    return (
        f"it was never busy in the {len(outside)} hours that were seen outside: "
        f"peak CPU {cpu:.1f} % and network {network / MB:,.2f} MB an hour at the most"
    )
