"""Where the record of an asynchronous invocation goes when it is over: dead-letter queues and destinations.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html and
https://docs.aws.amazon.com/lambda/latest/dg/dlq.html (attributes of a dead letter).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.functions.async_queue import Event
    from localcloud.runtime.environment import Answer

type ClientMaker = Callable[[str], Any]


@dataclass(frozen=True)
class Outcome:
    """How an asynchronous invocation ended, in Lambda's word: Success, RetriesExhausted, EventAgeExceeded …"""

    condition: str
    event: Event
    answer: Answer | None = None
    """The last answer of the function, if it ran at all."""


def record(outcome: Outcome) -> dict[str, Any]:
    """Return the invocation record that a destination receives."""
    event, answer = outcome.event, outcome.answer
    body: dict[str, Any] = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{event.function_arn}:$LATEST",
            "condition": outcome.condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json.loads(event.payload),
    }
    if answer is not None:
        body["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST"}
        if answer.failed:
            body["responseContext"]["functionError"] = "Unhandled"
        body["responsePayload"] = json.loads(answer.payload)
    return body


def send_record(client: ClientMaker, target: str, outcome: Outcome) -> None:
    """Send the record to a queue, topic, function or event bus, with the rights of the function's role."""
    body = json.dumps(record(outcome))
    match target.split(":")[2]:
        case "sqs":
            client("sqs").send_message(QueueUrl=queue_url(client("sqs"), target), MessageBody=body)
        case "sns":
            client("sns").publish(TopicArn=target, Message=body)
        case "lambda":
            client("lambda").invoke(FunctionName=target, InvocationType="Event", Payload=body.encode())
        case "events":
            kind = "Success" if outcome.condition == "Success" else "Failure"
            entry = {
                "Source": "lambda",
                "DetailType": f"Lambda Function Invocation Result - {kind}",
                "Detail": body,
                "EventBusName": target,
                "Resources": [outcome.event.function_arn],
            }
            client("events").put_events(Entries=[entry])
        case service:
            raise ValueError(f"a destination in {service} is not supported: {target}")


def send_dead_letter(client: ClientMaker, target: str, outcome: Outcome) -> None:
    """Send the event itself, unchanged, to a dead-letter queue or topic."""
    body = outcome.event.payload.decode()
    error = json.loads(outcome.answer.payload) if outcome.answer else {}
    message = str(error.get("errorMessage", outcome.condition))[:1024] or "?"
    attributes = {
        "RequestID": {"DataType": "String", "StringValue": outcome.event.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200" if outcome.answer else "429"},
        "ErrorMessage": {"DataType": "String", "StringValue": message},
    }
    if target.split(":")[2] == "sns":
        client("sns").publish(TopicArn=target, Message=body, MessageAttributes=attributes)
    else:
        url = queue_url(client("sqs"), target)
        client("sqs").send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)


def queue_url(sqs: Any, arn: str) -> str:
    """Return a queue's URL without asking for it, which would take a permission of its own."""
    *_, account, name = arn.split(":")
    return f"{sqs.meta.endpoint_url}/{account}/{name}"
