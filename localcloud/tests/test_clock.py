"""The cloud's clock: what goes by it, and what goes on in real time."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.__main__ import main
from localcloud.cloud import LocalCloud
from localcloud.own_api_client import CLOCK
from localcloud.run_file import published
from localcloud.server.aws import AwsServer
from localcloud.tests.acting import allow, assume, client
from localcloud.tests.clouds import make_function, make_role, printed, send

LATER = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def close(moment: datetime, wanted: datetime) -> bool:
    return timedelta(0) <= moment - wanted < timedelta(minutes=5)


def invoke(cloud: LocalCloud, function: str, event: Any = None) -> Any:
    answer = cloud.functions.invoke(function, event)
    assert not answer.failed, answer.payload
    return json.loads(answer.payload)


TIMES = """
import datetime, time, uuid
def handler(event, context):
    began = time.monotonic()
    time.sleep(0.05)
    return {
        "time": time.time(), "time_ns": time.time_ns() / 1e9, "gettime": time.clock_gettime(time.CLOCK_REALTIME),
        "now": datetime.datetime.now(datetime.UTC).timestamp(), "naive": datetime.datetime.utcnow().timestamp(),
        "gmtime": time.mktime(time.gmtime()), "today": datetime.datetime.today().timestamp(),
        "text": time.strftime("%Y-%m-%d"), "date": str(datetime.date.today()),
        "left": context.get_remaining_time_in_millis(), "monotonic": began, "slept": time.monotonic() - began,
    }
"""


def test_a_function_sees_the_clock_however_it_looks_and_waits_in_real_time(cloud: LocalCloud) -> None:
    function = make_function(cloud, TIMES)
    before = invoke(cloud, function)
    cloud.set_clock(LATER)
    seen = invoke(cloud, function)
    for way in ("time", "time_ns", "gettime", "now", "naive", "gmtime", "today"):
        assert close(datetime.fromtimestamp(seen[way], UTC), LATER.replace(microsecond=0)), way
    assert seen["text"] == seen["date"] == "2031-05-06"
    assert 8_000 < seen["left"] < 10_000
    assert 0 <= seen["monotonic"] - before["monotonic"] < 300
    assert 0.05 <= seen["slept"] < 5


def test_the_clock_runs_on_and_can_be_set_anew_and_to_real_time(cloud: LocalCloud) -> None:
    function = make_function(cloud, "import os, time\ndef handler(event, context): return [time.time(), os.getpid()]\n")
    cloud.set_clock(LATER)
    (first, process), (second, same) = invoke(cloud, function), invoke(cloud, function)
    assert LATER.timestamp() < first < second
    assert same == process  # a warm environment is used again while nobody sets the clock
    cloud.set_clock(LATER - HOUR)
    third, other = invoke(cloud, function)
    assert LATER.timestamp() - 3600 <= third < first
    assert other != process
    cloud.set_clock(None)
    assert close(datetime.fromtimestamp(invoke(cloud, function)[0], UTC), datetime.now(UTC) - HOUR / 20)


def test_a_clock_may_be_behind_too(cloud: LocalCloud) -> None:
    cloud.set_clock(datetime(2020, 2, 3, tzinfo=UTC))
    function = make_function(cloud, "import time\ndef handler(event, context): return time.gmtime()[:3]\n")
    assert invoke(cloud, function) == [2020, 2, 3]


AWS = """
import boto3, time
from botocore.config import Config
from datetime import UTC, datetime
def handler(event, context):
    table = boto3.resource("dynamodb").Table("leases")
    table.put_item(Item={"lock": "l", "until": int(time.time()) + 60},
                   ConditionExpression="attribute_not_exists(#l) OR #u < :now",
                   ExpressionAttributeNames={"#l": "lock", "#u": "until"},
                   ExpressionAttributeValues={":now": int(time.time())})
    role = boto3.client("sts").assume_role(RoleArn=event, RoleSessionName="session")["Credentials"]
    s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    age = datetime.now(UTC) - s3.head_object(Bucket="bucket", Key="k")["LastModified"]
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "k"})
    return {"left": (role["Expiration"] - datetime.now(UTC)).total_seconds(), "age": age.total_seconds(), "url": url}
