"""The terminal: what goes to standard output, and what to standard error; colours, progress, tables, exit codes."""

import itertools
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from chalicelib.errors import GroundskeeperError

WIDEST = 1_000  # characters
COLOURS = {"+": "green", "~": "yellow", "-": "red", "!": "yellow"}


def console(*, stderr: bool = False, soft_wrap: bool = False, width: int | None = None) -> Console:
    """Return a console on which texts are what they are: no brackets in them are markup, and no colons an emoji."""
    return Console(stderr=stderr, soft_wrap=soft_wrap, width=width, highlight=False, markup=False, emoji=False)


if not os.environ.get("COLUMNS", "80").strip("0"):
    del os.environ["COLUMNS"]  # of no width at all, consoles, ours and typer's, print nothing or fail
out = console(soft_wrap=True)
err = console(stderr=True, soft_wrap=True)


def print_what_can_be() -> None:
    """Have standard output show question marks where its encoding lacks characters, unless somebody wants it otherwise.

    Standard error shows their numbers.
    """
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors in ("strict", "surrogateescape"):
        sys.stdout.reconfigure(errors="replace")


@contextmanager
def progress(doing: str) -> Iterator[Callable[[], None]]:
    """Show on standard error, where that is a terminal, that something is going on; yield what counts a change."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}{task.fields[asked]}"),
        TimeElapsedColumn(),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task(doing, total=None, asked="")
        count = itertools.count(1)
        yield lambda: bar.update(task, asked=f", {next(count):,} changes asked for")


def finish(errors: Mapping[str, GroundskeeperError], *, is_good: bool) -> None:
    """Exit with 1 unless everything was seen and done; say what kept a region from it."""
    for where, error in errors.items():
        err.print(Text(f"! {where} was left as it is: {error}", "bold red"))
    if errors or not is_good:
        raise typer.Exit(1)


def explained(said: str, style: str, because: str) -> Text:
    """Return a line with its because."""
    return Text(said, style) + Text(f"  because {because}", "dim")


def show_whole(table: Table) -> None:
    """Print a table as wide as it is, whatever the terminal's width: an id that is cut off is of no use."""
    width = Measurement.get(out, out.options.update(max_width=WIDEST), table).maximum
    console(width=max(width, out.width)).print(table)
