"""https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

import json
from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, Listener, allow, assume, client, refusal

PEOPLE = "ops@example.com"


@pytest.fixture
def topic(aws: AwsServer) -> str:
    return str(aws.client("sns").create_topic(Name="digest")["TopicArn"])


@pytest.fixture
def listener(aws: AwsServer, topic: str) -> Listener:
    """Hears what the topic says."""
    listener = Listener(aws)
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=listener.arn)
    return listener


def counts(aws: AwsServer, topic: str) -> tuple[str, str]:
    attributes = aws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    return attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]


def attribute(kind: str, value: str) -> Json:
    return {"a": {"DataType": kind, "StringValue": value}}


def test_a_mail_address_waits_for_its_confirmation(aws: AwsServer, topic: str, listener: Listener) -> None:
    assert counts(aws, topic) == ("1", "0")
    sns = aws.client("sns")
    made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=PEOPLE)
    assert made["SubscriptionArn"] == "pending confirmation"
    assert counts(aws, topic) == ("1", "1")
    listed = {each["Endpoint"]: each["SubscriptionArn"] for each in sns.list_subscriptions()["Subscriptions"]}
    assert listed[PEOPLE] == "PendingConfirmation"
    assert listed[listener.arn].startswith(f"{topic}:")
    aws.subscribers.confirm(topic, PEOPLE)
    assert counts(aws, topic) == ("2", "0")
    (found,) = (each for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] if "@" in str(each))
    assert found["SubscriptionArn"].startswith(f"{topic}:")
    with pytest.raises(LookupError, match="waits"):
        aws.subscribers.confirm(topic, PEOPLE)


def test_the_arn_of_a_waiting_subscription_comes_if_it_is_asked_for(aws: AwsServer, topic: str) -> None:
    sns = aws.client("sns")
    asked = {"TopicArn": topic, "Protocol": "email", "Endpoint": PEOPLE, "ReturnSubscriptionArn": True}
    arn = sns.subscribe(**asked)["SubscriptionArn"]
    for waits in ("true", "false"):
        attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        assert attributes["PendingConfirmation"] == waits
        if waits == "true":
            aws.subscribers.confirm(topic, PEOPLE)


@pytest.mark.parametrize(("account", "waiting"), [("123456789012", "0"), ("999999999999", "1")])
def test_functions_and_queues_of_the_account_need_no_confirmation(
    aws: AwsServer, topic: str, account: str, waiting: str
) -> None:
    function = f"arn:aws:lambda:us-east-1:{account}:function:f"
    aws.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    assert counts(aws, topic)[1] == waiting


def test_nothing_is_sent_until_the_subscription_is_confirmed(aws: AwsServer, topic: str) -> None:
    there = Listener(aws, account="999999999999")
    sns = aws.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=there.arn)
    sns.publish(TopicArn=topic, Message="early")
    assert there.messages() == []
    assert counts(aws, topic) == ("0", "1")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param({"Message": "x" * 262_144}, id="as large as may be"),
        pytest.param({"Message": "x", "Subject": "s" * 100}, id="a long subject"),
        pytest.param({"Message": "x", "Subject": "größer: 12 €"}, id="a subject beyond ASCII"),
        pytest.param({"Message": "line\nline\t"}, id="lines"),
        pytest.param({"Message": "x", "MessageAttributes": attribute("String.Array", '["a", 1, true]')}, id="an array"),
    ],
)
def test_a_message_is_sent_as_it_was_published(aws: AwsServer, topic: str, listener: Listener, message: Json) -> None:
    aws.client("sns").publish(TopicArn=topic, **message)
    (heard,) = listener.events()
    assert (heard["Message"], heard.get("Subject")) == (message["Message"], message.get("Subject"))


@pytest.mark.parametrize(
    "message",
    [
        pytest.param({"Message": ""}, id="empty"),
        pytest.param({"Message": "x" * 262_145}, id="too large"),
        pytest.param({"Message": "é" * 131_073}, id="too large in bytes"),
        pytest.param({"Message": "x" * 262_140, "MessageAttributes": attribute("String", "v")}, id="with attributes"),
        pytest.param({"Message": "x", "Subject": ""}, id="an empty subject"),
        pytest.param({"Message": "x", "Subject": "s" * 101}, id="too long a subject"),
        pytest.param({"Message": "x", "Subject": "a\nb"}, id="a subject of two lines"),
        pytest.param({"Message": "x", "Subject": "a\u2028b"}, id="a subject of two lines by Unicode"),
        pytest.param({"Message": "x", "Subject": "a\tb"}, id="a control character in the subject"),
        pytest.param({"Message": "x", "MessageAttributes": attribute("List", "v")}, id="an attribute of no kind"),
    ],
)
def test_a_message_that_sns_does_not_take_is_refused(
    aws: AwsServer, topic: str, listener: Listener, message: Any
) -> None:
    assert refusal(client(aws, "sns").publish, TopicArn=topic, **message)["Code"] == "InvalidParameter"
    assert listener.messages() == []


def test_a_filter_finds_a_value_in_an_array(aws: AwsServer, topic: str, listener: Listener) -> None:
    sns = aws.client("sns")
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    sns.set_subscription_attributes(
        SubscriptionArn=subscription["SubscriptionArn"],
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"a": ["ops"]}),
    )
    for value in ('["dev"]', '["dev", "ops"]'):
        sns.publish(TopicArn=topic, Message=value, MessageAttributes=attribute("String.Array", value))
    assert [each["Message"] for each in listener.events()] == ['["dev", "ops"]']


def test_bad_entries_of_a_batch_fail_alone(aws: AwsServer, topic: str, listener: Listener) -> None:
    entries = [{"Id": "1", "Message": "good"}, {"Id": "2", "Message": "bad", "Subject": "a\nb"}]
    answer = aws.client("sns").publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["1"]
    assert [(each["Id"], each["Code"]) for each in answer["Failed"]] == [("2", "InvalidParameter")]
    assert [each["Message"] for each in listener.events()] == ["good"]


@pytest.mark.parametrize(
    ("operation", "asked"), [("Publish", {"Message": "x"}), ("GetTopicAttributes", {})], ids=["publish", "attributes"]
)
def test_a_topic_takes_a_permission_on_its_arn(aws: AwsServer, topic: str, operation: str, asked: Json) -> None:
    sns = client(aws, "sns", assume(aws, allow(f"sns:{operation}", topic)))
    call = {"Publish": sns.publish, "GetTopicAttributes": sns.get_topic_attributes}[operation]
    call(TopicArn=topic, **asked)
    other = aws.client("sns").create_topic(Name="other")["TopicArn"]
    assert refusal(call, TopicArn=other, **asked)["Code"] == "AuthorizationError"
