"""Snapshots: a sweep against its bound and a peer, the plan of retention, and what faults leave behind.

`python -m benchmarks.snapshots PACKAGE VOLUMES` sweeps another number of volumes, of which twenty is the least step.
"""

import sys
from pathlib import Path

from benchmarks import result, retaining, snapshot_faults, sweeping
from benchmarks.result import Result
from benchmarks.snapshot_stage import Ground, Shape
from benchmarks.stage import stage

VOLUMES, OF_FAULTS = 1_000, 20


def run(package: Path, volumes: int = VOLUMES) -> list[Result]:
    """Return the figures of sweeps, of retention and of faults."""
    with stage(package) as there:
        results = [*sweeping.run(Ground(there, Shape(volumes)))]
    results += retaining.run()
    with stage(package) as there:
        results += snapshot_faults.run(Ground(there, Shape(OF_FAULTS)))
    return results


if __name__ == "__main__":
    result.show(run(Path(sys.argv[1]), int(sys.argv[2])))
