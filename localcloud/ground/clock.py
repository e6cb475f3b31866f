"""The cloud's wall clock: real time, or time that runs on from some other moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

REAL = timedelta(0)


class Clock:
    """Tells the time, in UTC; it never stands still."""

    def __init__(self) -> None:
        self.offset = REAL
        """How far it is ahead of real time."""

    def set(self, moment: datetime | None) -> None:
        """Let it run on from a moment that knows its time zone; None means real time. Raise ValueError."""
        if moment is not None and moment.tzinfo is None:
            raise ValueError(f"{moment}: a moment with its time zone is wanted")
        self.offset = moment - datetime.now(UTC) if moment else REAL

    def now(self) -> datetime:
        """Return what it shows."""
        return datetime.now(UTC) + self.offset
