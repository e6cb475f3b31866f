"""Batches as functions see them, and what their answers mean, without a cloud."""

import json
from typing import Any

import pytest

from localcloud.queues.messages import MAX_PAYLOAD_BYTES, Batch, failed_ids, record

ARN = "arn:aws:sqs:us-east-1:123456789012:q"


def message(number: int, body: Any = "x") -> Any:
    return {"MessageId": f"m{number}", "ReceiptHandle": "r", "Body": body, "MD5OfBody": "d", "Attributes": {}}


MESSAGES = [message(1), message(2), message(3)]
ALL = {"m1", "m2", "m3"}


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        pytest.param({"batchItemFailures": [{"itemIdentifier": "m2"}]}, {"m2"}, id="one named"),
        pytest.param({"batchItemFailures": []}, set(), id="an empty list is success"),
        pytest.param({"batchItemFailures": None}, set(), id="a null list is success"),
        pytest.param({}, set(), id="an empty answer is success"),
        pytest.param(None, set(), id="a null answer is success"),
        pytest.param({"batchItemFailures": [{"itemIdentifier": ""}]}, ALL, id="an empty id fails all"),
        pytest.param({"batchItemFailures": [{"itemIdentifier": None}]}, ALL, id="a null id fails all"),
        pytest.param({"batchItemFailures": [{"id": "m2"}]}, ALL, id="a wrong key fails all"),
        pytest.param({"batchItemFailures": [{"itemIdentifier": "m9"}]}, ALL, id="an unknown id fails all"),
        pytest.param({"batchItemFailures": [{"itemIdentifier": ["m1"]}]}, ALL, id="an id that is no text fails all"),
        pytest.param({"batchItemFailures": "m1"}, ALL, id="no list fails all"),
        pytest.param("ok", ALL, id="a text fails all"),
    ],
)
def test_a_partial_response_names_the_failed_messages(answer: Any, failed: set[str]) -> None:
    assert failed_ids(MESSAGES, json.dumps(answer).encode(), partial=True) == failed
    assert failed_ids(MESSAGES, json.dumps(answer).encode(), partial=False) == set()


def test_what_is_no_json_fails_all() -> None:
    assert failed_ids(MESSAGES, b"<", partial=True) == ALL


def test_a_batch_takes_so_many_messages_and_leaves_the_rest() -> None:
    batch = Batch(ARN, 2)
    batch.add(MESSAGES)
    assert ([m["MessageId"] for m in batch.messages], batch.room) == (["m1", "m2"], 0)
    assert [m["MessageId"] for m in batch.left_over] == ["m3"]
    assert Batch(ARN, 2, batch.left_over).room == 1


def test_a_batch_stays_below_six_megabytes() -> None:
    large = "x" * (1024 * 1024)
    batch = Batch(ARN, 10)
    batch.add([message(number, large) for number in range(7)])
    assert len(batch.messages) == 5
    assert len(json.dumps([record(each, ARN) for each in batch.messages])) <= MAX_PAYLOAD_BYTES
    assert batch.room == 0


def test_attributes_of_a_message_come_in_lambdas_form() -> None:
    attributes = {
        "kind": {"DataType": "String", "StringValue": "new"},
        "blob": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    made = record({**message(1), "MessageAttributes": attributes, "MD5OfMessageAttributes": "a"}, ARN)
    lists: dict[str, list[str]] = {"stringListValues": [], "binaryListValues": []}
    assert made["messageAttributes"] == {
        "kind": {"dataType": "String", "stringValue": "new", **lists},
        "blob": {"dataType": "Binary", "binaryValue": "AP8=", **lists},
    }
    assert made["md5OfMessageAttributes"] == "a"
