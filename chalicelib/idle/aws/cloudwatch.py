"""What CloudWatch has of the instances of one region: by days, and by hours."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING

from chalicelib.aws import reading
from chalicelib.idle.model import Day, Usage, Window
from chalicelib.idle.rules import Statistic

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef, MetricDataResultTypeDef

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
MOST_QUERIES = 500
MOST_POINTS = 100_800
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
COMPLETE = "Complete"

type Points = dict[datetime, float]
"""The values of one metric by the beginnings of their periods."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One metric of an instance, and which statistic of it."""

    metric: str
    statistic: str


SAMPLES = Asked("CPUUtilization", "SampleCount")
NETWORK = (Asked("NetworkIn", "Sum"), Asked("NetworkOut", "Sum"))
CREDITS = Asked("CPUCreditBalance", "Minimum")


class Metrics:
    """Reads one region by as few calls as there can be; each method raises TryAgain and BadSettings.

    An instance of which CloudWatch does not answer completely is left out of what is returned: what it left out may be
    what matters.
    """

    def __init__(self, client: "CloudWatchClient", region: str) -> None:
        self._client, self._region = client, region

    def usage(self, ids: Collection[str], window: Window, statistic: Statistic) -> dict[str, Usage]:
        """Return the days of instances, the oldest first; those with no datapoint at all are left out of them."""
        cpu = Asked("CPUUtilization", statistic)
        found = self._read(ids, (cpu, SAMPLES, *NETWORK), DAY, window.start, window.now)
        return {id_: _usage(points, cpu) for id_, points in found}

    def hours(self, ids: Collection[str], window: Window) -> Iterator[tuple[str, dict[datetime, tuple[float, float]]]]:
        """Yield each instance with peak CPU in percent and network in bytes of its hours, but those that lack one.

        They come a call after the other, since those of a fleet take more memory than a function has.
        """
        cpu = Asked("CPUUtilization", Statistic.MAXIMUM)
        for id_, points in self._read(ids, (cpu, *NETWORK), HOUR, window.start, window.now):
            yield id_, _hours(points, cpu)

    def credits(self, ids: Collection[str], now: datetime) -> dict[str, float]:
        """Return the lowest balance of CPU credits of burstable instances within the last day."""
        found = self._read(ids, (CREDITS,), DAY, now - DAY, now)
        return {id_: min(points[CREDITS].values()) for id_, points in found if points[CREDITS]}

    def _read(
        self, ids: Collection[str], asked: tuple[Asked, ...], period: timedelta, start: datetime, end: datetime
    ) -> Iterator[tuple[str, dict[Asked, Points]]]:
        """Yield the points of what is asked of each instance; as many at once as one call may ask for and answer."""
        end = end.replace(second=0, microsecond=0) + timedelta(minutes=1)
        periods = -(-(end - start) // period)
        at_once = max(1, min(MOST_QUERIES // len(asked), MOST_POINTS // (len(asked) * periods)))
        for some in batched(sorted(ids), at_once):
            yield from self._read_some(some, asked, period, start, end).items()

    def _read_some(
        self, ids: Iterable[str], asked: tuple[Asked, ...], period: timedelta, start: datetime, end: datetime
    ) -> dict[str, dict[Asked, Points]]:
        wanted = {f"q{number}": each for number, each in enumerate((id_, one) for id_ in ids for one in asked)}
        points: dict[str, Points] = {query: {} for query in wanted}
        status: dict[str, str] = {}
        pages = self._client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[_query(query, id_, one, period) for query, (id_, one) in wanted.items()],
            StartTime=start,
            EndTime=end,
        )
        with reading("CloudWatch", self._region):
            for page in pages:
                for result in page["MetricDataResults"]:
                    points[result["Id"]] |= _points(result)
                    status[result["Id"]] = result.get("StatusCode", "")  # what the last page of it says
        incomplete = {id_ for query, (id_, _) in wanted.items() if status.get(query) != COMPLETE}
        found: dict[str, dict[Asked, Points]] = {}
        for query, (id_, one) in wanted.items():
            if id_ not in incomplete:
                found.setdefault(id_, {})[one] = points[query]
        return found


def _query(query: str, id_: str, asked: Asked, period: timedelta) -> "MetricDataQueryTypeDef":
    return {
        "Id": query,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/EC2",
                "MetricName": asked.metric,
                "Dimensions": [{"Name": "InstanceId", "Value": id_}],
            },
            "Period": int(period.total_seconds()),
            "Stat": asked.statistic,
        },
    }


def _points(result: "MetricDataResultTypeDef") -> Points:
    """Return the points of a page; a result need not have any field, and one of what cannot be read has no lists."""
    return dict(zip(result.get("Timestamps", ()), result.get("Values", ()), strict=True))


def _usage(points: Mapping[Asked, Points], cpu: Asked) -> Usage:
    network = _sum(points)
    moments = sorted({moment for of in points.values() for moment in of})
    return tuple(
        Day(
            moment.astimezone(UTC).date(),
            points[cpu].get(moment),
            points[SAMPLES].get(moment, 0.0),
            network.get(moment),
        )
        for moment in moments
    )


def _hours(points: Mapping[Asked, Points], cpu: Asked) -> dict[datetime, tuple[float, float]]:
    network = _sum(points)
    return {moment: (points[cpu][moment], network[moment]) for moment in sorted(points[cpu].keys() & network.keys())}


def _sum(points: Mapping[Asked, Points]) -> Points:
    """Return in and out together, of the periods that have both."""
    first, second = (points[each] for each in NETWORK)
    return {moment: first[moment] + second[moment] for moment in first.keys() & second.keys()}
