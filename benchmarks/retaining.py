"""The plan of retention alone: seconds and peak memory for many snapshots, and how both grow.

Each size runs in a process of its own, since peak memory is a process's.
"""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from benchmarks import child
from benchmarks.plan_only import peak
from benchmarks.result import Result
from chalicelib.snapshots import definitions
from chalicelib.snapshots.labels import Label
from chalicelib.snapshots.model import Snapshot
from chalicelib.snapshots.policies import Policy
from chalicelib.snapshots.retention import Delete, Ties, plan
from chalicelib.snapshots.slots import SlotKind

SIZES = (10_000, 100_000)
OF_A_VOLUME = 100
POLICY = "standard"  # it comes with the application: hourly, daily, weekly and monthly slots
REGION = "eu-west-1"
NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
THERE = {  # days back: what retention has left behind, and what has come since; about a hundred
    SlotKind.HOURLY: 13,
    SlotKind.DAILY: 30,
    SlotKind.WEEKLY: 200,
    SlotKind.MONTHLY: 800,
}
HELD = 50  # one of so many is used by an image
RUNS = 3


def moments(policy: Policy) -> list[tuple[datetime, tuple[str, ...]]]:
    """Return when the snapshots of a volume were taken, and which slots each fills: the newest hundred."""
    found = defaultdict(list)
    for schedule in policy.schedules:
        for slot in schedule.between(NOW - timedelta(days=THERE[schedule.kind]), NOW):
            found[slot.due].append(str(slot))
    newest = sorted(((due, tuple(slots)) for due, slots in found.items()), reverse=True)[:OF_A_VOLUME]
    if len(newest) != OF_A_VOLUME:
        raise AssertionError(f"{len(newest)} snapshots of a volume")
    return newest


def snapshots(size: int, policy: Policy) -> Iterator[Snapshot]:
    """Yield snapshots of as many volumes as it takes, newest first, as they lie in time."""
    volumes = size // OF_A_VOLUME
    for due, slots in moments(policy):
        for number in range(volumes):
            id_ = f"{int(due.timestamp()):x}{number:x}".zfill(17)
            label = Label(policy.name, slots, f"{' '.join(slots)} is due", volume=f"vol-{number:017x}")
            yield Snapshot(f"snap-{id_}", f"vol-{number:017x}", "completed", due + timedelta(seconds=number), label)


def measure(size: int) -> dict[str, float]:
    """Plan, and return the least seconds of some runs, and the memory that snapshots and verdicts take."""
    defined = definitions.read(definitions.packaged())
    floor = peak()
    there = list(snapshots(size, defined[POLICY]))
    ties = Ties({each.id: "an image uses it" for each in there[::HELD]})
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        verdicts = plan(there, ties, defined, REGION, NOW)
        seconds.append(time.perf_counter() - start)
    deleted = sum(isinstance(verdict, Delete) for verdict in verdicts)
    if len(verdicts) != size or not size * 0.2 < deleted < size * 0.8:
        raise AssertionError(f"{deleted} of {len(verdicts)} would be deleted")
    return {"seconds": min(seconds), "memory": peak() - floor, "deleted": deleted}


def run() -> Iterator[Result]:
    """Yield each size's figures, held against ten times those of the size before: 1.00 is linear."""
    measured = {size: child.measured("retaining", size) for size in SIZES}
    for smaller, size in pairwise(SIZES):
        for figure, unit in (("seconds", "s"), ("memory", "MiB")):
            factor = size // smaller
            name, reference = f"retention of {size:,} snapshots: {figure}", f"{factor} x that of {smaller:,}"
            yield Result(name, measured[size][figure], unit, reference, factor * measured[smaller][figure])


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
