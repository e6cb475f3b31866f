"""What all idle instances of a report come to; what has no price is counted, and is in no sum."""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.idle.findings import Report


@dataclass(frozen=True)
class Totals:
    """Sums in USD, ``net`` a month; None where instances are idle and none of them has a price."""

    instances: int
    idle: int
    net: float | None
    since_idle: float | None
    unpriced: int
    """How many idle instances have no price."""


def of(report: Report) -> Totals:
    """Add up what is idle."""
    idle = report.idle
    wastes = [each.waste for each in idle if each.waste]
    nets = [waste.net for waste in wastes]
    return Totals(
        instances=len(report.findings),
        idle=len(idle),
        net=_sum(nets) if idle else 0.0,
        since_idle=_sum(waste.since_idle for waste in wastes) if idle else 0.0,
        unpriced=len(idle) - sum(net is not None for net in nets),
    )


def _sum(amounts: Iterable[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None
