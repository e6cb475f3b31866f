"""The command `python -m localcloud clock`: what time it is in a running local cloud, or shall be."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from localcloud.own_api_client import CLOCK, ask
from localcloud.run_file import running

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

USAGE_ERROR = 2


def run(options: argparse.Namespace) -> int:
    """Set the clock if a moment is given, and say what it shows; return 0, or 2 for no moment; raise NoneRunsError."""
    answer = ask(running(options.workdir / "run.json"), CLOCK, {"moment": options.moment} if options.moment else {})
    if "error" in answer:
        sys.stderr.write(f"{options.moment}: {answer['error']}\n")
        return USAGE_ERROR
    sys.stdout.write(f"{answer['now']}: {_told(answer)}\n")
    return 0


def _told(answer: Mapping[str, Any]) -> str:
    if not answer["seconds"]:
        return "real time"
    return f"{answer['offset']} {'ahead of' if answer['seconds'] > 0 else 'behind'} real time"
