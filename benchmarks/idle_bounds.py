"""The least calls that judging a fleet takes, and the seconds that the function's own pace does."""

import math
from dataclasses import dataclass
from datetime import datetime

from benchmarks.idle_stage import ACTIVE, IDLE, MIX
from chalicelib.idle.aws.cloudwatch import MOST_POINTS, MOST_QUERIES
from chalicelib.idle.aws.ec2 import FILTER_VALUES, PAGE
from chalicelib.idle.model import MOST_AT_ONCE
from chalicelib.idle.rules import Rules
from chalicelib.wiring.for_idle import BURST, CHANGES, LOOKS

DAYS = Rules().preset.days
OF_DAYS, OF_HOURS = 4, 3  # metrics of an instance: peak CPU, samples, network in and out; without the samples


@dataclass(frozen=True)
class Least:
    """The least that a fleet of this size takes."""

    size: int

    @property
    def idle(self) -> int:
        """Return how many are idle."""
        return self.size * MIX[IDLE][0] // 100

    @property
    def of_days(self) -> int:
        """Return the least calls of GetMetricData for the days of all, today included."""
        metrics = OF_DAYS * self.size
        return _calls(metrics, metrics * (DAYS + 1))

    def of_hours(self, at: datetime) -> int:
        """Return the least calls for the hours, those that are over, of the active ones."""
        metrics = OF_HOURS * self.size * ACTIVE // 100
        return _calls(metrics, metrics * (24 * DAYS + at.hour))

    @property
    def looks(self) -> int:
        """Return the least calls of EC2: all instances; types; volumes of those that are idle."""
        return _parts(self.size, PAGE) + 1 + _parts(self.idle, FILTER_VALUES)

    @property
    def of_news(self) -> int:
        """Return the least calls of EC2 for those that were not idle before.

        Each is looked at for stop protection, and flagged with a text of its own; the notice is noted of many at once.
        """
        return 2 * self.idle + _parts(self.idle, MOST_AT_ONCE)

    @property
    def paced(self) -> float:
        """Return the seconds that its own pace takes where all that are idle are news."""
        beyond = max(0, self.idle - BURST)
        return beyond / LOOKS + beyond / CHANGES


def _calls(metrics: int, points: int) -> int:
    return max(_parts(metrics, MOST_QUERIES), _parts(points, MOST_POINTS))


def _parts(whole: int, most: int) -> int:
    return math.ceil(whole / most)
