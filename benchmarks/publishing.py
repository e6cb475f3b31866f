"""Publishing: 100,000 names from the table to the bucket, against bare boto3 that reads and puts the same.

DynamoDB and S3 answer at once (`instant_aws.py`). The two ways take turns, each time in a process of its own.
"""

import json
import tempfile
import zipfile
from pathlib import Path

from benchmarks.child import Child, access
from benchmarks.instant_aws import PAGE, InstantAws
from benchmarks.names_of_fleet import STACK, table_items
from benchmarks.result import Result

SIZE = 100_000
VIEWS, FORMATS = 2, 5
RUNS = 2
ENVIRONMENT = {
    "STACK_NAME": STACK,
    "ACCOUNT_ID": "123456789012",
    "TABLE_NAME": "table",
    "INSTANCE_QUEUE_URL": "http://127.0.0.1:1/instances",
    "DOCUMENT_QUEUE_URL": "http://127.0.0.1:1/documents",
    "DOCUMENT_BUCKET": "bucket",
    "HOSTED_ZONE_ID": "Z0123456ABC",
}


def run(package: Path) -> list[Result]:
    """Return seconds, memory and calls of one publication, and of a look that finds nothing to do."""
    with InstantAws(table_items(SIZE)) as aws, tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(package / "deployment.zip").extractall(folder)
        runs = [_turn(aws, Path(folder)) for _ in range(RUNS)]
    ours, idle, bare = ({name: min(run[n][name] for run in runs) for name in runs[0][n]} for n in range(3))
    plain = ours["puts"] - ours["copies"]
    name = f"publish {SIZE:,} names in {VIEWS} views"
    return [
        Result(f"{name}: seconds", ours["seconds"], "s", "bare boto3, same pages and bodies", bare["seconds"]),
        Result(f"{name}: CPU seconds", ours["cpu"], "s", "bare boto3, same pages and bodies", bare["cpu"]),
        Result(f"{name}: memory", ours["memory"], "MiB", "bare boto3, same pages and bodies", bare["memory"]),
        Result(f"{name}: S3 PUTs, all", ours["puts"], "calls", f"{FORMATS} a view", VIEWS * FORMATS),
        Result(f"{name}: S3 PUTs but gzip copies", plain, "calls", f"{FORMATS} a view", VIEWS * FORMATS),
        Result(f"{name}: Query calls", ours["pages"], "calls", "bound, 1 MiB a page", -(-aws.stored // PAGE)),
        Result(f"{name}: all DynamoDB calls", ours["dynamodb"], "calls", "bound, pages alone", -(-aws.stored // PAGE)),
        Result(f"{name}: again, nothing changed", idle["dynamodb"] + idle["puts"], "calls", "two reads", 2),
    ]


def _turn(aws: InstantAws, code: Path) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Publish from nothing, look again, and do the least; each with what it cost."""
    aws.forget()
    environment = {**ENVIRONMENT, **access(aws.endpoint, "x", "x")}
    child = Child("publisher", code, environment)
    ours = _told(aws, child, "publish")
    bodies = list(aws.bodies)
    idle = _told(aws, child, "publish")
    child.close()
    child = Child("publisher", code, environment)
    bare = _told(aws, child, json.dumps(bodies))
    child.close()
    if bare["read"] != SIZE + 1 or idle["puts"] or len(bodies) < VIEWS * FORMATS:
        raise AssertionError(f"{bare['read']} items, {len(bodies)} bodies, and {idle['puts']} published again")
    return ours, idle, bare


def _told(aws: InstantAws, child: Child, what: str) -> dict[str, float]:
    """Let a child do something, and return what it cost, calls included."""
    aws.calls.clear()
    spent: dict[str, float] = child.ask(what)
    calls = dict(aws.calls)
    return {
        **spent,
        "puts": calls.get("s3:PutObject", 0),
        "copies": calls.get("s3:PutObject of a gzip copy", 0),
        "pages": calls.get("dynamodb:Query", 0),
        "dynamodb": sum(number for call, number in calls.items() if call.startswith("dynamodb:")),
    }
