"""What is written of very many idle instances: the page and the digest, which are bounded, and JSON and CSV."""

import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

from benchmarks.idle_memory import NOW, RULES, WINDOW, instance, usage
from benchmarks.result import Result
from chalicelib.economics.definitions import packaged_book
from chalicelib.idle import judging
from chalicelib.idle.documents import digest, export, page
from chalicelib.idle.findings import Finding, Report
from chalicelib.idle.model import Volume
from chalicelib.idle.money import ASSUMPTION, waste

SIZES = (1_000, 10_000)
REGION, ACCOUNT = "us-east-1", "123456789012"
LARGEST_PAGE = 2_000_000  # bytes
LARGEST_MESSAGE = 256 * 1024  # of SNS: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
IDLE = 90  # a number by which an instance is idle
RUNS = 3


def report(size: int) -> Report:
    """Return a report of idle instances alone, of 37 owners, each with a volume: there is most to say of such."""
    prices = packaged_book().region(REGION)
    found = []
    for number in range(size):
        seen = instance(number)
        judgement = judging.judge(seen, usage(IDLE), WINDOW, RULES)
        wasted = waste(judgement, [Volume(seen.volumes[0], "gp3", 8)], prices, NOW)
        step = "nothing: its people have not agreed to parking"
        found.append(Finding(REGION, seen.tags["Owner"], judgement, wasted, WINDOW.today, None, step))
    made = Report(NOW, ACCOUNT, RULES, tuple(found), origins={REGION: prices.origin}, assumption=ASSUMPTION)
    if len(made.idle) != size or any(each.net <= 0 for each in made.idle):
        raise AssertionError(f"{len(made.idle)} of {size} are idle and have a price")
    return made


def run() -> Iterator[Result]:
    """Yield the least seconds of some runs, held against those of a tenth, and the bytes against their bounds."""
    reports = {size: report(size) for size in SIZES}
    for name, (write, bound) in _documents().items():
        measured = {size: _measured(lambda: write(reports[size])) for size in SIZES}  # noqa: B023  it is called at once
        for smaller, size in pairwise(SIZES):
            (few, _), (seconds, written) = measured[smaller], measured[size]
            what, factor = f"{name} of {size:,} idle instances", size // smaller
            yield Result(f"{what}: seconds", seconds, "s", f"{factor} x that of {smaller:,}", factor * few)
            if bound:
                yield Result(f"{what}: size", written, "bytes", "its bound", bound)


def _documents() -> dict[str, tuple[Callable[[Report], str], int]]:
    """Return what writes each document, and how many bytes it may have; 0 where nobody sets a bound."""
    return {
        "page": (page.render, LARGEST_PAGE),
        "digest": (_digest, LARGEST_MESSAGE),
        "JSON": (lambda made: json.dumps(export.as_json(made)), 0),
        "CSV": (export.as_csv, 0),
    }


def _digest(made: Report) -> str:
    written = digest.write(made, NOW.date())
    if written is None:
        raise AssertionError("there is nothing to tell")
    return written.body


def _measured(write: Callable[[], str]) -> tuple[float, int]:
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        text = write()
        seconds.append(time.perf_counter() - start)
    return min(seconds), len(text.encode())
