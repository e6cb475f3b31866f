"""Planning alone: seconds and peak memory for large fleets, and how both grow.

Each size runs in a process of its own, since peak memory is a process's.
"""

import json
import sys
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from benchmarks import child
from benchmarks.result import Result
from chalicelib.inventory.model import View
from chalicelib.names.changes import created
from chalicelib.names.model import Fleet, Instance, Place, Rules
from chalicelib.names.plan import plan
from chalicelib.names.zone import zone_of

SIZES = (1_000, 10_000, 100_000)
PLACE = Place("123456789012", "eu-west-1")
RULES = Rules(60, "ShortName", frozenset())
LAUNCHED = datetime(2026, 11, 20, tzinfo=UTC)


def fleet(size: int, moved: int) -> Fleet:
    """Return running instances with one short name each, the first ``moved`` of them at a new address."""
    addresses = [f"ec2-{n >> 16}-{n >> 8 & 255}-{n & 255}-{int(n < moved)}" for n in range(size)]
    instances = (
        Instance(f"i-{n:017x}", PLACE, "running", LAUNCHED, f"n{n}", f"{address}.eu-west-1.compute.amazonaws.com")
        for n, address in enumerate(addresses)
    )
    return Fleet({i.id: i for i in instances}, whole=frozenset({PLACE}))


def measure(size: int) -> dict[str, float]:
    """Plan a new zone, then the same zone with one instance in a hundred moved."""
    floor = peak()
    first = fleet(size, 0)
    start = time.perf_counter()
    made = plan(zone_of("example.com", View.PUBLIC, "stack", []), first, RULES)
    creating = time.perf_counter() - start
    records = [record for change in made.changes if (record := created(change))]
    names = sum(record.type != "TXT" for record in records)
    later = fleet(size, size // 100)
    start = time.perf_counter()
    made = plan(zone_of("example.com", View.PUBLIC, "stack", records), later, RULES)
    sweeping = time.perf_counter() - start
    if names != 2 * size or len(made.changes) != 3 * (size // 100):
        raise AssertionError(f"{names} names and {len(made.changes)} changes for {size} instances")
    return {"creating": creating, "sweeping": sweeping, "memory": peak() - floor}


def peak() -> float:
    """Return the peak memory of this process in MiB."""
    status = Path("/proc/self/status").read_text()  # unlike getrusage's, this is not inherited from the parent
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def run() -> list[Result]:
    """Return each size's figures, held against ten times those of the size before: 1.00 is linear."""
    measured = {size: child.measured("plan_only", size) for size in SIZES}
    results = []
    for smaller, size in pairwise(SIZES):
        for figure, unit in (("creating", "s"), ("sweeping", "s"), ("memory", "MiB")):
            name = f"plan {size:,} instances, {2 * size:,} names: {figure}"
            factor = size // smaller
            reference = f"{factor} x that of {smaller:,}"
            results.append(Result(name, measured[size][figure], unit, reference, factor * measured[smaller][figure]))
    return results


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
