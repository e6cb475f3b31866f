"""`plan idle` and `sweep idle`: what is flagged, un-flagged and stopped, for real or not."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from chalicelib.idle.changes import Change
from chalicelib.idle.documents.wording import number
from chalicelib.idle.service import Judged
from cli import times
from cli.idle import lines, reach
from cli.lines import Action, Line
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import finish, out
from cli.times import At

ACTIONS: tuple[Action, ...] = ("flag", "un-flag", "stop")


def plan(
    at: At = None,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Say which instances would be flagged, un-flagged and stopped, and why; change nothing."""
    with reach.idle(stack, local, region, profile, "judging") as found:
        judged = times.as_if(found, at).preview()
    lines.show_and_count(_lines(judged, planned=True), ACTIONS, planned=True, as_json=as_json)
    finish(judged.errors, is_good=True)


def sweep(
    force: Annotated[bool, typer.Option("--force", help="Stop even so many that it looks like a mistake.")] = False,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Judge, flag, tell owners if that was not done today, and stop what may be, as the schedule does."""
    with reach.idle(stack, local, region, profile, "judging") as found:
        judged = found.run(force=force)
        is_dry = found.is_dry_run
    lines.show_and_count(_lines(judged, planned=is_dry), ACTIONS, planned=is_dry, as_json=as_json)
    if not as_json and judged.told:
        owners, instances = len(judged.told.owners), len(judged.told.named)
        out.print(f"told {number(owners, 'owner')} of {number(instances, 'instance')}", style="bold")
    if not as_json and judged.report.kept_at:
        out.print(f"report: {judged.report.kept_at}")
    finish(judged.errors, is_good=judged.is_good)


def _lines(judged: Judged, *, planned: bool) -> Iterator[Line]:
    for region, outcome in judged.outcomes.items():
        todo = outcome.plan
        yield from _changes(region, "flag", todo.flags if planned else outcome.flagged.landed)
        yield from _changes(region, "un-flag", todo.unflags if planned else outcome.unflagged.landed)
        yield from _changes(region, "stop", todo.parks if planned else outcome.parked.landed)
        yield from (lines.of(region, "failed", id_, reason) for id_, reason in outcome.undone)
        if outcome.unsafe:
            yield lines.of(region, "failed", "nothing is stopped", f"{outcome.unsafe}: --force stops them")
    for problem in (*judged.report.problems, *judged.problems, *judged.hints):
        yield lines.of("", "problem", problem.subject, problem.reason)


def _changes(region: str, action: Action, changes: Iterable[Change]) -> Iterator[Line]:
    yield from (lines.of(region, action, change.instance.id, change.because) for change in changes)
