"""One sweep with the real adapters, in a process that may die: `python -m benchmarks.sweeper SECONDS CALL`.

Its clock is SECONDS ahead of real time. It dies as soon as its CALLth call is answered, and gives nothing back; 0: it
does not. It prints how many creates it has planned and could not do, and how many slots wait; 1 in place of all for a
sweep that could not begin.
"""

import json
import os
import sys
from datetime import timedelta
from importlib import import_module
from typing import Any

import boto3

from chalicelib import settings
from chalicelib.wiring.base import Base
from chalicelib.wiring.for_snapshots import SnapshotsWiring

DIED = 70


def main(seconds: float, call: int) -> None:
    """Sweep."""
    clock: Any = import_module("time_machine")  # the Lambda runtime has it
    clock.travel(timedelta(seconds=seconds), tick=True).start()
    session = boto3.Session()
    session.events.register("after-call", _Death(call))
    swept = SnapshotsWiring(Base(settings.read(), session)).snapshots.sweep()
    outcomes = swept.outcomes.values()
    left = sum(len(each.came.refused) + len(each.came.postponed) + len(each.came.unclear) for each in outcomes)
    told = {
        "creates": sum(len(each.plan.creates) for each in outcomes),
        "left": left + len(swept.errors),
        "waiting": sum(len(each.plan.skips) for each in outcomes),
    }
    print(json.dumps(told))


class _Death:
    """Ends the process when so many calls were answered."""

    def __init__(self, call: int) -> None:
        self._left = call

    def __call__(self, **_: Any) -> None:
        self._left -= 1
        if self._left == 0:
            os._exit(DIED)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
