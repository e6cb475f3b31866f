"""Judging from memory: seconds and peak memory for many instances and their days, and how both grow.

Each size runs in a process of its own, since peak memory is a process's. Of fewer instances running hours are
suggested, too: each has 24 times as many datapoints.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from benchmarks import child
from benchmarks.plan_only import peak
from benchmarks.result import Result
from chalicelib.idle import judging
from chalicelib.idle.findings import Judgement
from chalicelib.idle.hours.suggesting import Profile, suggest
from chalicelib.idle.model import SAMPLES_A_DAY, Day, Instance, Usage, Verdict, Window
from chalicelib.idle.plan import MAY_PARK, plan
from chalicelib.idle.rules import MB, Rules

SIZES = (10_000, 100_000)
OF_HOURS = 100  # for so many instances one is looked at hour by hour
NOW = datetime(2026, 11, 26, 6, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=100)
RULES = Rules()
WINDOW = Window(NOW, RULES.preset.days)
RUNS = 3
HOUR = timedelta(hours=1)


def instance(number: int, owner: str = "") -> Instance:
    """Return an instance by a number that is its id."""
    tags = {"Name": f"worker-{number}", "Owner": owner or f"team-{number % 37}"}
    return Instance(f"i-{number:017x}", "m5.large", OLD, OLD, tags=tags, volumes=(f"vol-{number:017x}",))


def usage(number: int) -> Usage:
    """Return what an instance did until now: of each hundred 85 are busy, 10 idle, 5 were stopped until yesterday."""
    kind = number % 100
    cpu, network = (60.0, 100.0) if kind < 85 else (1.0, 1.0)
    days = range(1 if kind >= 95 else RULES.preset.days, -1, -1)
    return tuple(
        Day(
            WINDOW.today - timedelta(days=ago),
            cpu + (number + ago) % 20 / 10,
            SAMPLES_A_DAY if ago else 372.0,
            (network + (number + ago) % 20 / 10) * MB,
        )
        for ago in days
    )


def profile(number: int) -> Profile:
    """Return what an instance did hour by hour: it is busy by day, or day and night."""
    hours = (WINDOW.start + n * HOUR for n in range((NOW - WINDOW.start) // HOUR))
    by_day, low = number % 2, number % 7 / 10
    return {hour: (low + (0 if by_day and not 8 <= hour.hour < 18 else 50), low * MB / 24) for hour in hours}


def measure(size: int) -> dict[str, float]:
    """Judge and plan, and return the least seconds of some runs, and the memory that days and verdicts take."""
    floor = peak()
    fleet = [(instance(number), usage(number)) for number in range(size)]

    def judge() -> list[Judgement]:
        made = [judging.excuse(each, RULES, WINDOW) or judging.judge(each, days, WINDOW, RULES) for each, days in fleet]
        if len(plan(made, RULES, NOW, MAY_PARK).flags) != size // 10:
            raise AssertionError("not every idle one would be flagged")
        return made

    seconds, verdicts = _least(judge)
    memory = peak() - floor
    counts = Counter(each.verdict for each in verdicts)
    if counts != {Verdict.ACTIVE: size * 0.85, Verdict.IDLE: size * 0.1, Verdict.INSUFFICIENT_DATA: size * 0.05}:
        raise AssertionError(f"{counts} of {size}")
    profiles = [profile(number) for number in range(size // OF_HOURS)]
    suggesting, found = _least(lambda: [suggest(each, RULES, NOW) for each in profiles])
    if sum(map(bool, found)) != len(profiles) // 2:
        raise AssertionError("not all that are busy by day would get running hours")
    return {"seconds": seconds, "memory": memory, "suggesting": suggesting}


def run() -> Iterator[Result]:
    """Yield each size's figures, held against ten times those of the size before: 1.00 is linear."""
    measured = {size: child.measured("idle_memory", size) for size in SIZES}
    for smaller, size in pairwise(SIZES):
        factor, days = size // smaller, RULES.preset.days
        judged = f"judge {size:,} x {days} days from memory"
        hours, few = f"suggest hours to {size // OF_HOURS:,} from memory", f"{factor} x that of {smaller // OF_HOURS:,}"
        for figure, name, unit, reference in (
            ("seconds", f"{judged}: seconds", "s", f"{factor} x that of {smaller:,}"),
            ("memory", f"{judged}: memory", "MiB", f"{factor} x that of {smaller:,}"),
            ("suggesting", f"{hours}: seconds", "s", few),
        ):
            yield Result(name, measured[size][figure], unit, reference, factor * measured[smaller][figure])


def _least[T](act: Callable[[], T]) -> tuple[float, T]:
    """Return the least seconds of some runs, and what came of the last one."""
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        made = act()
        seconds.append(time.perf_counter() - start)
    return min(seconds), made


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
