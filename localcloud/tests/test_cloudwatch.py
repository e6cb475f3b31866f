"""GetMetricData: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html."""

import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localcloud.cloudwatch.behaviour import from_, steady
from localcloud.cloudwatch.window import Window
from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, allow, assume, client, refusal
from localcloud.tests.measured import DAY, HOUR, NOW, TODAY, launch, one, query, read

SPAN = {"StartTime": TODAY, "EndTime": NOW}


@pytest.fixture
def instance(aws: AwsServer) -> str:
    """An instance that has run for a month, and was at 10 % with peaks of 30 % in each hour."""
    identity = launch(aws, NOW - 30 * DAY)
    aws.metrics.behave(identity, steady(10, 30, network_in=6_000, network_out=600))
    aws.clock.set(NOW)
    return identity


@pytest.fixture
def cloudwatch(aws: AwsServer) -> Any:
    return client(aws, "cloudwatch")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        pytest.param("CPUUtilization", (60, 10, 600, 0, 30), id="percent, once a minute"),
        pytest.param("NetworkIn", (60, 100, 6_000, 100, 100), id="bytes: the sum is what came in the period"),
        pytest.param("NetworkOut", (60, 10, 600, 10, 10), id="and what went"),
    ],
)
def test_an_hour_has_each_statistic(cloudwatch: Any, instance: str, name: str, wanted: tuple[float, ...]) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ec2-metricscollected.html
    statistics = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
    queries = [query(instance, name, stat, Id=stat.lower()) for stat in statistics]
    found = read(cloudwatch, *queries, start=TODAY, end=TODAY + HOUR)
    assert found == {stat.lower(): [(TODAY, value)] for stat, value in zip(statistics, wanted, strict=True)}


def test_the_latest_comes_first_unless_it_is_asked_for_otherwise(cloudwatch: Any, instance: str) -> None:
    moments = [TODAY + number * HOUR for number in range(3)]
    for order, wanted in (
        (None, moments[::-1]),
        ("TimestampDescending", moments[::-1]),
        ("TimestampAscending", moments),
    ):
        more = {"ScanBy": order} if order else {}
        points = read(cloudwatch, query(instance), start=TODAY, end=TODAY + 3 * HOUR, **more)["m"]
        assert [moment for moment, _ in points] == wanted


def test_the_start_is_included_and_the_end_is_not(cloudwatch: Any, instance: str) -> None:
    asked = query(instance, stat="SampleCount", period=300)
    five = timedelta(minutes=5)
    points = one(cloudwatch, asked, start=TODAY, end=TODAY + 2 * five)
    assert points == [(TODAY, 5), (TODAY + five, 5)]
    assert one(cloudwatch, asked, start=TODAY, end=TODAY + 2 * five + timedelta(seconds=1))[-1] == (TODAY + 2 * five, 5)


def test_periods_begin_with_the_start_and_hold_what_begins_in_them(cloudwatch: Any, instance: str) -> None:
    # "return timestamps aligned to the provided StartTime": https://github.com/boto/boto3/issues/3457
    start = TODAY + timedelta(minutes=13)
    points = one(cloudwatch, query(instance, stat="SampleCount"), start=start, end=start + 2 * HOUR)
    assert points == [(start, 60), (start + HOUR, 60)]
    minutes = one(cloudwatch, query(instance, stat="SampleCount", period=60), start=start, end=start + HOUR / 6)
    assert minutes == [(TODAY + timedelta(minutes=minute), 5) for minute in (15, 20)]


@pytest.mark.parametrize(
    ("age", "wanted"),
    [
        pytest.param(timedelta(0), "12:32:00", id="to the minute"),
        pytest.param(15 * DAY - HOUR, "12:32:00", id="less than 15 days ago"),
        pytest.param(15 * DAY + HOUR, "12:30:00", id="to five minutes from 15 days on"),
        pytest.param(63 * DAY - HOUR, "12:30:00", id="up to 63 days"),
        pytest.param(63 * DAY + HOUR, "12:00:00", id="to the hour after that"),
    ],
)
def test_the_start_is_rounded_down_the_more_the_longer_ago_it_is(age: timedelta, wanted: str) -> None:
    start = datetime(2026, 3, 20, 12, 32, 34, tzinfo=UTC)
    window = Window.of(start, start + DAY, (start + age).timestamp())
    assert f"{datetime.fromtimestamp(window.start, UTC):%H:%M:%S}" == wanted


