"""The targets of EventBridge rules: each is sent its text, and one that fails spoils nothing for the others.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from localcloud.ground.arns import Arn, read_arn
from localcloud.iam import policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.functions.invoke_wire import LambdaTarget
    from localcloud.ground.gate import Gate

log = logging.getLogger(__name__)


class EventTargets:
    """Deliver to SQS, SNS and Lambda as EventBridge does, for rules on events and on schedules alike."""

    def __init__(self, gate: Gate, on_lambda_target: Callable[[], LambdaTarget]) -> None:
        self._gate = gate
        self._on_lambda_target = on_lambda_target

    def deliver(self, target: dict[str, Any], body: str, rule_arn: str) -> None:
        """Send a text to a target, once the current request has its answer.

        A failure is logged, and kept in the target's dead-letter queue if it has one: it touches nobody else.
        """
        self._gate.afterwards(lambda: self._attempt(target, body, rule_arn))

    def _attempt(self, target: dict[str, Any], body: str, rule_arn: str) -> None:
        try:
            self._deliver(target, body, rule_arn)
        except Exception as error:
            log.exception("%s could not reach %s", rule_arn, target["Arn"])
            if "DeadLetterConfig" in target:
                self._bury(read_arn(target["DeadLetterConfig"]["Arn"]), target, body, rule_arn, error)

    def _deliver(self, target: dict[str, Any], body: str, rule_arn: str) -> None:
        arn = read_arn(target["Arn"])
        if arn.service == "sqs":
            with self._gate:
                _send_message(arn, body, rule_arn, target.get("SqsParameters", {}).get("MessageGroupId"))
        elif arn.service == "sns":
            with self._gate:
                topic = sns_backends[arn.account][arn.region].get_topic(arn.text)
                _require(topic.policy, "sns:Publish", arn, rule_arn)
                topic.publish(body)
        elif arn.service == "lambda":
            self._on_lambda_target()(target["Arn"], json.loads(body))
        else:
            raise NotImplementedError(f"targets of {arn.service} are not emulated")

    def _bury(self, queue: Arn, target: dict[str, Any], body: str, rule_arn: str, error: Exception) -> None:
        """Keep what could not be delivered.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        """
        attributes = {
            "ERROR_CODE": getattr(error, "code", type(error).__name__),
            "ERROR_MESSAGE": str(error),
            "RULE_ARN": rule_arn,
            "TARGET_ARN": target["Arn"],
        }
        try:
            with self._gate:
                _send_message(queue, body, rule_arn, None, attributes)
        except Exception:
            log.exception("%s lost an event: its dead-letter queue %s failed too", rule_arn, queue.text)


def _send_message(
    queue: Arn, body: str, rule_arn: str, group: str | None, attributes: dict[str, str] | None = None
) -> None:
    backend = sqs_backends[queue.account][queue.region]
    _require(backend.get_queue(queue.resource).policy or '{"Statement": []}', "sqs:SendMessage", queue, rule_arn)
    described = {name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()}
    backend.send_message(queue.resource, body, message_attributes=described, group_id=group)


def _require(document: str, action: str, resource: Arn, rule_arn: str) -> None:
    """Ask a resource's policy whether EventBridge may use it.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    context = {"aws:sourcearn": [rule_arn], "aws:sourceaccount": [read_arn(rule_arn).account]}
    principal = {"Service": {"events.amazonaws.com"}}
    if not policy.allows([document], action, resource.text, context, principal):
        raise PermissionError(f"the policy of {resource.text} does not let events.amazonaws.com do {action}")
