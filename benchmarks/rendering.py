"""Rendering 100,000 entries in each format, against the plainest loop that makes and joins the same lines.

For the hosts file the loop is ``lines.append(f"{address}\\t{name}\\n")`` for every address and name, and then
``"".join(lines)``; it is also held against that ``join`` alone, whose lines are ready. The lines of the other formats
are made of two halves each: ``lines.append(f"{start}{rest}\\n")``.
"""

import time
from collections.abc import Callable, Iterable
from functools import partial

from benchmarks.names_of_fleet import content, known
from benchmarks.result import Result
from chalicelib.hosts import render
from chalicelib.hosts.entries import view_entries
from chalicelib.inventory.model import View

SIZES = (10_000, 100_000)
RUNS = 15


def run() -> list[Result]:
    """Return the least seconds of many runs in turn: what is more than that is the machine's."""
    smaller, size = SIZES
    drawn, fleet, small = content(size), known(size), known(smaller)
    pairs = [(address, name) for address, name, _ in drawn.entries]
    ready = _hosts_lines(pairs)
    if not render.hosts(drawn).endswith("".join(ready)):
        raise AssertionError("the loop makes other lines")
    ways: dict[str, Callable[[], object]] = {
        "hosts, loop": lambda: "".join(_hosts_lines(pairs)),
        "join": lambda: "".join(ready),
        "all": lambda: render.documents(drawn),
        "entries": lambda: view_entries(fleet, View.PRIVATE, 0),
        "entries, fewer": lambda: view_entries(small, View.PRIVATE, 0),
    }
    for name, (_, draw) in render.FORMATS.items():
        ways[name] = partial(draw, drawn)
        ways.setdefault(f"{name}, loop", partial(_joined, _halves(draw(drawn))))
    seconds = _least(ways)
    loops = {name: seconds[f"{name}, loop"] for name in render.FORMATS}
    rendering, checking = f"render {size:,} entries", f"check and sort {size:,} entries"
    factor = size // smaller
    return [
        *(Result(f"{rendering}: {name}", seconds[name], "s", "same lines, plain loop", loops[name]) for name in loops),
        Result(f"{rendering}: hosts", seconds["hosts"], "s", "ready lines, join alone", seconds["join"]),
        Result(f"{rendering}: all formats", seconds["all"], "s", "same lines, plain loops", sum(loops.values())),
        Result(
            checking, seconds["entries"], "s", f"{factor} x that of {smaller:,}", factor * seconds["entries, fewer"]
        ),
    ]


def _hosts_lines(pairs: Iterable[tuple[str, str]]) -> list[str]:
    lines = []
    for address, name in pairs:
        lines.append(f"{address}\t{name}\n")
    return lines


def _halves(text: str) -> list[tuple[str, str]]:
    return [(line[: len(line) // 2], line[len(line) // 2 :]) for line in text.splitlines()]


def _joined(halves: Iterable[tuple[str, str]]) -> str:
    lines = []
    for start, rest in halves:
        lines.append(f"{start}{rest}\n")
    return "".join(lines)


def _least(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    seconds = dict.fromkeys(ways, float("inf"))
    for _ in range(RUNS):
        for name, do in ways.items():
            start = time.perf_counter()
            do()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds
