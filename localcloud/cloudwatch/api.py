"""The API of metrics in place of moto's, which knows none of EC2, gives all at once, and refuses little.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.exceptions import InvalidParameterValue
from moto.cloudwatch.responses import CloudWatchResponse

from localcloud.cloudwatch import checks, pages
from localcloud.cloudwatch.control import NAMESPACE, Asked, Ec2Metrics
from localcloud.cloudwatch.pages import Place, Series
from localcloud.cloudwatch.samples import STATISTICS
from localcloud.cloudwatch.window import Window
from localcloud.cloudwatch.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.core.responses import ActionResult

    from localcloud.cloudwatch.control import Where

type Json = Mapping[str, Any]


class CloudWatch(CloudWatchResponse):  # type: ignore[misc]  # moto is untyped here
    """The APIs that read metrics, or put them; all others are moto's."""

    ec2: Ec2Metrics

    def put_metric_data(self) -> ActionResult:
        """Take metrics of the client's own namespaces.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
        """
        if (self._get_param("Namespace") or "").startswith("AWS/"):
            raise InvalidParameterValue("The value AWS/ for parameter Namespace is invalid.")
        return super().put_metric_data()

    def get_metric_data(self) -> ActionResult:
        """Answer a page of the metrics that are asked for."""
        asked = self._get_params()
        checks.request(asked)
        place = self._place(asked)
        window = Window.of(asked["StartTime"], asked["EndTime"], place.now)
        others = self._others(asked)
        latest_first = asked.get("ScanBy") != "TimestampAscending"

        def answer(query: Json) -> Series:
            return others.get(query["Id"]) or self._of_ec2(query, window, latest_first)

        queries = [each for each in asked["MetricDataQueries"] if each.get("ReturnData", True)]
        most = min(int(asked.get("MaxDatapoints") or checks.MOST_DATAPOINTS), checks.MOST_DATAPOINTS)
        answers, following = pages.page(queries, answer, place, most)
        rest = {"NextToken": following.token} if following else {}
        return Answer({"MetricDataResults": [each.shown for each in answers], "Messages": [], **rest})

    def get_metric_statistics(self) -> ActionResult:
        """Answer the statistics of one metric, in no order."""
        asked = self._get_params()
        names, percentiles = asked.get("Statistics", []), asked.get("ExtendedStatistics", [])
        namespace, seconds = asked["Namespace"], (asked["EndTime"] - asked["StartTime"]).total_seconds()
        checks.statistics(namespace, names, percentiles, int(asked["Period"]), seconds)
        if namespace != NAMESPACE or not names:
            return super().get_metric_statistics()
        window = Window.of(asked["StartTime"], asked["EndTime"], self.ec2.now().timestamp())
        points = [
            {"Timestamp": begin, "Unit": unit, **{name: STATISTICS[name](samples) for name in names}}
            for begin, samples, unit in self.ec2.points(self._where, _asked(asked, asked), window)
        ]
        return Answer({"Label": asked["MetricName"], "Datapoints": points[1::2] + points[::2]})

    @property
    def _where(self) -> Where:
        return self.current_account, self.region

    def _place(self, asked: Json) -> Place:
        """Return where the page begins; what follows a page is answered by the clock of the first one."""
        told = {name: value for name, value in asked.items() if name != "NextToken"}
        request = hashlib.sha256(json.dumps([*self._where, told], default=str).encode()).hexdigest()
        token = asked.get("NextToken")
        return Place.read(token, request) if token else Place(request, self.ec2.now().timestamp())

    def _others(self, asked: Json) -> dict[str, Series]:
        """Return what moto knows, by the queries' ids."""
        queries = [each for each in asked["MetricDataQueries"] if not checks.is_of_ec2(each)]
        order = asked.get("ScanBy") or checks.ORDERS[0]
        found = queries and self.cloudwatch_backend.get_metric_data(
            queries=queries, start_time=asked["StartTime"], end_time=asked["EndTime"], scan_by=order
        )
        return {each["id"]: Series.of_moto(each) for each in found}

    def _of_ec2(self, query: Json, window: Window, latest_first: bool) -> Series:
        how = query["MetricStat"]
        wanted, stat = _asked(how["Metric"], how), how["Stat"]
        label = query.get("Label") or f"{wanted.name} {stat}"
        if status := self.ec2.met(wanted):
            return Series(query["Id"], label, (), (), status)
        points = list(self.ec2.points(self._where, wanted, window))
        if latest_first:
            points.reverse()
        values = [STATISTICS[stat](samples) for _, samples, _ in points]
        return Series(query["Id"], label, [begin for begin, _, _ in points], values)


def metrics_api(ec2: Ec2Metrics) -> type[CloudWatch]:
    """Return the API of one server: with its instances' metrics."""
    return type("CloudWatch", (CloudWatch,), {"ec2": ec2})


def _asked(metric: Json, how: Json) -> Asked:
    dimensions = tuple((each["Name"], each["Value"]) for each in metric.get("Dimensions", []))
    return Asked(metric["MetricName"], dimensions, int(how["Period"]), how.get("Unit"))
