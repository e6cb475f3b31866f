"""Polls: the packaged application's handler against a bare boto3 ``get_object`` of the same object, in turn.

The handler is called in a process that has nothing else to do, with an event of API Gateway; S3 is the local cloud's.
Then polls through the local cloud, one after the other: the function invoked, and asked over HTTP.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import requests

from benchmarks.child import Child
from benchmarks.handler import Pairs, event
from benchmarks.result import Result
from benchmarks.stage import Stage, stage
from chalicelib.access import tokens
from chalicelib.access.aws import Tokens

SIZES = (1_000, 10_000, 100_000)
MILLI = 1_000.0
ROUNDS = 25
SECONDS = 3.0  # for each way of sustained polls
BARE = {
    "304": "bare conditional get_object",
    "200": "bare get_object, body read",
    "307": "bare head_object, presigned URL",
}


def run(package: Path) -> list[Result]:
    """Return the figures of single polls, and of many in turn."""
    with stage(package) as there:
        return [*_single(there), *_sustained(there)]


def _single(there: Stage) -> Iterable[Result]:
    """Measure all sizes in turn, so that a machine that slows down slows all of them."""
    buckets = {size: there.bucket(size) for size in SIZES}
    children = {
        size: Child("handler", there.code, there.environment(DOCUMENT_BUCKET=bucket), bucket)
        for size, bucket in buckets.items()
    }
    measured: dict[tuple[str, int], Pairs] = {}
    wanted = [("304", size) for size in SIZES] + [("200", size) for size in SIZES] + [("307", SIZES[-1])]
    for _ in range(ROUNDS):
        for kind, size in wanted:
            measured.setdefault((kind, size), []).extend(children[size].ask(kind))
    for child in children.values():
        child.close()
    for (kind, size), pairs in measured.items():
        name = f"{kind} poll, {size:,} entries: handler"
        bare = BARE[kind]
        yield Result(name, _median(pairs, 0), "ms", bare, _median(pairs, 2))
        yield Result(f"{name}, CPU", _median(pairs, 1), "ms", bare, _median(pairs, 3))
    for size in SIZES[1:]:
        name, reference = f"304 poll, {size:,} entries: handler", f"that of {SIZES[0]:,} entries"
        yield Result(name, _median(measured["304", size], 0), "ms", reference, _median(measured["304", SIZES[0]], 0))


def _median(pairs: Pairs, column: int) -> float:
    return MILLI * statistics.median(pair[column] for pair in pairs)


def _sustained(there: Stage) -> Iterable[Result]:
    """Poll the deployed function in sequence: it is warm, and one environment of it answers."""
    there.fill(there.stack.outputs["DocumentBucketName"], SIZES[-1])
    token, text = tokens.create("benchmarks", ("hosts:read:private",), time.time(), 3600)
    Tokens(there.cloud.client("dynamodb"), there.stack.outputs["TableName"]).add(token)
    url = f"{there.cloud.api_url}/_aws/execute-api/{there.stack.outputs['RestAPIId']}/api"
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {text}"
    etag = session.get(f"{url}/hosts/private", timeout=60).headers["ETag"]
    lambda_, function = there.cloud.client("lambda"), f"{there.stack.name}-api"
    health = event()
    health |= {"resource": "/healthz", "path": "/healthz", "pathParameters": None}
    health["requestContext"] |= {"resourcePath": "/healthz"}

    def invoke(asked: dict[str, Any], status: int) -> Callable[[], None]:
        def do() -> None:
            answer = lambda_.invoke(FunctionName=function, Payload=json.dumps(asked))
            _expect(json.loads(answer["Payload"].read())["statusCode"], status)

        return do

    def get(path: str, status: int, headers: dict[str, str]) -> Callable[[], None]:
        return lambda: _expect(session.get(f"{url}{path}", headers=headers, timeout=60).status_code, status)

    ways = {
        "Invoke": (invoke(event(etag), 304), invoke(health, 200)),
        "HTTP": (get("/hosts/private", 304, {"If-None-Match": etag}), get("/healthz", 200, {})),
    }
    for way, (poll, nothing) in ways.items():
        ours, least = _rates([poll, nothing])
        yield Result(f"sustained 304 polls of one warm function, by {way}", ours, "1/s", f"/healthz by {way}", least)
    whole = get("/hosts/private", 200, {"Accept-Encoding": "identity"})
    (ours,) = _rates([whole])
    yield Result(f"sustained 200 polls, {SIZES[-1]:,} entries, by HTTP", ours, "1/s", "/healthz by HTTP", least)


def _rates(ways: Sequence[Callable[[], None]]) -> list[float]:
    """Return how many times a second each can be done, in sequence; they take turns."""
    spent: list[list[float]] = [[] for _ in ways]
    end = time.monotonic() + SECONDS * len(ways)
    while time.monotonic() < end:
        for do, seconds in zip(ways, spent, strict=True):
            start = time.perf_counter()
            do()
            seconds.append(time.perf_counter() - start)
    return [len(seconds) / sum(seconds) for seconds in spent]


def _expect(status: int, wanted: int) -> None:
    if status != wanted:
        raise AssertionError(f"{status} instead of {wanted}")
