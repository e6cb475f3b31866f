"""GetMetricStatistics: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html."""

from datetime import UTC, timedelta
from typing import Any

import pytest

from localcloud.cloudwatch.behaviour import from_, steady
from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, client, refusal
from localcloud.tests.measured import DAY, HOUR, NOW, TODAY, launch, one, query


@pytest.fixture
def cloudwatch(aws: AwsServer) -> Any:
    return client(aws, "cloudwatch")


@pytest.fixture
def instance(aws: AwsServer) -> str:
    identity = launch(aws, NOW - 30 * DAY)
    aws.metrics.behave(identity, from_(TODAY - 5 * DAY, steady(2, 8), steady(20, 80)))
    aws.clock.set(NOW)
    return identity


def asked(instance: str, **changed: Any) -> Json:
    usual = {
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "InstanceId", "Value": instance}],
        "Statistics": ["Average"],
        "Period": 86_400,
        "StartTime": TODAY - 14 * DAY,
        "EndTime": NOW,
    }
    return {**usual, **changed}


def test_the_datapoints_are_those_of_the_other_api_but_in_no_order(cloudwatch: Any, instance: str) -> None:
    answer = cloudwatch.get_metric_statistics(**asked(instance))
    points = [(each["Timestamp"].astimezone(UTC), each["Average"]) for each in answer["Datapoints"]]
    assert answer["Label"] == "CPUUtilization"
    assert {each["Unit"] for each in answer["Datapoints"]} == {"Percent"}
    assert points not in (sorted(points), sorted(points, reverse=True))
    assert sorted(points) == one(cloudwatch, query(instance, period=86_400), start=TODAY - 14 * DAY)
    assert len(points) == 15


def test_several_statistics_come_in_one_datapoint_over_one_long_period(cloudwatch: Any, instance: str) -> None:
    wanted = {"Statistics": ["Average", "Maximum", "SampleCount"], "Period": 14 * 86_400, "EndTime": TODAY}
    (point,) = cloudwatch.get_metric_statistics(**asked(instance, **wanted))["Datapoints"]
    assert (point["Maximum"], point["SampleCount"]) == (80, 14 * 1_440)
    assert point["Average"] == pytest.approx((9 * 2 + 5 * 20) / 14)
    assert {"Sum", "Minimum"}.isdisjoint(point)


def test_the_start_is_rounded_as_in_the_other_api(cloudwatch: Any, instance: str) -> None:
    start = TODAY - 20 * DAY + timedelta(minutes=32, seconds=34)
    found = cloudwatch.get_metric_statistics(**asked(instance, StartTime=start, EndTime=start + HOUR, Period=3_600))
    first = min(each["Timestamp"] for each in found["Datapoints"])
    assert first == TODAY - 20 * DAY + timedelta(minutes=30)


def test_1_440_datapoints_can_be_asked_for_and_no_more(cloudwatch: Any, instance: str) -> None:
    span = {"StartTime": TODAY - DAY, "EndTime": TODAY, "Period": 60}
    assert len(cloudwatch.get_metric_statistics(**asked(instance, **span))["Datapoints"]) == 288  # by five minutes
    span["EndTime"] = TODAY + timedelta(seconds=1)
    for namespace in ("AWS/EC2", "Mine"):
        error = refusal(cloudwatch.get_metric_statistics, **asked(instance, **span, Namespace=namespace))
        assert error["Code"] == "InvalidParameterCombination"
        assert error["Message"].startswith("You have requested up to 1441 datapoints, which exceeds the limit of 1440.")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"Period": 90}, "InvalidParameterValue", id="a minute and a half"),
        pytest.param({"EndTime": TODAY - 14 * DAY}, "InvalidParameterValue", id="no time"),
        pytest.param({"Statistics": ["Median"]}, "InvalidParameterValue", id="a statistic that is none"),
        pytest.param({"ExtendedStatistics": ["p99"]}, "InvalidParameterValue", id="a percentile: not emulated"),
        pytest.param({"Statistics": []}, "InvalidParameterCombination", id="no statistic"),
    ],
)
def test_a_request_that_cannot_be_is_refused(cloudwatch: Any, instance: str, changed: Json, code: str) -> None:
    assert refusal(cloudwatch.get_metric_statistics, **asked(instance, **changed))["Code"] == code


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"Unit": "Bytes"}, id="another unit"),
        pytest.param({"Dimensions": []}, id="all instances"),
        pytest.param({"MetricName": "DiskSpace"}, id="a metric that EC2 has not"),
    ],
)
def test_what_is_not_there_has_no_datapoints(cloudwatch: Any, instance: str, changed: Json) -> None:
    assert cloudwatch.get_metric_statistics(**asked(instance, **changed))["Datapoints"] == []
