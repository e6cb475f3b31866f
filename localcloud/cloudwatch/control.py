"""The hand on the metrics of EC2 instances: what each does, and which cannot be read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.cloudwatch.behaviour import QUIET
from localcloud.cloudwatch.doings import SLOT, Doings
from localcloud.cloudwatch.lives import Life
from localcloud.cloudwatch.samples import METRICS, Samples
from localcloud.cloudwatch.window import Window, periods

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from localcloud.cloudwatch.behaviour import Behaviour
    from localcloud.ground.gate import Gate

NAMESPACE = "AWS/EC2"
INTERNAL_ERROR, FORBIDDEN = "InternalError", "Forbidden"

type Where = tuple[str, str]
"""Account and region."""


@dataclass(frozen=True)
class Asked:
    """A metric of EC2 that is asked for, in periods of some seconds."""

    name: str
    dimensions: tuple[tuple[str, str], ...]
    period: int
    unit: str | None = None

    @property
    def instance_id(self) -> str | None:
        """Return whose metric it is: without detailed monitoring there are none but those of single instances."""
        match self.dimensions:
            case (("InstanceId", instance_id),):
                return instance_id
            case _:
                return None


class Ec2Metrics:
    """Every instance emits metrics while it runs: next to nothing is done on it, unless it is told to behave otherwise.

    Monitoring is basic: one datapoint in five minutes, of five samples.
    """

    def __init__(self, gate: Gate, now: Callable[[], datetime]) -> None:
        self.troubles: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        """By instance and metric, the statuses that GetMetricData gives it next, in place of data."""
        self.now = now
        self._gate = gate
        self._lives: dict[str, Life] = {}
        self._doings: dict[Behaviour, Doings] = {}

    def behave(self, instance_id: str, behaviour: Behaviour) -> None:
        """Let an instance do, and always have done, as a behaviour tells; raise `LookupError` where there is none."""
        with self._gate:
            self._lives[instance_id].doings = self._doings_of(behaviour)

    def trouble(self, instance_id: str, metric: str, status: str = INTERNAL_ERROR, times: int = 1) -> None:
        """Let GetMetricData fail for one metric, the next times, with a status such as `Forbidden`."""
        if status not in (INTERNAL_ERROR, FORBIDDEN) or metric not in METRICS:
            raise ValueError(f"{metric}, {status}: one of {', '.join(METRICS)} is wanted, and one of two statuses")
        with self._gate:
            self.troubles[instance_id, metric] += [status] * times

    def forget(self) -> None:
        """Forget all instances."""
        self._lives.clear()
        self._doings.clear()
        self.troubles.clear()

    def see(self, instance: Any) -> None:
        """Take note of the state of one of moto's instances."""
        if instance.id not in self._lives:
            self._lives[instance.id] = Life(instance, self._doings_of(QUIET))
        self._lives[instance.id].see(self.now())

    def met(self, asked: Asked) -> str | None:
        """Return the trouble that a metric meets this time, if any."""
        key = (asked.instance_id or "", asked.name)
        if key not in self.troubles:
            return None
        status, *rest = self.troubles.pop(key)
        if rest:
            self.troubles[key] = rest
        return status

    def points(self, where: Where, asked: Asked, window: Window) -> Iterator[tuple[int, Samples, str]]:
        """Yield the datapoints that there are, the oldest first: when it begins, in seconds, its samples and unit."""
        life, metric = self._lives.get(asked.instance_id or ""), METRICS.get(asked.name)
        if life is None or metric is None or life.where != where or not metric.is_emitted_by(life.type):
            return
        if asked.unit not in (None, metric.unit) or not window.keeps(asked.period):
            return
        for begin, first, last in periods(window, asked.period, SLOT):
            if samples := life.samples(asked.name, first, last):
                yield begin, samples, metric.unit

    def _doings_of(self, behaviour: Behaviour) -> Doings:
        return self._doings.setdefault(behaviour, Doings(behaviour))