@pytest.mark.parametrize(
    ("age", "period", "there"),
    [
        pytest.param(14, 60, True, id="minutes for 15 days"),
        pytest.param(16, 60, False, id="no longer"),
        pytest.param(16, 300, True, id="five minutes for 63 days"),
        pytest.param(64, 300, False, id="no longer, either"),
        pytest.param(64, 3_600, True, id="hours after that"),
        pytest.param(64, 86_400, True, id="and days"),
        pytest.param(456, 86_400, False, id="nothing after 455 days"),
    ],
)
def test_the_older_data_is_the_longer_periods_must_be(
    aws: AwsServer, cloudwatch: Any, age: int, period: int, there: bool
) -> None:
    identity = launch(aws, TODAY - 500 * DAY)
    aws.clock.set(TODAY)
    start = TODAY - age * DAY
    assert bool(one(cloudwatch, query(identity, period=period), start=start, end=start + DAY)) == there


@pytest.mark.parametrize("unit", [{}, {"Unit": "Percent"}], ids=["without a unit", "by its unit"])
def test_a_metric_is_found(cloudwatch: Any, instance: str, unit: Json) -> None:
    asked = query(instance)
    asked["MetricStat"] |= unit
    assert len(one(cloudwatch, asked, start=TODAY)) == 12


@pytest.mark.parametrize(
    ("metric", "stat"),
    [
        pytest.param({}, {"Unit": "Count"}, id="another unit: results are null"),
        pytest.param({"MetricName": "DiskSpace"}, {}, id="a metric that EC2 has not"),
        pytest.param({"MetricName": "CPUCreditBalance"}, {}, id="credits of a type that is not burstable"),
        pytest.param({"Dimensions": []}, {}, id="all instances: with detailed monitoring only"),
        pytest.param({"Dimensions": [{"Name": "InstanceType", "Value": "m5.large"}]}, {}, id="another dimension"),
        pytest.param({"Dimensions": [{"Name": "InstanceId", "Value": "i-0123"}]}, {}, id="no such instance"),
    ],
)
def test_what_is_not_there_has_no_datapoints_and_is_complete(
    cloudwatch: Any, instance: str, metric: Json, stat: Json
) -> None:
    asked = query(instance)
    asked["MetricStat"]["Metric"] |= metric
    asked["MetricStat"] |= stat
    (found,) = cloudwatch.get_metric_data(MetricDataQueries=[asked], **SPAN)["MetricDataResults"]
    assert (found["Timestamps"], found["Values"], found["StatusCode"]) == ([], [], "Complete")


def test_metrics_are_those_of_a_region(aws: AwsServer) -> None:
    identity = launch(aws, NOW - DAY, region="eu-west-1")
    aws.clock.set(NOW)
    there, here = client(aws, "cloudwatch", region="eu-west-1"), client(aws, "cloudwatch")
    assert len(one(there, query(identity, period=86_400), start=TODAY)) == 1
    assert one(here, query(identity, period=86_400), start=TODAY) == []


