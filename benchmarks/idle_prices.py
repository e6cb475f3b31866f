"""The packaged price table, which every cold start of the judging function reads, against YAML that nobody checks."""

import statistics
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.result import Result
from chalicelib.economics.definitions import tables

RUNS = 5
_TIMED = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
_OURS = f"import yaml; from chalicelib.economics.definitions import packaged_book; {_TIMED.format('packaged_book()')}"
_BARE = f"import sys, yaml; {_TIMED.format('yaml.load(open(sys.argv[1]), yaml.CSafeLoader)')}"


def run() -> Iterator[Result]:
    """Time both in turn, each time in a new process, so that a machine that slows down slows both."""
    newest = str(next(iter(tables().values())))
    pairs = [(_seconds(_OURS), _seconds(_BARE, newest)) for _ in range(RUNS)]
    ours, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    yield Result("price table, read and checked, cold", ours, "s", "PyYAML in C, nothing checked", bare)


def _seconds(statement: str, *words: str) -> float:
    """Return the seconds that a fresh Python needs for a statement, imports left out."""
    command = [sys.executable, "-c", statement, *words]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
