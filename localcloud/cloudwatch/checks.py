"""What CloudWatch refuses when metrics are read.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.core.utils import get_value

from localcloud.cloudwatch.control import NAMESPACE
from localcloud.cloudwatch.samples import STATISTICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_QUERIES = 500
MOST_DATAPOINTS = 100_800
MOST_STATISTICS = 1_440
ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")
HIGH_RESOLUTION = (1, 5, 10, 20, 30)
NEEDED = ("Metric.Namespace", "Metric.MetricName", "Period", "Stat")
ORDERS = ("TimestampDescending", "TimestampAscending")


def request(asked: Mapping[str, Any]) -> None:
    """Check a request for metric data; raise moto's `ValidationError`."""
    queries = asked.get("MetricDataQueries", [])
    if len(queries) > MOST_QUERIES:
        raise ValidationError(f"The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}.")
    if faults := [fault for number, query in enumerate(queries, 1) for fault in _faults(number, query)]:
        raise ValidationError("\n".join(faults))
    if len({query["Id"] for query in queries}) < len(queries):
        raise ValidationError("The values for parameter id in MetricDataQueries are not unique.")
    if any(map(is_of_ec2, queries)) and any("Expression" in query for query in queries):
        raise ValidationError(f"Expressions beside metrics of {NAMESPACE} are not emulated.")
    if asked["StartTime"] == asked["EndTime"]:
        raise ValidationError("The parameter StartTime must not equal parameter EndTime.")
    if asked["StartTime"] > asked["EndTime"]:
        raise ValidationError("The parameter EndTime must be greater than StartTime.")
    if asked.get("ScanBy") not in (None, *ORDERS):
        raise ValidationError(f"The parameter ScanBy must be one of {', '.join(ORDERS)}.")
    if asked.get("MaxDatapoints") is not None and int(asked["MaxDatapoints"]) < 1:
        raise ValidationError("The parameter MaxDatapoints must be greater than 0.")


def is_of_ec2(query: Mapping[str, Any]) -> bool:
    """Tell whether a query is for a metric of EC2."""
    return bool(get_value(query, "MetricStat.Metric.Namespace") == NAMESPACE)


def statistics(namespace: str, names: list[str], percentiles: list[str], period: int, seconds: float) -> None:
    """Check a request for statistics of one metric; raise moto's errors.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
    """
    if seconds <= 0:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    if not _is_period(period, namespace == NAMESPACE):
        raise InvalidParameterValue("The parameter Period must be a multiple of 60.")
    if (most := math.ceil(seconds / period)) > MOST_STATISTICS:
        raise InvalidParameterCombination(
            f"You have requested up to {most} datapoints, which exceeds the limit of {MOST_STATISTICS}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    if namespace == NAMESPACE and (percentiles or set(names) - set(STATISTICS)):
        raise InvalidParameterValue(f"Statistics of {NAMESPACE} other than {', '.join(STATISTICS)} are not emulated.")


def _faults(number: int, query: Mapping[str, Any]) -> Iterator[str]:
    here, name = f"MetricDataQueries.member.{number}", query.get("Id", "")
    if not ID.fullmatch(name):
        yield f"The value {name} for parameter {here}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
    if "MetricStat" in query and "Expression" in query:
        yield f"The parameters {here}.Expression and {here}.MetricStat are mutually exclusive."
    elif "MetricStat" in query:
        yield from _metric_faults(f"{here}.MetricStat", query["MetricStat"], is_of_ec2(query))
    elif "Expression" not in query:
        yield f"The parameter {here}.MetricStat is required."


def _metric_faults(here: str, asked: Mapping[str, Any], of_ec2: bool) -> Iterator[str]:
    if missing := [each for each in NEEDED if get_value(asked, each, default=None) is None]:
        yield from (f"The parameter {here}.{each} is required." for each in missing)
        return
    if not _is_period(int(asked["Period"]), of_ec2):
        yield f"The parameter {here}.Period must be a multiple of 60."
    if of_ec2 and asked["Stat"] not in STATISTICS:
        yield f"The value {asked['Stat']} for parameter {here}.Stat is not emulated for {NAMESPACE}."


def _is_period(seconds: int, of_ec2: bool) -> bool:
    """Tell whether datapoints can have a period: that of EC2's is no high resolution."""
    return seconds > 0 and (seconds % 60 == 0 or (not of_ec2 and seconds in HIGH_RESOLUTION))
