"""When commands take it to be: now, by the local cloud's clock where one is meant, or as if it were another time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Protocol

import typer

from chalicelib.errors import BadRequest
from cli import connection

YEARS = range(2006, 2200)  # there was no EC2 before

At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="As if it were then, such as 2026-11-27T03:00Z; UTC.")
]


class Timed(Protocol):
    """A dataclass that goes by a clock."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Return what tells the time, in UTC."""


def told_the_time[T: Timed](found: T, *, local: bool) -> T:
    """Return the same, going by the clock of the local cloud, which may be set, where one is meant."""
    if not local:
        return found
    from localcloud.own_api_client import CLOCK, ask
    from localcloud.run_file import running

    offset = timedelta(seconds=ask(running(connection.RUN_FILE), CLOCK, {})["seconds"])
    return _by(found, lambda: datetime.now(UTC) + offset)


def as_if[T: Timed](found: T, at: str | None) -> T:
    """Return the same, with a clock that stands still at a time, if one is given; raise BadRequest."""
    if at is None:
        return found
    then = moment(at, "--at")
    return _by(found, lambda: then)


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


def _by[T](found: T, clock: Callable[[], datetime]) -> T:
    return replace(found, clock=clock)  # type: ignore[type-var]  # Timed are dataclasses
