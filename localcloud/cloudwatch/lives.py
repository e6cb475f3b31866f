"""The lives of instances: when each ran, by the cloud's clock, and what it did then.

Only a running instance emits metrics, and with basic monitoring one datapoint in five minutes.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.cloudwatch.doings import SLOT, Doings
from localcloud.cloudwatch.samples import together

if TYPE_CHECKING:
    from datetime import datetime

    from localcloud.cloudwatch.samples import Samples

FOREVER = 1 << 40


class Life:
    """One of moto's instances: from which slot to which it ran, and what it does then."""

    def __init__(self, instance: Any, doings: Doings) -> None:
        self.where = (instance.ec2_backend.account_id, instance.ec2_backend.region_name)
        self.doings = doings
        self._instance = instance
        self._spans: list[tuple[int, int]] = []

    @property
    def type(self) -> str:
        """Return the type that the instance has now: it can be changed while it is stopped."""
        return str(self._instance.instance_type)

    def see(self, now: datetime) -> None:
        """Take note of the state that the instance is in: it counts from the beginning of the slot.

        A clock that was set back undoes what came after.
        """
        slot, runs = int(now.timestamp() // SLOT), self._instance.state == "running"
        ran_from = self._spans[-1][0] if self._spans and self._spans[-1][1] == FOREVER else None
        if runs and ran_from is None:
            self._spans = [(first, min(end, slot)) for first, end in self._spans] + [(slot, FOREVER)]
        elif not runs and ran_from is not None:
            self._spans[-1] = (ran_from, slot)

    def samples(self, name: str, begin: int, end: int) -> Samples | None:
        """Return the samples of a metric from one slot to another, which is left out; None where there are none."""
        spans = ((max(begin, first), min(end, last)) for first, last in self._spans)
        return together(self.doings.samples(name, first, last) for first, last in spans if first < last)
