"""`plan snapshots` and `sweep snapshots`: what is made, copied and deleted, for real or not."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import typer
from rich.text import Text

from chalicelib.errors import GroundskeeperError
from chalicelib.snapshots.service import Cleared, Snapshots, Swept
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import err, out
from cli.snapshots import lines, reach
from cli.snapshots.lines import Line
from cli.snapshots.reach import At

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
        looking = reach.as_if(found, at)
        swept, cleared = looking.preview(), looking.retire(is_dry_run=True)
    lines.show([*_of_swept(swept, planned=True), *_of_cleared(cleared, all_)], as_json=as_json)
    for error in (each.error for each in cleared.retired.values() if each.error):
        err.print(Text(f"a retirement would refuse this: {error}", "bold yellow"))
    if not as_json:
        _sum_up(swept, cleared)
    finish(swept.errors | cleared.errors, is_good=not any(each.error for each in cleared.retired.values()))


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
    lines.show(_of_swept(swept, planned=found.is_dry_run), as_json=as_json)
    if not as_json:
        _say_made(found, swept)
    finish(swept.errors, is_good=swept.is_good)


def finish(errors: Mapping[str, GroundskeeperError], *, is_good: bool) -> None:
    """Exit with 1 unless everything was seen and done; say what kept a region from it."""
    for where, error in errors.items():
        err.print(Text(f"! {where} was left as it is: {error}", "bold red"))
    if errors or not is_good:
        raise typer.Exit(1)


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
    made = sum(len(create.volumes) for each in swept.outcomes.values() for create in each.plan.creates)
    copied = sum(len(each.plan.copies) for each in swept.copied)
    deleted = sum(len(each.deletions) for each in cleared.retired.values())
    kept = sum(len(each.snapshots) for each in cleared.retired.values()) - deleted
    said = f"would make {made:,}, copy {copied:,}, delete {deleted:,} and keep {kept:,} snapshots"
    out.print(said, style="bold")


def _say_made(found: Snapshots, swept: Swept) -> None:
    came = "planned" if found.is_dry_run else "came"
    made = sum(
        len(create.volumes)
        for each in swept.outcomes.values()
        for create in (each.plan.creates if found.is_dry_run else each.came.landed)
    )
    copied = sum(len(each.plan.copies if found.is_dry_run else each.came.landed) for each in swept.copied)
    verb = "would make (DryRun=1)" if came == "planned" else "made"
    out.print(f"{verb} {made:,} snapshots, and {copied:,} copies", style="bold")
