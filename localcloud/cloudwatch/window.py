"""The time that is asked for: how CloudWatch rounds its start, and what it still keeps of it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

DAY = 86_400
KEPT = 455 * DAY


@dataclass(frozen=True)
class Window:
    """From a start, rounded, to an end, which is left out; as seen now. All in seconds since the epoch."""

    start: int
    end: float
    now: float

    @classmethod
    def of(cls, start: datetime, end: datetime, now: float) -> Window:
        """Round a start down: to whole minutes, five minutes or hours, the longer ago it is.

        Moments without a time zone are in UTC.
        """
        first = start.replace(tzinfo=UTC).timestamp()
        unit = resolution(now - first)
        return cls(int(first // unit) * unit, end.replace(tzinfo=UTC).timestamp(), now)

    def keeps(self, period: int) -> bool:
        """Tell whether datapoints of a period are still there: they are kept ever coarser."""
        return period % resolution(self.now - self.start) == 0


@lru_cache(16)  # the queries of a request mostly ask for the same ones
def periods(window: Window, period: int, slot: int) -> tuple[tuple[int, int, int], ...]:
    """Return the beginning of each period of a window, with the first of its slots and the one after its last.

    Periods and slots are so many seconds long. A slot belongs to the period in which it begins; it is left out while
    it is not over, and when it is no longer kept.
    """
    oldest, newest = math.ceil((window.now - KEPT) / slot), int(window.now // slot)
    begins = range(window.start, math.ceil(window.end), period)
    ends = (min(begin + period, window.end) for begin in begins)
    return tuple(
        (begin, max(math.ceil(begin / slot), oldest), min(math.ceil(end / slot), newest))
        for begin, end in zip(begins, ends, strict=True)
    )


def resolution(age: float) -> int:
    """Return how fine time still is that long ago; both in seconds."""
    if age < 15 * DAY:
        return 60
    return 300 if age <= 63 * DAY else 3_600