def test_five_hundred_metrics_are_read_in_one_call_and_no_more(cloudwatch: Any, instance: str) -> None:
    queries = [query(instance, Id=f"m{number}", period=86_400) for number in range(501)]
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries[:500], **SPAN)
    assert [each["Values"] for each in answer["MetricDataResults"]] == [[10]] * 500
    error = refusal(cloudwatch.get_metric_data, MetricDataQueries=queries, **SPAN)
    assert error["Code"] == "ValidationError"
    assert error["Message"] == "The collection MetricDataQueries must not have a size greater than 500."


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param(
            {"Id": "5xx"}, r"The value 5xx for parameter MetricDataQueries.member.1.Id is not", id="digit first"
        ),
        pytest.param({"Id": "Upper"}, "not matching the expected pattern", id="capital first"),
        pytest.param({"Id": "i-0123"}, "not matching the expected pattern", id="hyphen"),
        pytest.param({"Id": "m" * 256}, "not matching the expected pattern", id="256 characters"),
        pytest.param({"Expression": "m1"}, "mutually exclusive", id="metric and expression"),
        pytest.param({"MetricStat": None}, "member.1.MetricStat is required", id="neither"),
        pytest.param({"Period": 90}, "must be a multiple of 60", id="a minute and a half"),
        pytest.param({"Period": 30}, "must be a multiple of 60", id="high resolution, which EC2 has not"),
        pytest.param({"Period": 0}, "must be a multiple of 60", id="no time at all"),
        pytest.param({"Stat": None}, "member.1.MetricStat.Stat is required", id="no statistic"),
        pytest.param({"Stat": "p99"}, "not emulated", id="a percentile, which is not emulated"),
    ],
)
def test_a_query_that_cannot_be_is_refused(cloudwatch: Any, instance: str, changed: Json, message: str) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
    asked = query(instance)
    for name, value in changed.items():
        place = asked["MetricStat"] if name in asked["MetricStat"] else asked
        place[name] = value
        if value is None:
            del place[name]
    error = refusal(cloudwatch.get_metric_data, MetricDataQueries=[asked], **SPAN)
    assert error["Code"] == "ValidationError"
    assert message in error["Message"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"EndTime": TODAY}, "StartTime must not equal parameter EndTime", id="no time"),
        pytest.param({"EndTime": TODAY - HOUR}, "EndTime must be greater than StartTime", id="backwards"),
        pytest.param({"ScanBy": "Value"}, "ScanBy", id="order"),
        pytest.param({"MaxDatapoints": 0}, "MaxDatapoints", id="empty pages"),
    ],
)
def test_a_request_that_cannot_be_is_refused(cloudwatch: Any, instance: str, changed: Json, message: str) -> None:
    error = refusal(cloudwatch.get_metric_data, **{"MetricDataQueries": [query(instance)], **SPAN, **changed})
    assert error["Code"] == "ValidationError"
    assert message in error["Message"]


def test_ids_must_be_unique_and_expressions_over_made_up_metrics_are_not_emulated(
    cloudwatch: Any, instance: str
) -> None:
    twice = [query(instance), query(instance, "NetworkIn")]
    error = refusal(cloudwatch.get_metric_data, MetricDataQueries=twice, **SPAN)
    assert error["Message"] == "The values for parameter id in MetricDataQueries are not unique."
    summed = [query(instance), {"Id": "e", "Expression": "m / 2"}]
    assert "not emulated" in refusal(cloudwatch.get_metric_data, MetricDataQueries=summed, **SPAN)["Message"]


@pytest.mark.parametrize("status", ["Forbidden", "InternalError"])
def test_one_metric_cannot_be_read_as_ordered_and_the_others_can(
    aws: AwsServer, cloudwatch: Any, instance: str, status: str
) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataResult.html
    aws.metrics.trouble(instance, "NetworkIn", status, times=2)
    queries = [query(instance, name, Id=name[-2:].lower()) for name in ("CPUUtilization", "NetworkIn")]
    for wanted in (status, status, "Complete"):
        answer = cloudwatch.get_metric_data(MetricDataQueries=queries, **SPAN)
        cpu, network = answer["MetricDataResults"]
        assert (cpu["StatusCode"], len(cpu["Values"])) == ("Complete", 12)
        assert (network["StatusCode"], bool(network["Values"])) == (wanted, wanted == "Complete")
        assert [each["Code"] for each in network["Messages"]] == [wanted] * (wanted != "Complete")
    assert aws.metrics.troubles == {}


def test_trouble_must_be_one_that_can_be(aws: AwsServer, instance: str) -> None:
    with pytest.raises(ValueError, match="PartialData"):
        aws.metrics.trouble(instance, "NetworkIn", "PartialData")
    with pytest.raises(ValueError, match="DiskSpace"):
        aws.metrics.trouble(instance, "DiskSpace")


