"""What a behaviour comes to from one five-minute slot to another, worked out once for all instances that share it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from localcloud.cloudwatch.behaviour import EVERY
from localcloud.cloudwatch.samples import METRICS

if TYPE_CHECKING:
    from localcloud.cloudwatch.behaviour import Behaviour
    from localcloud.cloudwatch.samples import Samples, Work

SLOT = 60 * EVERY  # seconds; slots are counted from the epoch
HOUR = 3_600 // SLOT


class Doings:
    """What is done by a behaviour while it goes on without a break."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._work = lru_cache(1_000)(self._worked)
        self.samples = lru_cache(10_000)(self._sampled)
        """Return the samples of a metric from one slot to another, which is left out; None where there are none."""

    def _sampled(self, name: str, begin: int, end: int) -> Samples | None:
        return METRICS[name].samples(self._work(begin, end))

    def _worked(self, begin: int, end: int) -> Work:
        """Return the whole hours, of which neighbours that are alike are one piece of work, and those at the edges."""
        whole = range(-(-begin // HOUR), end // HOUR)
        hours = groupby(map(self._behaviour, _hours(whole.start, whole.stop)))
        work = [(hour, hour.samples // EVERY * len(list(alike))) for hour, alike in hours if hour]
        for number in {begin // HOUR, (end - 1) // HOUR} - set(whole):
            (hour,), start = map(self._behaviour, _hours(number, number + 1)), number * HOUR
            if hour and (slots := min(end, start + hour.samples // EVERY) - max(begin, start)) > 0:
                work.append((hour, slots))
        return work


@lru_cache(1_000)
def _hours(first: int, end: int) -> tuple[datetime, ...]:
    return tuple(datetime.fromtimestamp(hour * 3_600, UTC) for hour in range(first, end))
