"""The child of publishing.py: lets the packaged application publish, or does with bare boto3 what must be done.

It is told what to do on a line: ``publish``, or the sizes of the bodies to put.
"""

import json
import sys
import time
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import boto3

import app
from benchmarks.child import answers
from benchmarks.plan_only import peak

SCHEDULED = {
    "version": "0",
    "account": "123456789012",
    "region": "us-east-1",
    "detail": {},
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "2026-11-20T12:00:00Z",
    "id": "0",
    "resources": [],
}


def main() -> None:
    """Do what each line says, and answer with what it cost."""
    out = answers()
    for line in sys.stdin:
        floor, start, cpu = peak(), time.perf_counter(), time.process_time()
        read = _publish() if line.strip() == "publish" else _least(json.loads(line))
        spent = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu, "memory": peak() - floor}
        out.write(json.dumps({**spent, "read": read}) + "\n")


def _publish() -> int:
    context: Any = SimpleNamespace(
        aws_request_id="0", function_name="publish-hosts", get_remaining_time_in_millis=lambda: 300_000
    )
    app.publish_hosts(SCHEDULED, context)
    return 0


def _least(sizes: Iterable[int]) -> int:
    """Read the same pages, put bodies of the same sizes; return how many items were read."""
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    names: Any = {":pk": {"S": "name"}}
    pages = dynamodb.get_paginator("query").paginate(
        TableName="table", KeyConditionExpression="pk = :pk", ExpressionAttributeValues=names
    )
    items = [item for page in pages for item in page["Items"]]
    for n, size in enumerate(sizes):
        s3.put_object(Bucket="bucket", Key=str(n), Body=b"x" * size)
    return len(items)


if __name__ == "__main__":
    main()
