"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html"""

import json
import re
from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, Listener, policy, rule

type Invocations = list[tuple[str, Json]]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
PATTERN = {"source": ["shop"]}


@pytest.fixture
def invoked(aws: AwsServer) -> Invocations:
    """The invocations of functions."""
    invocations: Invocations = []
    aws.on_lambda_target = lambda arn, event: invocations.append((arn, event))
    return invocations


@pytest.fixture
def listener(aws: AwsServer) -> Listener:
    return Listener(aws)


def put(aws: AwsServer, source: str = "shop", detail: Json | None = None, **more: Any) -> str:
    entry = {"Source": source, "DetailType": "Sale", "Detail": json.dumps(detail or {"item": "pen"}), **more}
    answer = aws.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0
    return str(answer["Entries"][0]["EventId"])


def test_an_event_reaches_a_queue_whole(aws: AwsServer, listener: Listener) -> None:
    rule(aws, PATTERN, listener.arn)
    event_id = put(aws, Resources=["arn:aws:s3:::b"], Time=1_700_000_000)
    assert listener.events() == [
        {
            "version": "0",
            "id": event_id,
            "detail-type": "Sale",
            "source": "shop",
            "account": aws.account_id,
            "time": "2023-11-14T22:13:20Z",
            "region": aws.region,
            "resources": ["arn:aws:s3:::b"],
            "detail": {"item": "pen"},
        }
    ]


def test_an_event_without_a_time_has_that_of_its_arrival_and_ids_are_unique(aws: AwsServer, listener: Listener) -> None:
    rule(aws, PATTERN, listener.arn)
    put(aws)
    put(aws)
    first, second = listener.events()
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["time"])
    assert first["id"] != second["id"]


def test_only_what_matches_is_delivered_and_each_rule_delivers(aws: AwsServer, listener: Listener) -> None:
    rule(aws, {"source": ["shop"], "detail": {"item": [{"prefix": "pe"}]}}, listener.arn, name="one")
    rule(aws, {"source": [{"anything-but": "bank"}]}, listener.arn, name="two")
    put(aws, detail={"item": "cup"})
    put(aws, source="bank")
    put(aws)
    assert [event["detail"]["item"] for event in listener.events()] == ["cup", "pen", "pen"]


def test_a_disabled_rule_and_a_schedule_deliver_nothing(aws: AwsServer, listener: Listener) -> None:
    rule(aws, PATTERN, listener.arn)
    events = aws.client("events")
    events.put_rule(Name="timer", ScheduleExpression="rate(5 minutes)")
    events.put_targets(Rule="timer", Targets=[{"Id": "1", "Arn": listener.arn}])
    events.disable_rule(Name="rule")
    put(aws)
    assert listener.events() == []
    events.enable_rule(Name="rule")
    put(aws)
    assert len(listener.events()) == 1


@pytest.mark.parametrize(
    ("chosen", "body"),
    [
        ({"Input": '{"constant": 1}'}, {"constant": 1}),
        ({"InputPath": "$.detail"}, {"item": "pen", "price": 3}),
        ({"InputPath": "$.detail.item"}, "pen"),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"item": "$.detail.item", "price": "$.detail.price", "type": "$.detail-type"},
                    "InputTemplate": '{"what": <item>, "text": "<type>: <item> for <price>", "price": <price>}',
                }
            },
            {"what": "pen", "text": "Sale: pen for 3", "price": 3},
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"detail": "$.detail", "none": "$.detail.none"},
                    "InputTemplate": '{"rule": "<aws.events.rule-name>", "detail": <detail>, "none": "<none>"}',
                }
            },
            {"rule": "rule", "detail": {"item": "pen", "price": 3}, "none": ""},
        ),
    ],
    ids=["a constant", "a part", "a text", "a transformer", "a transformer with AWS's own variables"],
)
def test_a_target_is_sent_what_its_input_says(aws: AwsServer, listener: Listener, chosen: Json, body: Any) -> None:
    rule(aws, PATTERN, {"Arn": listener.arn, **chosen})
    put(aws, detail={"item": "pen", "price": 3})
    assert listener.events() == [body]


def test_a_fifo_queue_gets_the_message_group(aws: AwsServer) -> None:
    fifo = Listener(aws, "q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    rule(aws, PATTERN, {"Arn": fifo.arn, "SqsParameters": {"MessageGroupId": "g"}})
    put(aws)
    (message,) = fifo.messages()
    assert message["Attributes"]["MessageGroupId"] == "g"


def test_a_function_is_invoked_with_the_event(aws: AwsServer, invoked: Invocations) -> None:
    rule(aws, PATTERN, FUNCTION)
    event_id = put(aws)
    ((arn, event),) = invoked
    assert (arn, event["id"], event["detail"]) == (FUNCTION, event_id, {"item": "pen"})


def test_a_function_may_call_aws_while_it_is_being_invoked(aws: AwsServer) -> None:
    seen = []
    aws.on_lambda_target = lambda _arn, _event: seen.append(aws.client("sqs").list_queues())
    rule(aws, PATTERN, FUNCTION)
    put(aws)
    assert len(seen) == 1


def test_a_topic_passes_the_event_on_to_its_queue_and_its_function(
    aws: AwsServer, invoked: Invocations, listener: Listener
) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    may = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy({**may, "Resource": topic}))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=listener.arn)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION)
    rule(aws, PATTERN, topic)
    event_id = put(aws)
    assert json.loads(listener.events()[0]["Message"])["id"] == event_id
    ((arn, event),) = invoked
    record = event["Records"][0]
    assert (arn, record["EventSource"], record["Sns"]["TopicArn"]) == (FUNCTION, "aws:sns", topic)
    assert json.loads(record["Sns"]["Message"])["id"] == event_id