"""


def test_the_apis_judge_time_as_the_function_does_at_any_offset(cloud: LocalCloud) -> None:
    function = make_function(cloud, AWS)
    role = make_role(cloud, "other")
    trust = {"Effect": "Allow", "Principal": {"AWS": cloud.aws.account_id}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    cloud.client("iam").update_assume_role_policy(RoleName="other", PolicyDocument=document)
    cloud.create_bucket("bucket")
    cloud.client("dynamodb").create_table(
        TableName="leases",
        KeySchema=[{"AttributeName": "lock", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "lock", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for moment in (None, LATER, LATER + HOUR):  # each time the lease of the time before has run out
        cloud.set_clock(moment)
        cloud.aws.faults.fail("dynamodb:PutItem", code="InternalServerError", status=500)
        cloud.aws.faults.fail("s3:PutObject", after=True)
        seen = invoke(cloud, function, role)
        assert cloud.aws.faults.pending == []  # boto3 tried again
        assert 3_500 < seen["left"] <= 3_600
        assert -1 <= seen["age"] < 60
        with urllib.request.urlopen(seen["url"]) as answer:  # noqa: S310 - loopback
            assert answer.read() == b"x"
    held = cloud.functions.invoke(function, role)
    assert b"ConditionalCheckFailed" in held.payload


EMF = """
import json, time
def handler(event, context):
    metric = {"Namespace": "N", "Dimensions": [[]], "Metrics": [{"Name": "m"}]}
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metric]}, "m": 7}))
"""


def test_metrics_that_a_function_prints_are_found_at_the_clocks_time(cloud: LocalCloud) -> None:
    function = make_function(cloud, EMF)
    cloud.set_clock(LATER)
    invoke(cloud, function)
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="N", MetricName="m", StartTime=LATER - HOUR, EndTime=LATER + HOUR, Period=60, Statistics=["Sum"]
    )
    assert [each["Sum"] for each in found["Datapoints"]] == [7]


def test_events_of_a_fired_schedule_and_of_aws_tell_the_clocks_time(cloud: LocalCloud) -> None:
    function = make_function(cloud, "def handler(event, context): print(event['time'])\n")
    events = cloud.client("events")
    events.put_rule(Name="daily", ScheduleExpression="rate(1 day)")
    events.put_rule(Name="states", EventPattern=json.dumps({"source": ["aws.ec2"]}))
    for rule in ("daily", "states"):
        events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": function}])
    cloud.set_clock(LATER)
    cloud.fire_schedule("daily")
    cloud.client("ec2").run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)
    cloud.wait_idle()
    moments = [datetime.fromisoformat(line) for line in printed(cloud, "f")]
    assert len(moments) == 3  # fired, pending, running
    assert all(close(moment, LATER) for moment in moments)


HIDDEN = "def handler(event, context):\n    import time_machine\n"


def test_what_shifts_the_clock_is_no_part_of_the_lambda_image(cloud: LocalCloud) -> None:
    answer = cloud.functions.invoke(make_function(cloud, HIDDEN), None)
    assert json.loads(answer.payload)["errorMessage"] == "No module named 'time_machine'"


def test_a_moment_without_a_time_zone_or_of_another_age_is_refused(cloud: LocalCloud) -> None:
    for moment in (datetime(2031, 1, 1), datetime(9999, 1, 1, tzinfo=UTC)):  # noqa: DTZ001 - the point
        with pytest.raises(ValueError, match="time zone"):
            cloud.set_clock(moment)
    assert cloud.aws.clock.offset == timedelta(0)


def test_a_presigned_url_runs_out_by_the_clock(aws: AwsServer) -> None:
    s3 = client(aws, "s3", signature_version="s3v4")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "k"}, ExpiresIn=60)
    path = url.removeprefix(aws.endpoint)
    assert send(aws.endpoint, "GET", path)[0] == 200
    aws.clock.set(datetime.now(UTC) + HOUR)
    assert b"Request has expired" in send(aws.endpoint, "GET", path)[2]


def test_signatures_and_sessions_outlive_a_change_of_the_clock(aws: AwsServer) -> None:
    sqs = client(aws, "sqs", assume(aws, allow("sqs:ListQueues")))
    aws.clock.set(LATER)
    sqs.list_queues()
    with pytest.raises(ClientError, match="not authorized"):
        sqs.create_queue(QueueName="q")


@pytest.fixture
def workdir(aws: AwsServer, tmp_path: Path) -> Any:
    facts = {"aws_endpoint": aws.endpoint, "secret_key": aws.secret_key, "pid": 1}
    with published(tmp_path / "run.json", facts):
        yield str(tmp_path)


def test_the_command_sets_the_clock_and_tells_what_it_shows(
    aws: AwsServer, workdir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*moment: str) -> str:
        assert main(["clock", *moment, "--workdir", workdir]) == 0
        return capsys.readouterr().out

    assert told().endswith("Z: real time\n")
    assert told("2031-05-06T07:08:09Z").startswith("2031-05-06T07:08:")
    assert close(aws.clock_now(), LATER)
    assert told().endswith(" ahead of real time\n")
    assert told("2020-05-06").endswith(" behind real time\n")
    assert told("2031-05-06T09:08:09+02:00").startswith("2031-05-06T07:08:")
    assert told("real").endswith("Z: real time\n")
    assert aws.clock.offset == timedelta(0)


@pytest.mark.parametrize("moment", ["tomorrow", "2031-13-01", "9999-01-01T00:00:00Z", "12:30"])
def test_the_command_refuses_what_it_cannot_read(
    aws: AwsServer, workdir: str, capsys: pytest.CaptureFixture[str], moment: str
) -> None:
    assert main(["clock", moment, "--workdir", workdir]) == 2
    assert capsys.readouterr().err.startswith(f"{moment}: a moment such as 2026-12-24T18:00:00Z or real is wanted (")
    assert aws.clock.offset == timedelta(0)


def test_the_command_says_so_where_no_cloud_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clock", "--workdir", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"no local cloud runs here: {tmp_path}/run.json names none\n"


@pytest.mark.parametrize(("headers", "body", "status"), [({}, {}, 403), (None, [], 200), (None, {"moment": 1}, 400)])
def test_the_way_to_the_clock_is_the_administrators(aws: AwsServer, headers: Any, body: Any, status: int) -> None:
    given = {"Authorization": f"Bearer {aws.secret_key}"} if headers is None else headers
    assert send(aws.endpoint, "POST", CLOCK, json.dumps(body), given)[0] == status
