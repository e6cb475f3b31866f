"""Subscriptions that wait for their confirmation: they get nothing, and a topic counts them apart.

https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html
https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends
from moto.sns.responses import SNSResponse

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.ground.gate import Gate

BY_LINK = ("email", "email-json", "http", "https")
WITHIN_ACCOUNT = ("firehose", "lambda", "sqs")


class Subscribers:
    """The people and servers behind subscriptions, who may follow the link that was sent to them."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def confirm(self, topic_arn: str, endpoint: str) -> None:
        """Confirm the subscriptions of an endpoint to a topic; raise `LookupError` where none waits for it."""
        _, _, _, region, account, _ = topic_arn.split(":")
        with self._gate:
            waiting = [
                each
                for each in sns_backends[account][region].subscriptions.values()
                if (each.topic.arn, each.endpoint) == (topic_arn, endpoint) and _pending(each)
            ]
            if not waiting:
                raise LookupError(f"no subscription of {endpoint} to {topic_arn} waits for its confirmation")
            for each in waiting:
                each.confirmed = True


@contextmanager
def subscriptions_confirmed() -> Iterator[None]:
    """Keep messages from subscriptions until they are confirmed, and tell which are; moto takes all for confirmed."""
    with ExitStack() as stack:
        for name, pending in (("subscriptions_pending", True), ("subscriptions_confimed", False)):  # moto's spelling
            stack.enter_context(replaced(Topic, name, _count(pending)))
        for name in ("list_subscriptions", "list_subscriptions_by_topic"):
            stack.enter_context(replaced(SNSResponse, name, _listed(vars(SNSResponse)[name])))
        stack.enter_context(replaced(SNSResponse, "subscribe", _subscribed(SNSResponse.subscribe)))
        stack.enter_context(replaced(Subscription, "publish", _if_confirmed(Subscription.publish)))
        attributes = SNSBackend.get_subscription_attributes
        stack.enter_context(replaced(SNSBackend, "get_subscription_attributes", _told(attributes)))
        yield


def _pending(subscription: Any) -> bool:
    if subscription.confirmed:
        return False
    if subscription.protocol in WITHIN_ACCOUNT:
        return str(subscription.endpoint).split(":")[4:5] != [subscription.topic.account_id]
    return subscription.protocol in BY_LINK


def _count(pending: bool) -> property:
    def count(topic: Any) -> int:
        return sum(_pending(each) == pending for each in topic.sns_backend._get_topic_subscriptions(topic))

    return property(count, lambda *_: None)  # moto sets them to 0


def _listed(list_: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def listed(response: Any) -> Any:
        answer = list_(response)
        answer.result["Subscriptions"] = [_shown(each) for each in answer.result["Subscriptions"]]
        return answer

    return listed


def _shown(each: Any) -> dict[str, str]:
    return {
        "SubscriptionArn": "PendingConfirmation" if _pending(each) else each.arn,
        "Owner": each.owner,
        "Protocol": each.protocol,
        "Endpoint": each.endpoint,
        "TopicArn": each.topic.arn,
    }


def _subscribed(subscribe: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Answer with an ARN only where there is one already, or where it is asked for.

    https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
    """

    def subscribed(response: Any) -> Any:
        answer = subscribe(response)
        made = response.backend.subscriptions[answer.result["SubscriptionArn"]]
        if _pending(made) and not response._get_bool_param("ReturnSubscriptionArn", False):
            answer.result["SubscriptionArn"] = "pending confirmation"
        return answer

    return subscribed


def _if_confirmed(publish: Callable[..., None]) -> Callable[..., None]:
    def publish_to(subscription: Any, message: str, message_id: str, **options: Any) -> None:
        if not _pending(subscription):
            publish(subscription, message, message_id, **options)

    return publish_to


def _told(attributes: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def told(backend: Any, arn: str) -> dict[str, Any]:
        return {**attributes(backend, arn), "PendingConfirmation": _pending(backend.subscriptions[arn])}

    return told
