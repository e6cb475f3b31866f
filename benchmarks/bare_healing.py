"""The child that heals (healer.py), as other benchmarks ask it: in which surroundings, and how long each way takes."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.child import Child, access
from benchmarks.derived_stage import SOURCES, STACK, Media

MILLI = 1_000.0
ENVIRONMENT = {
    "STACK_NAME": STACK,
    "ACCOUNT_ID": "123456789012",
    "TABLE_NAME": "table",
    "INSTANCE_QUEUE_URL": "http://127.0.0.1:1/instances",
    "DOCUMENT_QUEUE_URL": "http://127.0.0.1:1/documents",
    "TRANSFORM_QUEUE_URL": "http://127.0.0.1:1/transforms",
    "IDLE_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:idle",
    "DOCUMENT_BUCKET": "documents",
    "HOSTED_ZONE_ID": "Z0123456ABC",
    "SOURCE_BUCKET": SOURCES,
    "DERIVED_BUCKET": "thumbnails",
    "DERIVED_PREFIX": "derived/",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048",
}


class Spent(NamedTuple):
    """Medians in milliseconds: by the clock, and of CPU."""

    wall: float
    cpu: float


def spent(
    code: Path, surroundings: dict[str, str], ways: Sequence[str], derived: str, key: str, times: int
) -> dict[str, Spent]:
    """Return what each way takes to make a thumbnail of a source; they take turns."""
    child = Child("healer", code, {**ENVIRONMENT, **surroundings})
    asked = {"ways": ways, "source_bucket": SOURCES, "derived_bucket": derived, "key": key, "times": times}
    told = child.ask(json.dumps(asked))
    child.close()
    return {
        way: Spent(*(MILLI * statistics.median(each) for each in zip(*runs, strict=True))) for way, runs in told.items()
    }


def one_by_one(there: Media, photo: bytes, times: int) -> float:
    """Return the milliseconds in which a process gets a source of the stack's, makes the thumbnail and puts it."""
    aws, key = there.cloud.aws, "bare.jpg"
    there.fill([(key, photo)])
    where = access(aws.endpoint, aws.access_key, aws.secret_key)
    taken = spent(there.code, where, ["bare"], there.derived, key, times)
    there.remove(key)
    return taken["bare"].wall
