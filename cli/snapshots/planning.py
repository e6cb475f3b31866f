"""`plan snapshots` and `sweep snapshots`: what is made, copied and deleted, for real or not."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from chalicelib.snapshots.coverage import Status
from chalicelib.snapshots.service import Cleared, Snapshots, Swept
from cli import times
from cli.lines import Line, show
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import err, finish, out
from cli.snapshots import lines, reach
from cli.times import At

All = Annotated[bool, typer.Option("--all", help="Say of each snapshot that is kept, too, why it is.")]


def plan(
    at: At = None,
    all_: All = False,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Say which snapshots would be made, copied and deleted, and why; change nothing."""
    with reach.snapshots(stack, local, region, profile, "reading") as found:
        looking = times.as_if(found, at)
        swept, cleared = looking.preview(), looking.retire(is_dry_run=True)
    show([*_of_swept(swept, planned=True), *_of_cleared(cleared, all_)], as_json=as_json)
    say_unsafe(cleared)
    if not as_json:
        _sum_up(swept, cleared)
    finish(swept.errors | cleared.errors, is_good=not any(each.unsafe for each in cleared.retired.values()))


def sweep(
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Make the snapshots and copies that are due now, as the schedule does."""
    with reach.snapshots(stack, local, region, profile, "snapshotting") as found:
        swept = found.sweep()
    show(_of_swept(swept, planned=found.is_dry_run), as_json=as_json)
    if not as_json:
        _say_made(found, swept)
    finish(swept.errors, is_good=swept.is_good)


def say_unsafe(cleared: Cleared) -> None:
    """Say which policies' snapshots are not deleted, since it would be too many."""
    for retired in cleared.retired.values():
        for policy, error in retired.unsafe.items():
            err.print(Text(f"! {retired.region}, policy {policy}: nothing of it is deleted: {error}", "bold red"))
    if any(retired.unsafe for retired in cleared.retired.values()):
        err.print("if that is what you want: groundskeeper snapshots retire --force", style="bold yellow")


def _of_swept(swept: Swept, *, planned: bool) -> Iterator[Line]:
    for region, outcome in swept.outcomes.items():
        yield from lines.of_outcome(region, outcome, planned=planned)
    for copied in swept.copied:
        yield from lines.of_copied(copied, planned=planned)
    for problem in swept.problems:
        yield lines.of_problem(problem.subject, problem)


def _of_cleared(cleared: Cleared, with_kept: bool) -> Iterator[Line]:
    for retired in cleared.retired.values():
        yield from lines.of_retired(retired, planned=True, with_kept=with_kept)


def _sum_up(swept: Swept, cleared: Cleared) -> None:
    deleted = sum(len(each.deletions) for each in cleared.retired.values())
    kept = sum(len(each.snapshots) for each in cleared.retired.values()) - deleted
    made, copied = _made(swept, planned=True)
    said = f"would make {made:,}, copy {copied:,}, delete {deleted:,} and keep {kept:,} snapshots"
    out.print(said, style="bold")
    new = sum(row.status is Status.NEW for rows in swept.rows.values() for row in rows)
    if new:
        out.print(f"{new:,} volumes are new, and get theirs when their first slot comes")


def _say_made(found: Snapshots, swept: Swept) -> None:
    made, copied = _made(swept, planned=found.is_dry_run)
    verb = "would make (DryRun=1)" if found.is_dry_run else "made"
    out.print(f"{verb} {made:,} snapshots, and {copied:,} copies", style="bold")


def _made(swept: Swept, *, planned: bool) -> tuple[int, int]:
    """Return how many snapshots and copies there are to be, or were asked for."""
    outcomes, copies = swept.outcomes.values(), swept.copied
    creates = [create for each in outcomes for create in (each.plan.creates if planned else each.came.landed)]
    made = sum(len(create.volumes) for create in creates)
    return made, sum(len(each.plan.copies if planned else each.came.landed) for each in copies)
