"""Every day another trouble: throttles, limits, lost answers, a process that dies after each of its calls in turn.

Sweeps follow until one has nothing to do: the first soon, while EC2 may not list yet what it has made, the others when
all is settled. Each volume must have one snapshot of each day.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, repeat

from benchmarks.child import ROOT
from benchmarks.late_lists import listed_late
from benchmarks.result import Result
from benchmarks.snapshot_stage import NOON, SLOT_TAG, Ground
from benchmarks.snapshot_troubles import TROUBLES, UNCLEAR
from benchmarks.sweeper import DIED
from localcloud.cloud import RUNTIME

DAY = timedelta(days=1)
SOON = timedelta(minutes=1)
LEASED = timedelta(minutes=6)  # who dies gives the lease back after five
SETTLED = timedelta(minutes=12)  # the journal is believed for ten
MOST_SWEEPS = 10


@dataclass
class Faults:
    """A ground with troubles, each on a day of its own."""

    ground: Ground
    days: int = 0
    sweeps: int = 0

    def meet(self, what: str) -> None:
        """Let a sweep meet a trouble, and sweep until nothing is left to do."""
        self._next_day()
        faults = self.ground.there.cloud.aws.faults
        for call, how in TROUBLES[what]:
            faults.fail(call, **how)
        ordered = Counter(faults.pending)
        self._sweep()
        if unmet := [call for call, times in ordered.items() if faults.pending.count(call) == times]:
            raise AssertionError(f"{what}: {unmet} was not met")
        faults.clear()
        self._until_quiet(what, SOON)

    def die(self, call: int) -> bool:
        """Let a sweep die after a call, and sweep until nothing is left; tell whether it has died."""
        self._next_day()
        has_died = self._sweep(call) is None
        self._until_quiet(f"death after call {call}", LEASED)
        return has_died

    def meet_another(self) -> None:
        """Let two sweeps run at once, and sweep until nothing is left to do."""
        self._next_day()
        for process in [self._begun(0), self._begun(0)]:
            self._ended(process)
        self._until_quiet("two at once", SOON)

    def _next_day(self) -> None:
        self.days += 1
        self.now = NOON + self.days * DAY

    def _until_quiet(self, what: str, first: timedelta) -> None:
        for pause in [first, *repeat(SETTLED, MOST_SWEEPS)]:
            self.now += pause
            told = self._sweep()
            if pause == SETTLED and told is not None and not any(told.values()):
                return
        raise AssertionError(f"{what}: after {MOST_SWEEPS} sweeps there is still something to do")

    def _sweep(self, call: int = 0) -> dict[str, int] | None:
        return self._ended(self._begun(call))

    def _begun(self, call: int) -> "subprocess.Popen[str]":
        self.sweeps += 1
        there = self.ground.there
        there.cloud.set_clock(self.now)
        seconds = there.cloud.aws.clock.offset.total_seconds()
        path = os.pathsep.join(map(str, (there.code, ROOT, RUNTIME)))
        command = [sys.executable, "-P", "-m", "benchmarks.sweeper", str(seconds), str(call)]
        return subprocess.Popen(command, env=there.environment(PYTHONPATH=path), stdout=subprocess.PIPE, text=True)

    def _ended(self, process: "subprocess.Popen[str]") -> dict[str, int] | None:
        """Return what a sweep says of itself; nothing where it has died as it was to."""
        said, _ = process.communicate()
        if process.returncode == DIED:
            return None
        if process.returncode:
            raise AssertionError(f"the sweep ended with {process.returncode}")
        told: dict[str, int] = json.loads(said.splitlines()[-1])
        return told


def run(ground: Ground) -> Iterator[Result]:
    """Yield how many snapshots there are of each volume for each day, at the least and at the most."""
    ground.throttle.on = False
    faults = Faults(ground)
    for what in TROUBLES:
        faults.meet(what)
    with listed_late():
        for what in UNCLEAR:
            faults.meet(what)
        faults.meet_another()
        deaths = next(call for call in count(1) if not faults.die(call)) - 1
    made = ground.made(SLOT_TAG)
    slots = ground.shape.volumes * faults.days
    name = f"{len(TROUBLES) + len(UNCLEAR) + 1} faults, {deaths} deaths of a sweep"
    yield Result(f"{name}: slots with a snapshot", len(made), "slots", "all", slots)
    yield Result(f"{name}: snapshots per slot, fewest", min(made.values()), "snapshots", "exactly one", 1)
    yield Result(f"{name}: snapshots per slot, most", max(made.values()), "snapshots", "exactly one", 1)
    yield Result(f"{name}: sweeps until all is done", faults.sweeps, "sweeps", "least: three a day", 3 * faults.days)
