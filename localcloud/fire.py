"""The command `python -m localcloud fire`: a running local cloud fires a schedule now, as if its time had come."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from localcloud.own_api_client import FIRE, ask
from localcloud.run_file import NoneRunsError, running

if TYPE_CHECKING:
    import argparse

USAGE_ERROR = 2


def run(options: argparse.Namespace) -> int:
    """Fire the schedule; return 0, 1 if there is none, or 2 if it could not be tried."""
    try:
        answer = ask(running(options.workdir / "run.json"), FIRE, {"name": options.name})
    except NoneRunsError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_ERROR
    if "error" in answer:
        sys.stderr.write(f"{answer['error']}\n")
        return 1
    sys.stdout.write(f"fired {options.name}\n")
    return 0
