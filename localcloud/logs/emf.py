"""CloudWatch's embedded metric format: a line of a function's log that carries metrics becomes those metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Datum:
    """One value, or several, of one metric with one set of dimensions."""

    namespace: str
    name: str
    unit: str
    values: tuple[float, ...]
    dimensions: tuple[tuple[str, str], ...]
    moment: datetime


def read(line: str) -> list[Datum]:
    """Return the metrics in a line; an ordinary line has none, and neither has one that breaks the format."""
    if '"CloudWatchMetrics"' not in line:
        return []
    try:
        document = json.loads(line[line.index("{") :])
        meta = document["_aws"]
        moment = datetime.fromtimestamp(meta["Timestamp"] / 1000, UTC)
        return [
            Datum(
                namespace=directive["Namespace"],
                name=metric["Name"],
                unit=metric.get("Unit", "None"),
                values=_values(document[metric["Name"]]),
                dimensions=tuple((name, str(document[name])) for name in dimensions),
                moment=moment,
            )
            for directive in meta["CloudWatchMetrics"]
            for dimensions in directive.get("Dimensions") or [[]]
            for metric in directive["Metrics"]
        ]
    except (ValueError, KeyError, TypeError):
        return []


class Metrics:
    """Puts embedded metrics into CloudWatch; no function needs a permission for them."""

    def __init__(self, cloudwatch: Callable[[], Any]) -> None:
        self._cloudwatch = cloudwatch

    def see(self, function: str, line: str) -> None:
        """Take one line of a function's log: one call for all its metrics of a namespace."""
        for namespace, data in groupby(read(line), attrgetter("namespace")):
            try:
                self._cloudwatch().put_metric_data(Namespace=namespace, MetricData=[_datum(datum) for datum in data])
            except (BotoCoreError, ClientError) as error:
                log.warning("metrics of %s were not taken: %s", function, error)


def _values(value: Any) -> tuple[float, ...]:
    return tuple(float(each) for each in (value if isinstance(value, list) else [value]))


def _datum(datum: Datum) -> dict[str, Any]:
    return {
        "MetricName": datum.name,
        "Values": list(datum.values),
        "Unit": datum.unit,
        "Timestamp": datum.moment,
        "Dimensions": [{"Name": name, "Value": text} for name, text in datum.dimensions],
    }
