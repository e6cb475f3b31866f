"""The cloud's wall clock: real time, or time that runs on from some other moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

REAL = timedelta(0)
YEARS = range(1980, 2200)  # outside of it, nanoseconds or some format of a file end


class Clock:
    """Tells the time, in UTC; it never stands still."""

    def __init__(self) -> None:
        self.offset = REAL
        """How far it is ahead of real time."""

    def set(self, moment: datetime | None) -> None:
        """Let it run on from a moment that knows its time zone; None means real time. Raise ValueError."""
        if moment and (moment.tzinfo is None or moment.year not in YEARS):
            raise ValueError(f"a moment with its time zone is wanted, from {YEARS[0]} to {YEARS[-1]}")
        self.offset = moment - datetime.now(UTC) if moment else REAL

    def now(self) -> datetime:
        """Return what it shows."""
        return datetime.now(UTC) + self.offset
