"""SNS to Lambda: a topic's message reaches a subscribed function in the shape that AWS gives it.

https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.sns.models import Subscription

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.functions.invoke_wire import LambdaTarget
    from localcloud.ground.gate import Gate


@contextmanager
def sns_invokes_functions(gate: Gate, target: Callable[[], LambdaTarget]) -> Iterator[None]:
    """Invoke subscribed functions; moto would send them an event of constants."""
    publish = Subscription.publish

    def publish_to(subscription: Any, message: str, message_id: str, **options: Any) -> None:
        if subscription.protocol != "lambda":
            publish(subscription, message, message_id, **options)
            return
        attributes = options.get("message_attributes")
        matcher = subscription._filter_policy_matcher
        if matcher is not None and not matcher.matches(attributes, message):
            return
        if options.get("message_structure") == "json":
            message = subscription._parse_message_structure(message, "lambda")
        event = sns_event(subscription, message, message_id, options.get("subject"), attributes or {})
        gate.afterwards(lambda: target()(subscription.endpoint, event))

    with replaced(Subscription, "publish", publish_to):
        yield


def sns_event(
    subscription: Any, message: str, message_id: str, subject: str | None, attributes: dict[str, Any]
) -> dict[str, Any]:
    """Return the event that a function receives for one message."""
    topic = subscription.topic.arn
    site = f"https://sns.{topic.split(':')[3]}.amazonaws.com"
    return {
        "Records": [
            {
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription.arn,
                "EventSource": "aws:sns",
                "Sns": {
                    "SignatureVersion": "1",
                    "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                    "Signature": "EXAMPLE",
                    "SigningCertUrl": f"{site}/SimpleNotificationService.pem",
                    "MessageId": message_id,
                    "Message": message,
                    "MessageAttributes": {
                        name: {"Type": value["Type"], "Value": value["Value"]} for name, value in attributes.items()
                    },
                    "Type": "Notification",
                    "UnsubscribeUrl": f"{site}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
                    "TopicArn": topic,
                    "Subject": subject,
                },
            }
        ]
    }
