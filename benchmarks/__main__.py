"""`python -m benchmarks PACKAGE [NAME …]`: run every benchmark, or these; print the table, keep the figures of all."""

import logging
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from benchmarks import (
    agent,
    healing,
    idle,
    pictures,
    plan_only,
    polls,
    publishing,
    rendering,
    result,
    snapshots,
    startup,
    storm,
)


def main(package: Path, wanted: Collection[str]) -> None:
    """Run benchmarks against a package; figures are kept only if all were run."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    every: dict[str, Callable[[], list[result.Result]]] = {
        "startup": startup.run,
        "plan_only": plan_only.run,
        "storm": lambda: storm.run(package),
        "polls": lambda: polls.run(package),
        "rendering": rendering.run,
        "publishing": lambda: publishing.run(package),
        "agent": agent.run,
        "pictures": pictures.run,
        "healing": lambda: healing.run(package),
        "snapshots": lambda: snapshots.run(package),
        "idle": lambda: idle.run(package),
    }
    if unknown := set(wanted) - set(every):
        sys.exit(f"there is no benchmark {', '.join(sorted(unknown))}: there are {', '.join(every)}")
    results = [figure for name in wanted or every for figure in every[name]()]
    result.show(results)
    if not wanted:
        result.keep(results)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
