"""AWS's cron dialect: six fields in UTC, with `?`, `L`, `W` and `#`.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
WEEKDAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
YEARS = range(1970, 2200)


@dataclass(frozen=True)
class Cron:
    """A parsed cron expression."""

    minutes: frozenset[int]
    hours: frozenset[int]
    day_of_month: str
    """The field as written, `?` if the weekday decides."""
    months: frozenset[int]
    day_of_week: str
    """The field as written, `?` if the day of the month decides."""
    years: frozenset[int]

    @classmethod
    def parse(cls, fields: str) -> Cron:
        """Parse what stands between the brackets of `cron(…)`; raise ValueError saying what is wrong."""
        parts = fields.upper().split()
        if len(parts) != 6:
            raise ValueError(f"a cron expression has six fields, not {len(parts)}")
        minutes, hours, day_of_month, months, day_of_week, years = parts
        if (day_of_month == "?") == (day_of_week == "?"):
            raise ValueError("exactly one of day-of-month and day-of-week must be ?")
        made = cls(
            minutes=_numbers(minutes, range(60)),
            hours=_numbers(hours, range(24)),
            day_of_month=day_of_month,
            months=_numbers(months, range(1, 13), MONTHS),
            day_of_week=day_of_week,
            years=_numbers(years, YEARS),
        )
        made.days(2024, 1)  # a wrong day is to be found now
        return made

    def days(self, year: int, month: int) -> set[int]:
        """Return the days of a month on which the expression fires."""
        if self.day_of_week == "?":
            return {day for part in self.day_of_month.split(",") for day in _days_of_month(part, year, month)}
        return {day for part in self.day_of_week.split(",") for day in _weekdays(part, year, month)}

    def after(self, moment: datetime) -> datetime | None:
        """Return the first minute after a moment at which the expression fires, or None if there is none."""
        start = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for year in sorted(year for year in self.years if year >= start.year):
            for month in sorted(self.months):
                for day in sorted(self.days(year, month)):
                    if found := self._on(date(year, month, day), start):
                        return found
        return None

    def _on(self, day: date, start: datetime) -> datetime | None:
        if day < start.date():
            return None
        moments = (
            datetime.combine(day, time(hour, minute), UTC)
            for hour in sorted(self.hours)
            for minute in sorted(self.minutes)
        )
        return next((moment for moment in moments if moment >= start), None)


def _numbers(field: str, allowed: range, names: dict[str, int] | None = None) -> frozenset[int]:
    """Return the numbers that a field stands for: `*`, lists, ranges and steps."""
    return frozenset(number for part in field.split(",") for number in _part(part, allowed, names or {}))


def _part(part: str, allowed: range, names: dict[str, int]) -> range:
    span, _, step = part.partition("/")
    low, _, high = span.partition("-")
    first = allowed[0] if span == "*" else _number(low, allowed, names)
    last = _number(high, allowed, names) if high else allowed[-1] if span == "*" or step else first
    if last < first:
        raise ValueError(f"{part} runs backwards")
    if step and not (step.isdecimal() and int(step)):
        raise ValueError(f"{part}: {step} is no step")
    return range(first, last + 1, int(step or 1))


def _number(text: str, allowed: range, names: dict[str, int]) -> int:
    number = names.get(text, int(text) if text.isdecimal() else None)
    if number is None or number not in allowed:
        raise ValueError(f"{text} is not from {allowed[0]} to {allowed[-1]}")
    return number


def _days_of_month(part: str, year: int, month: int) -> set[int]:
    last = calendar.monthrange(year, month)[1]
    if part == "L":
        return {last}
    if part.endswith("W"):
        return {_nearest_workday(year, month, min(_number(part[:-1], range(1, 32), {}), last))}
    return {day for day in _part(part, range(1, 32), {}) if day <= last}


def _nearest_workday(year: int, month: int, day: int) -> int:
    """Return the workday nearest to a day, within its month."""
    last = calendar.monthrange(year, month)[1]
    match calendar.weekday(year, month, day):
        case calendar.SATURDAY:
            return day - 1 if day > 1 else day + 2
        case calendar.SUNDAY:
            return day + 1 if day < last else day - 2
        case _:
            return day


def _weekdays(part: str, year: int, month: int) -> set[int]:
    if part.endswith("L"):
        return {max(_all_of(part[:-1] or "7", year, month))}
    if "#" in part:
        weekday, _, nth = part.partition("#")
        which = _number(nth, range(1, 6), {})
        return set(_all_of(weekday, year, month)[which - 1 : which])
    numbers = _part(part, range(1, 8), WEEKDAYS)
    return {day for number in numbers for day in _all_of(str(number), year, month)}


def _all_of(weekday: str, year: int, month: int) -> list[int]:
    """Return the days of a month that fall on a weekday, 1 or SUN to 7 or SAT."""
    wanted = (_number(weekday, range(1, 8), WEEKDAYS) + 5) % 7  # the calendar counts from Monday, 0
    return [
        day for day in range(1, calendar.monthrange(year, month)[1] + 1) if calendar.weekday(year, month, day) == wanted
    ]
