"""Healing: the handler against the engine alone, one loss, and thousands at once; then the audit.

`python -m benchmarks.healing PACKAGE SIZE` loses as many at once as one likes.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from benchmarks import bare_healing, many_losses, result
from benchmarks.bare_healing import MILLI
from benchmarks.child import access
from benchmarks.derived_stage import SOURCES, Media, media
from benchmarks.instant_s3 import InstantS3
from benchmarks.photograph import photograph
from benchmarks.result import Result

SIZE = 10_000
LARGE = (4000, 3000)
TIMES, COLD_TIMES = 20, 5
KEY = "one.jpg"
PAUSE = 0.005  # seconds between looks
PUTTING = 3  # ways to heal that put what they made, each once more than is timed
REFERENCES = {
    "engine": "engine alone",
    "isolated": "engine in its child process",
    "bare": "GET, engine, PUT",
    "same_calls": "same four calls, engine in its child",
}


def run(package: Path, size: int = SIZE) -> list[Result]:
    """Return the figures of the handler, of single losses, of many at once, and of audits."""
    photo = photograph(*LARGE, seed=0)
    with media(package) as there:
        return [*_handler(there.code, photo), *_single(there, photo), *many_losses.run(there, size)]


def _handler(code: Path, photo: bytes) -> Iterator[Result]:
    """Call the handler in a process that has nothing else to do."""
    with InstantS3(SOURCES, photo, "thumbnails") as s3:
        where = access(s3.endpoint, "x", "x")
        spent = bare_healing.spent(code, where, ["handler", *REFERENCES], "thumbnails", KEY, TIMES)
        put = s3.calls["PUT"]
    if put != PUTTING * (TIMES + 1):
        raise AssertionError(f"{put} thumbnails were put")
    name = f"heal of 12 MP, {len(photo) / 1e6:.1f} MB, S3 at once: handler"
    for way, reference in REFERENCES.items():
        yield Result(name, spent["handler"].wall, "ms", reference, spent[way].wall)
        yield Result(f"{name}, CPU", spent["handler"].cpu, "ms", reference, spent[way].cpu)


def _single(there: Media, photo: bytes) -> Iterator[Result]:
    """Lose one thumbnail again and again: first the function starts anew each time, then it is warm."""
    there.fill([(KEY, photo)])
    cold = []
    for _ in range(COLD_TIMES):
        there.start_anew()
        cold.append(_lost_and_back(there))
    before = there.calls()
    warm = [_lost_and_back(there) for _ in range(TIMES)]
    calls = (there.calls() - before).total() / TIMES
    there.remove(KEY)
    bare = bare_healing.one_by_one(there, photo, TIMES)
    name = "loss to healed, 12 MP"
    yield Result(f"{name}: calls of the function", calls, "calls", "bound: GET and PUT", many_losses.LEAST_CALLS)
    yield Result(f"{name}, warm", MILLI * statistics.median(warm), "ms", "bare GET, engine, PUT", bare)
    yield Result(f"{name}, cold", MILLI * statistics.median(cold), "ms", "warm", MILLI * statistics.median(warm))


def _lost_and_back(there: Media) -> float:
    """Return the seconds from a loss until S3 answers 200 again."""
    s3, key = there.cloud.aws.client("s3", internal=True), there.thumbnail(KEY)
    start = time.perf_counter()
    there.lose([KEY])
    looks = 0
    while not _is_there(s3, there.derived, key):
        looks += 1
        time.sleep(PAUSE)
    seconds = time.perf_counter() - start
    there.cloud.wait_idle()
    if not looks:
        raise AssertionError("it was never lost")
    return seconds


def _is_there(s3: Any, bucket: str, key: str) -> bool:
    try:
        return bool(s3.head_object(Bucket=bucket, Key=key))
    except ClientError:
        return False


if __name__ == "__main__":
    result.show(run(Path(sys.argv[1]), int(sys.argv[2])))
