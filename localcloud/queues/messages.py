"""Batches of queue messages as functions see them, and what a function's answer says about each message.

Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html (event) and
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html (partial batch responses).
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

type Message = Mapping[str, Any]

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024


class Batch:
    """Messages of one invocation in the making: at most so many, and at most 6 MB as an event."""

    def __init__(self, queue_arn: str, most: int, first: Sequence[Message] = ()) -> None:
        self.messages: list[Message] = []
        self.left_over: list[Message] = []
        """Messages that were received but did not fit; the next batch begins with them."""
        self._queue_arn = queue_arn
        self._most = most
        self._size = 0
        self.add(first)

    @property
    def room(self) -> int:
        """Return how many more messages the batch can take."""
        return 0 if self.left_over else self._most - len(self.messages)

    def add(self, received: Sequence[Message]) -> None:
        """Take messages as they come; from the first that does not fit on, they are left over."""
        for message in received:
            size = len(json.dumps(record(message, self._queue_arn)))
            fits = self._size + size <= MAX_PAYLOAD_BYTES or not self.messages
            if self.room and fits:
                self.messages.append(message)
                self._size += size
            else:
                self.left_over.append(message)


def event(messages: Sequence[Message], queue_arn: str) -> dict[str, Any]:
    """Return the event for messages as ReceiveMessage returned them."""
    return {"Records": [record(message, queue_arn) for message in messages]}


def record(message: Message, queue_arn: str) -> dict[str, Any]:
    """Return one message as a record of the event."""
    made = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
    if "MD5OfMessageAttributes" in message:
        made["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return made


def failed_ids(messages: Sequence[Message], answer: bytes, partial: bool) -> set[str]:
    """Return the ids of the messages that a function which returned normally calls failed.

    Without partial responses that is none. With them, an answer that cannot be understood fails the whole batch.
    """
    if not partial:
        return set()
    everything = {message["MessageId"] for message in messages}
    try:
        response = json.loads(answer)
        items = (response or {}).get("batchItemFailures") or []
        named = {item["itemIdentifier"] for item in items}
    except (ValueError, TypeError, KeyError, AttributeError):
        return everything
    return everything if named - everything else named


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if "StringValue" in value:
        made["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        made["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return made
