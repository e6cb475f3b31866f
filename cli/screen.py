"""How outcomes look on a terminal, and as JSON."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from chalicelib.errors import GroundskeeperError
from chalicelib.names.changes import Change, created, deleted, line
from chalicelib.names.job import Outcome

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)
WIDEST = 1_000  # characters
COLOURS = {"+": "green", "~": "yellow", "-": "red"}


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


def show_whole(table: Table) -> None:
    """Print a table as wide as it is, whatever the terminal's width: an id that is cut off is of no use."""
    width = Measurement.get(out, out.options.update(max_width=WIDEST), table).maximum
    Console(width=max(width, out.width), highlight=False).print(table)


def show(view: str, outcome: Outcome, changes: list[Change], said: str) -> None:
    """Print changes, what was left alone, and a summary."""
    show_changes(changes)
    show_what_is_left(outcome)
    summarize(view, outcome, changes, said)


def show_changes(changes: list[Change]) -> None:
    """Print one readable line for each change, with its because."""
    for change in changes:
        text = line(change)
        out.print(Text(text, COLOURS[text[0]]) + Text(f"  because {change.because}", "dim"))


def show_what_is_left(outcome: Outcome) -> None:
    """Print what was left alone, not seen, or not done."""
    for problem in outcome.plan.problems:
        err.print(Text(f"! {problem.subject}: {problem.reason}", "yellow"))
    for place, reason in outcome.fleet.unread.items():
        err.print(Text(f"! {place} was not read, so nothing of it was judged: {reason}", "bold red"))
    for step, reason in outcome.postponed:
        err.print(Text(f"! {', '.join(sorted(step.instances))}: postponed: {reason}", "bold yellow"))
    for step, reason in outcome.refused:
        err.print(Text(f"! {', '.join(sorted(step.instances))}: Route 53 refused: {reason}", "bold red"))


def summarize(view: str, outcome: Outcome, changes: list[Change], said: str) -> None:
    """Print what all came to."""
    problems = outcome.plan.problems
    left = f", {_count(len(problems), 'thing')} left alone" if problems else ""
    out.print(f"{view}: {said} {_count(len(changes), 'name')} ({outcome.owned} owned now){left}", style="bold")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def as_json(view: str, change: Change) -> dict[str, object]:
    """Return a change as JSON values."""
    before, after = deleted(change), created(change)
    record = after or before
    assert record is not None  # noqa: S101  every change takes something out or puts something in
    return {
        "zone": view,
        "name": record.name,
        "type": record.type,
        "before": before and list(before.values),
        "after": after and list(after.values),
        "because": change.because,
    }
