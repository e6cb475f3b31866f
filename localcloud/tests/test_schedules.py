"""Schedules: AWS's cron dialect and rates, and rules that fire when they are due."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.events.cron import Cron
from localcloud.events.schedules import Schedules, parse
from localcloud.server.aws import AwsServer
from localcloud.tests.clouds import make_function, printed

NOON = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)  # a Friday


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "fires"),
    [
        pytest.param("* * * * ? *", ["2026-11-20T12:01", "2026-11-20T12:02"], id="each minute"),
        pytest.param("0/15 * * * ? *", ["2026-11-20T12:15", "2026-11-20T12:30"], id="a step from a start"),
        pytest.param("*/20 * * * ? *", ["2026-11-20T12:20", "2026-11-20T12:40"], id="a step over all"),
        pytest.param("10-50/20 12 * * ? *", ["2026-11-20T12:10", "2026-11-20T12:30"], id="a step in a range"),
        pytest.param("0 10 * * ? *", ["2026-11-21T10:00", "2026-11-22T10:00"], id="each day at ten"),
        pytest.param("15 12 * * ? *", ["2026-11-20T12:15", "2026-11-21T12:15"], id="later today"),
        pytest.param("0 18 ? * MON-FRI *", ["2026-11-20T18:00", "2026-11-23T18:00"], id="weekdays by name"),
        pytest.param("0 8 ? * 1 *", ["2026-11-22T08:00", "2026-11-29T08:00"], id="1 is Sunday"),
        pytest.param("0 8 ? * SAT,2 *", ["2026-11-21T08:00", "2026-11-23T08:00"], id="a list of weekdays"),
        pytest.param("0 8 1 * ? *", ["2026-12-01T08:00", "2027-01-01T08:00"], id="the first of a month"),
        pytest.param("0 8 L * ? *", ["2026-11-30T08:00", "2026-12-31T08:00"], id="the last day"),
        pytest.param("0 8 ? * 6L *", ["2026-11-27T08:00", "2026-12-25T08:00"], id="the last Friday"),
        pytest.param("0 8 ? * L *", ["2026-11-28T08:00", "2026-12-26T08:00"], id="the last Saturday"),
        pytest.param("0 8 ? * 3#2 *", ["2026-12-08T08:00", "2027-01-12T08:00"], id="the second Tuesday"),
        pytest.param("0 8 ? * 1#5 *", ["2026-11-29T08:00", "2027-01-31T08:00"], id="a fifth one may be missing"),
        pytest.param("0 8 21W * ? *", ["2026-12-21T08:00", "2027-01-21T08:00"], id="Saturday gives Friday"),
        pytest.param("0 8 1W AUG ? *", ["2027-08-02T08:00", "2028-08-01T08:00"], id="but within the month"),
        pytest.param("0 8 31W MAY ? *", ["2027-05-31T08:00", "2028-05-31T08:00"], id="a workday is itself"),
        pytest.param("0 8 29 2 ? *", ["2028-02-29T08:00", "2032-02-29T08:00"], id="leap days"),
        pytest.param("0 8 1 JAN-MAR/2 ? 2027", ["2027-01-01T08:00", "2027-03-01T08:00"], id="months and a year"),
    ],
)
def test_a_cron_expression_fires_as_aws_says(fields: str, fires: list[str]) -> None:
    cron = Cron.parse(fields)
    first = cron.after(NOON)
    assert first == moment(fires[0])
    assert cron.after(first) == moment(fires[1])


def test_a_year_that_is_over_never_comes() -> None:
    assert Cron.parse("0 8 * * ? 2020").after(NOON) is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        pytest.param("cron(0 8 * * *)", "six fields, not 5", id="five fields"),
        pytest.param("cron(0 8 * * * *)", "exactly one of", id="both days given"),
        pytest.param("cron(0 8 ? * ? *)", "exactly one of", id="no day given"),
        pytest.param("cron(60 8 * * ? *)", "60 is not from 0 to 59", id="minute 60"),
        pytest.param("cron(0 8 ? * 0 *)", "0 is not from 1 to 7", id="weekday 0"),
        pytest.param("cron(0 8 32 * ? *)", "32 is not from 1 to 31", id="day 32"),
        pytest.param("cron(0 8 * FOO ? *)", "FOO is not from 1 to 12", id="no such month"),
        pytest.param("cron(0/0 8 * * ? *)", "0 is no step", id="step 0"),
        pytest.param("cron(30-10 8 * * ? *)", "runs backwards", id="a range backwards"),
        pytest.param("rate(1 minutes)", "plural", id="one minutes"),
        pytest.param("rate(5 minute)", "plural", id="five minute"),
        pytest.param("rate(0 minutes)", "neither", id="rate 0"),
        pytest.param("at(2026-01-01)", "neither", id="something else"),
    ],
)
def test_a_wrong_expression_says_what_is_wrong(expression: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(expression)


def test_a_rate_counts_from_the_rules_creation() -> None:
    assert parse("rate(2 hours)").after(NOON) == NOON + timedelta(hours=2)
    assert parse("rate(1 day)").after(NOON) == NOON + timedelta(days=1)


class Clock:
    """A time that stands still until it is set."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def schedules(aws: AwsServer, clock: Clock) -> Schedules:
    made = Schedules(aws.gate, aws.account_id, aws.event_targets, now=clock)
    made.close()  # the test turns the hands itself
    return made


