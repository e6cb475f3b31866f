"""The child of healing.py: heals by the packaged handler, by what it cannot do without, and by the engine alone.

Each line is JSON with ``ways`` to heal, the buckets, the source's ``key`` and how many ``times``.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.exceptions import ClientError

import app
from benchmarks.child import answers
from chalicelib.derived import definitions, renderer
from chalicelib.derived.engine import picture, workshop
from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.limits import Limits
from chalicelib.derived.engine.outcome import Picture

MEMORY = 2**31  # bytes, of the function
LIMITS = Limits(MEMORY - renderer.BASE_MEMORY, renderer.LONGEST, renderer.LARGEST_SOURCE)
THUMBNAIL = definitions.read(definitions.packaged()).transformations["thumbnail"]
PREFIX = "derived/"


def loss(bucket: str, key: str) -> dict[str, Any]:
    """Return a loss as SNS tells a function of it."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ReducedRedundancyLostObject",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key}},
    }
    message = json.dumps({"Records": [record]})
    sns = {"MessageId": "0", "MessageAttributes": {}, "Subject": "Amazon S3 Notification", "Message": message}
    return {"Records": [{"EventSource": "aws:sns", "Sns": sns}]}


class Ways:
    """How to make one thumbnail, from the least that must be done up to the whole handler."""

    def __init__(self, source_bucket: str, derived_bucket: str, key: str) -> None:
        self._s3 = boto3.client("s3")
        self._source, self._source_key, self._derived = source_bucket, key, derived_bucket
        self._key = f"{PREFIX}{key}/{THUMBNAIL.of(key).leaf}"
        self._loss = loss(derived_bucket, self._key)
        self._context = SimpleNamespace(
            aws_request_id="0", function_name="on-object-lost", get_remaining_time_in_millis=lambda: 120_000
        )
        self._body = self._read()

    def handler(self) -> None:
        """Heal as the function does."""
        app.on_object_lost(self._loss, self._context)

    def same_calls(self) -> None:
        """Make the handler's four calls, and let the engine work in a child process as the handler does."""
        with suppress(ClientError):  # it is lost
            self._s3.head_object(Bucket=self._derived, Key=self._key)
        self._put(_isolated(self._read()))
        self._s3.head_object(Bucket=self._source, Key=self._source_key)

    def bare(self) -> None:
        """Get the source, let the engine make it in this process, and put the derived object."""
        self._put(_made(self._read()))

    def isolated(self) -> None:
        """Let the engine make it in a child process, of bytes that are here."""
        _isolated(self._body)

    def engine(self) -> None:
        """Let the engine make it in this process, of bytes that are here."""
        _made(self._body)

    def _read(self) -> bytes:
        return self._s3.get_object(Bucket=self._source, Key=self._source_key)["Body"].read()

    def _put(self, body: bytes) -> None:
        self._s3.put_object(Bucket=self._derived, Key=self._key, Body=body, StorageClass="REDUCED_REDUNDANCY")


def _isolated(body: bytes) -> bytes:
    source: Any = SimpleNamespace(size=len(body), read_all=lambda: body, read_range=None)
    return _checked(workshop.render(source, SourceFormat.JPEG, [THUMBNAIL], LIMITS)["thumbnail"])


def _made(body: bytes) -> bytes:
    return _checked(dict(picture.render(body, SourceFormat.JPEG, [THUMBNAIL], LIMITS))["thumbnail"])


def _checked(made: Any) -> bytes:
    if not isinstance(made, Picture):
        raise AssertionError(made)  # noqa: TRY004 - what was measured is no picture
    return made.body


def main() -> None:
    """Be the child: answer each line with seconds and CPU seconds of every time, by the way."""
    out = answers()
    for line in sys.stdin:
        asked = json.loads(line)
        ways = Ways(asked["source_bucket"], asked["derived_bucket"], asked["key"])
        out.write(json.dumps(_timed({name: getattr(ways, name) for name in asked["ways"]}, asked["times"])) + "\n")


def _timed(ways: Mapping[str, Callable[[], None]], times: int) -> dict[str, list[tuple[float, float]]]:
    for do in ways.values():
        do()  # caches, connections, and the bytes of the source
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(times):
        for name, do in ways.items():
            wall, cpu = time.perf_counter(), _cpu()
            do()
            spent[name].append((time.perf_counter() - wall, _cpu() - cpu))
    return spent


def _cpu() -> float:
    """Return the CPU seconds of this process and of those that it has ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
