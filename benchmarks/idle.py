"""Idle instances: fleets judged against the least calls and a peer; judging, page, digest and prices from memory.

`python -m benchmarks.idle PACKAGE INSTANCES` judges a fleet of another number of instances, of which a hundred is the
least step.
"""

import sys
from collections.abc import Collection
from pathlib import Path

from benchmarks import idle_documents, idle_judging, idle_memory, idle_prices, result
from benchmarks.idle_stage import Ground
from benchmarks.result import Result
from benchmarks.stage import stage

SIZES = (1_000, 10_000)


def run(package: Path, sizes: Collection[int] = SIZES) -> list[Result]:
    """Return the figures of fleets, and of what happens in memory alone."""
    results: list[Result] = []
    for size in sizes:
        with stage(package) as there:
            results += idle_judging.run(Ground(there, size))
    return [*results, *idle_memory.run(), *idle_documents.run(), *idle_prices.run()]


if __name__ == "__main__":
    result.show(run(Path(sys.argv[1]), [int(sys.argv[2])]))
