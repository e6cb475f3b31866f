"""`snapshots retire`: delete what no policy keeps, as the schedule does, or where its guard refused."""

from typing import Annotated

import typer

from cli.lines import show
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import finish, out
from cli.snapshots import lines, reach
from cli.snapshots.planning import All, say_unsafe


def retire(
    force: Annotated[bool, typer.Option("--force", help="Delete even where that looks like a mistake.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")] = False,
    all_: All = False,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Delete the snapshots that no policy keeps, and say why each goes."""
    with reach.snapshots(stack, local, region, profile, "retiring") as found:
        # Who types this wants it, whatever SnapshotRetirement says of the schedule.
        is_dry = dry_run or found.is_dry_run
        cleared = found.retire(force=force, is_dry_run=is_dry)
    retired = cleared.retired.values()
    said = [line for each in retired for line in lines.of_retired(each, planned=is_dry, with_kept=all_)]
    show(said, as_json=as_json)
    say_unsafe(cleared)
    if not as_json:
        count = sum(line.action == "delete" for line in said)
        out.print(f"{'would delete' if is_dry else 'deleted'} {count:,} snapshots", style="bold")
    finish(cleared.errors, is_good=cleared.is_good)
