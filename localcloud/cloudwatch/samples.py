"""The metrics that EC2 emits of an instance, and samples of one taken together.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from moto.ec2.models.instance_types import INSTANCE_TYPES

from localcloud.cloudwatch.behaviour import EVERY, Hour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

type Work = list[tuple[Hour, int]]
"""Hours, and how many five-minute slots of each are meant."""


class Samples(NamedTuple):
    """Samples of one metric: how many, what they come to, the least and the most."""

    number: float
    total: float
    least: float
    most: float


def together(parts: Iterable[Samples | None]) -> Samples | None:
    """Take samples together; None where there are none."""
    found = [each for each in parts if each]
    if len(found) < 2:
        return found[0] if found else None
    numbers, totals, least, most = zip(*found, strict=True)
    return Samples(sum(numbers), sum(totals), min(least), max(most))


STATISTICS: dict[str, Callable[[Samples], float]] = {
    "SampleCount": lambda samples: float(samples.number),
    "Average": lambda samples: samples.total / samples.number,
    "Sum": lambda samples: float(samples.total),
    "Minimum": lambda samples: float(samples.least),
    "Maximum": lambda samples: float(samples.most),
}


@dataclass(frozen=True)
class Metric:
    """A metric of instances; `of` takes its samples in a whole hour."""

    unit: str
    of: Callable[[Hour], Samples | None]
    burstable_only: bool = False

    def is_emitted_by(self, instance_type: str) -> bool:
        """Tell whether instances of a type have this metric."""
        burstable = INSTANCE_TYPES.get(instance_type, {}).get("BurstablePerformanceSupported", False)
        return burstable or not self.burstable_only

    def samples(self, work: Work) -> Samples | None:
        """Return the samples of some work; None where there are none."""
        return together(
            Samples(whole.number * slots * EVERY / hour.samples, whole.total * slots * EVERY / hour.samples, *whole[2:])
            for hour, slots in work
            if (whole := self.of(hour))
        )


def _cpu(hour: Hour) -> Samples:
    """Take the least as far below the average as the most is above it, as far as there is room."""
    least = max(0.0, 2 * hour.cpu_average - hour.cpu_peak)
    return Samples(hour.samples, hour.cpu_average * hour.samples, least, hour.cpu_peak)


def _network(total: float, samples: int) -> Samples:
    """Spread the bytes of an hour evenly: a sample is what came in its minute."""
    return Samples(samples, total, total / samples, total / samples)


def _credits(hour: Hour) -> Samples | None:
    """Take one sample in five minutes: there are no more of credits."""
    if hour.credits is None:
        return None
    count = hour.samples // EVERY
    return Samples(count, hour.credits * count, hour.credits, hour.credits)


METRICS = {
    "CPUUtilization": Metric("Percent", _cpu),
    "NetworkIn": Metric("Bytes", lambda hour: _network(hour.network_in, hour.samples)),
    "NetworkOut": Metric("Bytes", lambda hour: _network(hour.network_out, hour.samples)),
    "CPUCreditBalance": Metric("Count", _credits, burstable_only=True),
}
