"""What instances do, made up hour by hour: of this their metrics are made."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

EVERY = 5  # minutes: basic monitoring, of which each datapoint counts five samples


@dataclass(frozen=True, slots=True)
class Hour:
    """What an instance does in one hour, in UTC: CPU in percent, traffic in bytes of the whole hour.

    ``samples`` are taken one a minute, in the first minutes of the hour, and come by fives; ``credits`` are those of a
    burstable type, and shown of no other.
    """

    cpu_average: float
    cpu_peak: float
    network_in: float = 0.0
    network_out: float = 0.0
    samples: int = 60
    credits: float | None = None

    def __post_init__(self) -> None:
        if self.samples not in range(EVERY, 61, EVERY):
            raise ValueError(
                f"{self.samples} samples: from {EVERY} to 60 are wanted, by fives; an hour of none is None"
            )
        if not 0 <= self.cpu_average <= self.cpu_peak:
            raise ValueError(f"a peak of {self.cpu_peak} % with an average of {self.cpu_average} %")


type Behaviour = Callable[[datetime], Hour | None]
"""Asked for an hour, by its beginning in UTC, it tells what was done; None where nothing was emitted.

It may be asked for the same hour again, and then answers alike. The same `Hour` again is cheaper than an equal one, and
so is the same behaviour for many instances.
"""


def steady(
    cpu: float,
    peak: float | None = None,
    *,
    network_in: float = 0.0,
    network_out: float = 0.0,
    samples: int = 60,
    credits: float | None = None,  # noqa: A002 - what AWS calls them
) -> Behaviour:
    """Do the same in every hour; without a peak the CPU is at its average all the time."""
    hour = Hour(cpu, cpu if peak is None else peak, network_in, network_out, samples, credits)
    return lambda _: hour


def silent(_hour: datetime) -> None:
    """Emit nothing, as an instance does that CloudWatch does not hear of."""


def by_day(
    busy: Behaviour,
    quiet: Behaviour,
    hours: Container[int] = range(8, 18),
    weekdays: Container[int] = range(5),
    zone: tzinfo = UTC,
) -> Behaviour:
    """Be busy in some hours of some weekdays, of which Monday is 0, in a time zone; be quiet in all others."""

    def behaviour(hour: datetime) -> Hour | None:
        there = _local(hour, zone)
        is_busy = there.hour in hours and there.weekday() in weekdays
        return (busy if is_busy else quiet)(hour)

    return behaviour


def from_(moment: datetime, before: Behaviour, after: Behaviour) -> Behaviour:
    """Do something else from a moment on, that is, from the first hour that begins then or later."""
    return lambda hour: (before if hour < moment else after)(hour)


@lru_cache(100_000)
def _local(hour: datetime, zone: tzinfo) -> datetime:
    return hour.astimezone(zone)


QUIET = steady(0.2, 0.8, network_in=12_000, network_out=6_000, credits=144)
"""What an instance does that is not told: no more than its operating system does."""