def test_metrics_of_other_namespaces_are_read_beside_them_and_what_is_not_to_be_returned_is_not(
    cloudwatch: Any, instance: str
) -> None:
    datum = {"MetricName": "Changes", "Value": 7.0, "Timestamp": TODAY + HOUR}
    cloudwatch.put_metric_data(Namespace="Mine", MetricData=[datum])
    metric = {"Namespace": "Mine", "MetricName": "Changes"}
    mine: Json = {"Id": "c", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}
    hidden = query(instance, Id="h", ReturnData=False)
    found = read(cloudwatch, mine, hidden, query(instance, period=86_400), start=TODAY)
    assert found == {"c": [(TODAY + HOUR, 7)], "m": [(TODAY, 10)]}
    assert read(cloudwatch, mine, {"Id": "e", "Expression": "c"}, start=TODAY)["e"] == [(TODAY + HOUR, 7)]


@pytest.mark.parametrize("namespace", ["AWS/EC2", "AWS/Mine"])
def test_nobody_puts_metrics_into_the_namespaces_of_aws(cloudwatch: Any, namespace: str) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
    data = [{"MetricName": "CPUUtilization", "Value": 100.0}]
    error = refusal(cloudwatch.put_metric_data, Namespace=namespace, MetricData=data)
    assert error["Code"] == "InvalidParameterValue"
    assert error["Message"] == "The value AWS/ for parameter Namespace is invalid."
    cloudwatch.put_metric_data(Namespace="AWSome", MetricData=data)


@pytest.mark.parametrize(
    ("resource", "allowed"), [("*", True), ("arn:aws:ec2:*:*:instance/*", False), ("arn:aws:cloudwatch:*:*:*", False)]
)
def test_reading_metrics_is_allowed_on_all_resources_or_not_at_all(
    aws: AwsServer, instance: str, resource: str, allowed: bool
) -> None:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    actions = ["cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics"]
    worker = client(aws, "cloudwatch", assume(aws, allow(actions, resource)))
    metric = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Statistics": ["Sum"], "Period": 3600}
    for call, asked in (
        (worker.get_metric_data, {"MetricDataQueries": [query(instance)]}),
        (worker.get_metric_statistics, metric),
    ):
        if allowed:
            assert call(**SPAN, **asked)
        else:
            assert "AccessDenied" in refusal(call, **SPAN, **asked)["Code"]


def test_the_older_protocol_is_answered_too(aws: AwsServer, instance: str) -> None:
    here = "MetricDataQueries.member.1."
    stat = f"{here}MetricStat."
    form = {
        "Action": "GetMetricData",
        "Version": "2010-08-01",
        f"{here}Id": "m",
        f"{stat}Stat": "Average",
        f"{stat}Period": "86400",
        f"{stat}Metric.Namespace": "AWS/EC2",
        f"{stat}Metric.MetricName": "CPUUtilization",
        f"{stat}Metric.Dimensions.member.1.Name": "InstanceId",
        f"{stat}Metric.Dimensions.member.1.Value": instance,
        "StartTime": TODAY.isoformat(),
        "EndTime": NOW.isoformat(),
    }
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    url, body = f"{aws.endpoint}/", urllib.parse.urlencode(form)
    request = AWSRequest("POST", url, headers=kind, data=body)
    SigV4Auth(Credentials(aws.access_key, aws.secret_key), "monitoring", aws.region).add_auth(request)
    sent = urllib.request.Request(url, body.encode(), dict(request.headers))  # noqa: S310 - loopback
    with urllib.request.urlopen(sent) as answer:  # noqa: S310 - loopback
        told = answer.read().decode()
    assert "<Timestamps><member>2026-03-20T00:00:00Z</member></Timestamps>" in told
    assert "<Values><member>10.0</member></Values>" in told


def test_what_it_did_can_be_told_anew(aws: AwsServer, cloudwatch: Any, instance: str) -> None:
    days = query(instance, period=86_400)
    assert [value for _, value in one(cloudwatch, days, start=TODAY - 2 * DAY)] == [10, 10, 10]
    aws.metrics.behave(instance, from_(TODAY, steady(1), steady(50)))
    assert [value for _, value in one(cloudwatch, days, start=TODAY - 2 * DAY)] == [1, 1, 50]
    with pytest.raises(LookupError):
        aws.metrics.behave("i-0123456789abcdef0", steady(1))
