"""A progress bar on standard error: how many sources have been looked at, how much was wrong, how fast it goes."""

import sys
import time
from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Watch:
    """Shows how a campaign goes on, where standard error is a terminal."""

    def __init__(self, doing: str, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._begun = clock, clock()
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(20),  # it pulses: nobody knows how many sources there are
            TextColumn("{task.description}"),
            TextColumn("{task.completed:,.0f} sources, {task.fields[rate]:,.1f}/s, {task.fields[faults]:,} found"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            # What is written into a file or a pipe stays out of the terminal.
            redirect_stdout=sys.stdout.isatty(),
        )
        self._task = self._bar.add_task(doing, total=None, rate=0.0, faults=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, sources: int, faults: int) -> None:
        """Show how far it has come."""
        rate = sources / max(self._clock() - self._begun, 1e-9)
        self._bar.update(self._task, completed=sources, rate=rate, faults=faults)