def scheduled_queue(aws: AwsServer, expression: str, name: str = "r", **target: Any) -> Any:
    url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{aws.account_id}:{name}"
    policy = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    aws.client("events").put_rule(Name=name, ScheduleExpression=expression)
    aws.client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, **target}])
    return url


def bodies(aws: AwsServer, url: str) -> Any:
    answer = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_rule_fires_when_it_is_due_and_once_only(aws: AwsServer, clock: Clock, schedules: Schedules) -> None:
    url = scheduled_queue(aws, "rate(5 minutes)")
    schedules.tick()
    clock.now += timedelta(minutes=4, seconds=59)
    schedules.tick()
    assert bodies(aws, url) == []
    clock.now += timedelta(seconds=1)
    schedules.tick()
    schedules.tick()
    (event,) = map(json.loads, bodies(aws, url))
    assert event.pop("id")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": aws.account_id,
        "time": "2026-11-20T12:05:30Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:events:us-east-1:{aws.account_id}:rule/r"],
        "detail": {},
    }


def test_a_target_may_have_an_input_of_its_own(aws: AwsServer, clock: Clock, schedules: Schedules) -> None:
    url = scheduled_queue(aws, "cron(1 12 * * ? *)", Input='{"kind": "full"}')
    schedules.tick()
    clock.now += timedelta(minutes=1)
    schedules.tick()
    assert bodies(aws, url) == ['{"kind": "full"}']


def test_a_disabled_rule_does_not_fire(aws: AwsServer, clock: Clock, schedules: Schedules) -> None:
    url = scheduled_queue(aws, "rate(1 minute)")
    schedules.tick()
    aws.client("events").disable_rule(Name="r")
    clock.now += timedelta(minutes=2)
    schedules.tick()
    assert bodies(aws, url) == []


def test_a_changed_expression_counts_from_then_on(aws: AwsServer, clock: Clock, schedules: Schedules) -> None:
    url = scheduled_queue(aws, "rate(1 hour)")
    schedules.tick()
    aws.client("events").put_rule(Name="r", ScheduleExpression="rate(1 minute)")
    schedules.tick()
    clock.now += timedelta(minutes=1)
    schedules.tick()
    assert len(bodies(aws, url)) == 1


def test_a_schedule_is_fired_by_hand_by_its_name_or_its_functions(cloud: LocalCloud) -> None:
    function = make_function(cloud, "def handler(event, context): print(event['detail-type'])\n")
    cloud.client("events").put_rule(Name="daily", ScheduleExpression="rate(1 day)")
    cloud.client("events").put_targets(Rule="daily", Targets=[{"Id": "1", "Arn": function}])
    cloud.fire_schedule("daily")
    cloud.fire_schedule("f")
    cloud.wait_idle()
    assert printed(cloud, "f") == ["Scheduled Event"] * 2
    with pytest.raises(LookupError, match="nobody"):
        cloud.fire_schedule("nobody")
