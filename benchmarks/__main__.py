"""`python -m benchmarks PACKAGE`: run every benchmark, print the table, keep the figures."""

import logging
import sys
from pathlib import Path

from benchmarks import plan_only, result, startup, storm


def main(package: Path) -> None:
    """Run all benchmarks against a package."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    results = [*startup.run(), *plan_only.run(), *storm.run(package)]
    result.show(results)
    result.keep(results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
