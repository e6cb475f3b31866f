"""The child of polls.py: times the packaged application's handler, and bare boto3, in turn."""

import json
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.exceptions import ClientError

import app
from benchmarks.child import answers

PAIRS = {"304": 12, "200": 4, "307": 4}  # each time it is asked
FORMATS = {"304": "hosts", "200": "hosts", "307": "json"}  # at 100,000 names, JSON is too large for Lambda

type Pairs = list[tuple[float, float, float, float]]
"""Seconds and CPU seconds of the handler, then of the reference."""


def event(etag: str = "", format_: str = "hosts") -> dict[str, Any]:
    """Return a poll as API Gateway passes it on; all that Chalice reads, and the headers that clients send."""
    headers = {"Accept": "*/*", "Accept-Encoding": "gzip", "Authorization": "Bearer gk_x_y", "Host": "api.example"}
    headers |= {"If-None-Match": etag} if etag else {}
    return {
        "resource": "/hosts/{view}",
        "path": "/hosts/private",
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {"format": format_},
        "multiValueQueryStringParameters": {"format": [format_]},
        "pathParameters": {"view": "private"},
        "stageVariables": None,
        "requestContext": {
            "authorizer": {"principalId": "x", "scopes": "hosts:read:private"},
            "httpMethod": "GET",
            "identity": {"sourceIp": "192.0.2.1"},
            "resourcePath": "/hosts/{view}",
        },
        "body": None,
        "isBase64Encoded": False,
    }


def main() -> None:
    """Be the child: for each line, a kind of poll, answer with the seconds of some pairs."""
    bucket, out = sys.argv[1], answers()

    context = SimpleNamespace(aws_request_id="0", function_name="api", get_remaining_time_in_millis=lambda: 29_000)
    s3 = boto3.client("s3")
    for line in sys.stdin:
        kind = line.strip()
        key = f"hosts/private.{FORMATS[kind]}"
        etag = s3.head_object(Bucket=bucket, Key=key)["ETag"] if kind == "304" else ""
        asked = event(etag, FORMATS[kind])

        def handler(asked: Any = asked) -> int:
            return int(app.app(asked, context)["statusCode"])

        def conditional(key: str = key, etag: str = etag) -> int:
            try:
                return len(s3.get_object(Bucket=bucket, Key=key, IfNoneMatch=etag))
            except ClientError as error:
                return int(error.response["ResponseMetadata"]["HTTPStatusCode"])

        def whole(key: str = key) -> int:
            return len(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

        def linked(key: str = key) -> int:
            s3.head_object(Bucket=bucket, Key=key)
            return len(s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=60))

        if (status := handler()) != int(kind):
            raise AssertionError(f"{status} instead of {kind}")
        bare = {"304": conditional, "200": whole, "307": linked}[kind]
        out.write(json.dumps(_pairs(handler, bare, PAIRS[kind])) + "\n")


def _pairs(ours: Callable[[], int], bare: Callable[[], int], number: int) -> Pairs:
    ours(), bare()  # warm caches, and connections
    pairs = []
    for n in range(number):
        if n % 2:
            mine, other = _timed(ours), _timed(bare)
        else:
            other, mine = _timed(bare), _timed(ours)
        pairs.append((*mine, *other))
    return pairs


def _timed(do: Callable[[], int]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    do()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
