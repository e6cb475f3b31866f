"""Slots: the moments at which a schedule wants a snapshot; each has a name, and comes once, whatever clocks do.

A slot is named after its period, not after its moment: who moves a daily schedule from 3 to 4 o'clock gets no second
snapshot for the same day.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

HOURS = 24


class SlotKind(StrEnum):
    """How often a slot comes: the grandfather-father-son scheme's generations."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot: its kind, its period such as ``2026-11-26`` or ``2026-W48``, and when it is due, in UTC."""

    kind: SlotKind
    period: str
    due: datetime

    def __str__(self) -> str:
        return f"{self.kind}/{self.period}"


PERIODS = {  # how the period of a kind is written
    SlotKind.HOURLY: "%Y-%m-%dT%HZ",
    SlotKind.DAILY: "%Y-%m-%d",
    SlotKind.WEEKLY: "%G-W%V",
    SlotKind.MONTHLY: "%Y-%m",
    SlotKind.YEARLY: "%Y",
}
FARTHEST_APART = {  # days between two slots of a kind, at the most, but for changes of clocks
    SlotKind.HOURLY: 1,
    SlotKind.DAILY: 1,
    SlotKind.WEEKLY: 7,
    SlotKind.MONTHLY: 31,
    SlotKind.YEARLY: 366,
}


@dataclass(frozen=True)
class Schedule:
    """When slots of one kind come, by the clocks of a time zone.

    ``at`` is the time of day, of hourly slots the first one's; ``every`` counts hours, and divides 24. ``weekday``
    counts from Monday, 0. A ``day`` that a month does not have is its last one.
    """

    kind: SlotKind
    zone: ZoneInfo
    at: time
    every: int = HOURS
    weekday: int = 0
    day: int = 1
    month: int = 1

    def latest(self, now: datetime) -> Slot:
        """Return the last slot that is due."""
        return self.between(now - self.apart - timedelta(days=2), now)[-1]

    @property
    def apart(self) -> timedelta:
        """Return how far two slots are apart, at the most, but for changes of clocks."""
        return timedelta(hours=self.every) if self._is_hourly else timedelta(days=FARTHEST_APART[self.kind])

    def between(self, start: datetime, end: datetime) -> list[Slot]:
        """Return the slots that are due after ``start`` and not after ``end``, in their order.

        Where clocks go forward over a slot's time, it is due as much later (RFC 5545, 3.3.5); where they go back over
        it, it is due the first time. An hourly slot of each hour is the exception: both hours have one.
        """
        day = start.astimezone(self.zone).date() - timedelta(days=1)
        last = end.astimezone(self.zone).date()
        by_moment: dict[datetime, Slot] = {}
        while day <= last:
            by_moment.update((slot.due, slot) for slot in self._on(day))
            day += timedelta(days=1)
        # By name, too: where a zone moves by half an hour, an hour of UTC is met twice, and its first half counts.
        by_name: dict[str, Slot] = {}
        for _, slot in sorted(by_moment.items()):
            by_name.setdefault(slot.period, slot)
        return [slot for slot in by_name.values() if start < slot.due <= end]

    def _on(self, day: date) -> Iterator[Slot]:
        if not self._falls_on(day):
            return
        for hour in range(self.at.hour % self.every, HOURS, self.every) if self._is_hourly else (self.at.hour,):
            local = datetime.combine(day, time(hour, self.at.minute), self.zone)
            due = local.astimezone(UTC)
            again = local.replace(fold=1).astimezone(UTC)
            yield Slot(self.kind, self._period(day, due), due)
            if self.every == 1 and again > due:
                yield Slot(self.kind, self._period(day, again), again)

    @property
    def _is_hourly(self) -> bool:
        return self.kind is SlotKind.HOURLY

    def _falls_on(self, day: date) -> bool:
        match self.kind:
            case SlotKind.HOURLY | SlotKind.DAILY:
                return True
            case SlotKind.WEEKLY:
                return day.weekday() == self.weekday
            case SlotKind.MONTHLY:
                return day.day == min(self.day, _length(day))
            case SlotKind.YEARLY:
                return day.month == self.month and day.day == min(self.day, _length(day))

    def _period(self, day: date, due: datetime) -> str:
        return (due if self._is_hourly else day).strftime(PERIODS[self.kind])


def kind_of(name: str) -> SlotKind:
    """Return the kind of a slot by its name; raise ValueError where there is no such kind."""
    return SlotKind(name.partition("/")[0])


@lru_cache(maxsize=100_000)  # the same slots come thousands of times
def is_name(text: str) -> bool:
    """Whether some slot is so named, to the letter."""
    kind, _, period = text.partition("/")
    if kind not in SlotKind:
        return False
    form = PERIODS[SlotKind(kind)]
    try:
        # The day is for weeks, which have none of their own; other periods let it be.
        moment = datetime.strptime(f"{period} 1", f"{form} %u").replace(tzinfo=UTC)
    except ValueError:
        return False
    return moment.strftime(form) == period


def _length(day: date) -> int:
    return monthrange(day.year, day.month)[1]
