"""`python -m demo PACKAGE`: deploy to a local cloud and play the story; exit 1 if a step did not come true."""

import logging
import sys
import tempfile
import time
from pathlib import Path

from demo import derived, hosts, idle, names, snapshots
from demo.stage import STACK, set_up
from localcloud.cloud import LocalCloud


def main(package: Path) -> int:
    """Play the story and return the exit status."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    start = time.monotonic()
    with (
        LocalCloud() as cloud,
        tempfile.TemporaryDirectory(prefix="groundskeeper-demo-") as folder,
        set_up(cloud, package, Path(folder)) as stage,
    ):
        stage.console.print(
            f"[bold]Groundskeeper[/] is deployed to an emulated AWS account, from {package}, as stack {STACK}."
        )
        names.play(stage)
        hosts.play(stage)
        derived.play(stage)
        snapshots.play(stage)
        idle.play(stage)
        seconds = time.monotonic() - start
        if stage.failures:
            stage.console.print(
                f"\n[bold red]{stage.failures} of the steps above did not come true[/] ({seconds:.0f} s)."
            )
        else:
            stage.console.print(f"\n[bold green]Every step came true[/] ({seconds:.0f} s). Try it yourself: make run")
        return 1 if stage.failures else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
