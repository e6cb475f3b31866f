"""Instances with made-up metrics, as tests launch them, and metrics as tests read them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json

NOW = datetime(2026, 3, 20, 12, 2, tzinfo=UTC)
"""A Friday; no slot ends within the minutes that a test takes."""
TODAY = datetime(2026, 3, 20, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
type Points = list[tuple[datetime, float]]


def launch(aws: AwsServer, at: datetime, kind: str = "m5.large", region: str | None = None) -> str:
    """Launch an instance at a moment of the cloud's clock; return its id."""
    aws.clock.set(at)
    made = aws.client("ec2", region).run_instances(ImageId="ami-12345678", InstanceType=kind, MinCount=1, MaxCount=1)
    return str(made["Instances"][0]["InstanceId"])


def query(
    instance: str, name: str = "CPUUtilization", stat: str = "Average", period: int = 3600, **more: Any
) -> dict[str, Any]:
    """Return a query of a metric of an instance."""
    metric = {"Namespace": "AWS/EC2", "MetricName": name, "Dimensions": [{"Name": "InstanceId", "Value": instance}]}
    return {"Id": "m", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}


def read(cloudwatch: Any, *queries: Json, start: datetime, end: datetime = NOW, **more: Any) -> dict[str, Points]:
    """Read metrics with all their pages; return the datapoints by id."""
    asked = {"MetricDataQueries": list(queries), "StartTime": start, "EndTime": end, **more}
    found: dict[str, Points] = {}
    for page in cloudwatch.get_paginator("get_metric_data").paginate(**asked):
        for each in page["MetricDataResults"]:
            points = zip(each["Timestamps"], each["Values"], strict=True)
            found.setdefault(each["Id"], []).extend((moment.astimezone(UTC), value) for moment, value in points)
    return found


def one(cloudwatch: Any, asked: Json, **more: Any) -> Points:
    """Read one metric, the oldest datapoint first."""
    (points,) = read(cloudwatch, asked, **{"ScanBy": "TimestampAscending", **more}).values()
    return points
