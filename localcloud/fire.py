"""The command `python -m localcloud fire`: a running local cloud fires a schedule now, as if its time had come."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from localcloud.own_api_client import FIRE, ask
from localcloud.run_file import running

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Fire the schedule; return 0, or 1 if there is none; raise NoneRunsError."""
    answer = ask(running(options.workdir / "run.json"), FIRE, {"name": options.name})
    if "error" in answer:
        sys.stderr.write(f"{answer['error']}\n")
        return 1
    sys.stdout.write(f"fired {options.name}\n")
    return 0