def test_a_message_of_a_topic_reaches_a_function_with_subject_and_attributes(
    aws: AwsServer, invoked: Invocations
) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION)
    colour = {"colour": {"DataType": "String", "StringValue": "red"}}
    message_id = sns.publish(TopicArn=topic, Message="hello", Subject="s", MessageAttributes=colour)["MessageId"]
    ((_, event),) = invoked
    message = event["Records"][0]["Sns"]
    assert (message["Message"], message["Subject"], message["MessageId"]) == ("hello", "s", message_id)
    assert message["MessageAttributes"] == {"colour": {"Type": "String", "Value": "red"}}


def test_a_failing_target_spoils_neither_the_others_nor_the_call(
    aws: AwsServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    missing = "arn:aws:sqs:us-east-1:123456789012:missing"
    rule(aws, PATTERN, missing, FUNCTION, "arn:aws:states:us-east-1:123456789012:stateMachine:s", listener.arn)
    put(aws)
    assert len(listener.events()) == 1
    assert caplog.text.count("could not reach") == 3


def test_what_cannot_be_delivered_is_kept_in_the_targets_dead_letter_queue(aws: AwsServer) -> None:
    dead = Listener(aws, "dead")
    missing = "arn:aws:sqs:us-east-1:123456789012:missing"
    arn = rule(aws, PATTERN, {"Arn": missing, "DeadLetterConfig": {"Arn": dead.arn}})
    event_id = put(aws)
    (message,) = dead.messages()
    assert json.loads(message["Body"])["id"] == event_id
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"]) == (arn, missing)


def test_a_queue_whose_policy_does_not_let_events_in_gets_none(
    aws: AwsServer, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener(aws, Policy=policy())
    rule(aws, PATTERN, listener.arn)
    put(aws)
    assert listener.events() == []
    assert "does not let events.amazonaws.com do sqs:SendMessage" in caplog.text


def test_a_queue_may_let_in_one_rule_only(aws: AwsServer) -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:listener"
    may = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    only = {"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:123456789012:rule/good"}}
    listener = Listener(aws, Policy=policy({**may, "Resource": queue, "Condition": only}))
    rule(aws, PATTERN, {"Arn": listener.arn, "Input": '"good"'}, name="good")
    rule(aws, PATTERN, {"Arn": listener.arn, "Input": '"bad"'}, name="bad")
    put(aws)
    assert listener.events() == ["good"]


def test_an_event_goes_on_to_a_bus_of_another_account_and_region_once(aws: AwsServer) -> None:
    there = {"account": "999999999999", "region": "eu-west-1"}
    bus = "arn:aws:events:eu-west-1:999999999999:event-bus/default"
    aws.client("events", there["region"], there["account"]).put_permission(
        Action="events:PutEvents", Principal=aws.account_id, StatementId="s"
    )
    listener = Listener(aws, **there)
    rule(aws, PATTERN, listener.arn, f"arn:aws:events:{aws.region}:{aws.account_id}:event-bus/default", **there)
    rule(aws, PATTERN, bus)
    event_id = put(aws, Resources=["r"])
    (event,) = listener.events()
    assert (event["id"], event["account"], event["region"]) == (event_id, aws.account_id, aws.region)
    assert event["resources"] == ["r"]


def test_a_bus_of_another_account_takes_nothing_without_permission(aws: AwsServer) -> None:
    there = {"account": "999999999999", "region": "eu-west-1"}
    listener = Listener(aws, **there)
    rule(aws, PATTERN, listener.arn, **there)
    put(aws, EventBusName="arn:aws:events:eu-west-1:999999999999:event-bus/default")
    assert listener.events() == []


def test_a_bus_of_ones_own_has_its_own_rules(aws: AwsServer, listener: Listener) -> None:
    aws.client("events").create_event_bus(Name="mine")
    rule(aws, PATTERN, listener.arn, bus="mine")
    put(aws)
    assert listener.events() == []
    put(aws, EventBusName="mine")
    assert len(listener.events()) == 1


def test_a_malformed_entry_fails_alone(aws: AwsServer, listener: Listener) -> None:
    rule(aws, PATTERN, listener.arn)
    good = {"Source": "shop", "DetailType": "Sale", "Detail": "{}"}
    answer = aws.client("events").put_events(Entries=[{**good, "Detail": "{"}, good])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "MalformedDetail"
    assert len(listener.events()) == 1
