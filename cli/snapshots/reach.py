"""How the commands reach a stack's snapshots, and when they take it to be."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from chalicelib.errors import BadDefinition, BadRequest, BadSettings
from chalicelib.snapshots.service import Snapshots
from chalicelib.wiring.for_snapshots import SnapshotsWiring
from cli import connection
from cli.screen import err

YEARS = range(2006, 2200)  # there was no EC2 before

At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="As if it were then, such as 2026-11-27T03:00Z; UTC.")
]


@contextmanager
def snapshots(
    stack: str | None, local: bool, region: str | None, profile: str | None, doing: str
) -> Iterator[Snapshots]:
    """Yield the snapshots of a deployed stack, and show meanwhile how many requests were sent; raise BadSettings."""
    base = connection.connect(stack=stack, local=local, region=region, profile=profile)
    with progress(doing) as tick:
        try:
            yield told_the_time(SnapshotsWiring(base, tick).snapshots, local=local)
        except BadDefinition as error:
            said = "put other policies in force with `groundskeeper snapshots define`"
            raise BadSettings(f"{said}: {error}") from error


def told_the_time(found: Snapshots, *, local: bool) -> Snapshots:
    """Return snapshots that go by the clock of the local cloud, which may be set, where one is meant."""
    if not local:
        return found
    from localcloud.own_api_client import CLOCK, ask
    from localcloud.run_file import running

    offset = timedelta(seconds=ask(running(connection.RUN_FILE), CLOCK, {})["seconds"])
    return replace(found, clock=lambda: datetime.now(UTC) + offset)


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


def as_if(found: Snapshots, at: str | None) -> Snapshots:
    """Return snapshots whose clock stands still at a time, if one is given; raise BadRequest."""
    if at is None:
        return found
    then = moment(at, "--at")
    return replace(found, clock=lambda: then)


def moment(text: str, option: str) -> datetime:
    """Return a moment as people write it; UTC unless it says otherwise; raise BadRequest."""
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRequest(f"{option} must be a time such as 2026-11-27T03:00Z, and is {text!r}") from error
    if found.year not in YEARS:
        raise BadRequest(f"{option} must be within {YEARS[0]} to {YEARS[-1]}, and is {text!r}")
    return found
