"""The commands that look at all sources of a prefix: say what is wrong, put it right, make what is missing."""

from functools import partial
from typing import Annotated

import typer

from chalicelib.derived import audit as audits
from chalicelib.derived.listing import Family
from chalicelib.pace import TokenBucket
from cli.derived import looks, reach, resuming
from cli.derived.acts import Acts
from cli.derived.campaign import Campaign, Guard, Looked, Wait
from cli.derived.reach import Reached
from cli.derived.running import Run
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import err

LOOKS_FOR_EACH_ACT = 10

Prefix = Annotated[str, typer.Argument(help="What the sources' keys begin with; all sources without it.")]
StartAfter = Annotated[
    str,
    typer.Option(resuming.OPTION, metavar="KEY", help="Go on behind this source, as a run that was broken off says."),
]
Looks = Annotated[float, typer.Option("--rate", min=0.1, help="How many sources are looked at in a second, at most.")]
Rate = Annotated[
    float,
    typer.Option(min=0.1, help="How many sources are put right in a second, at most; ten times as many are looked at."),
]
AtOnce = Annotated[int, typer.Option(min=1, max=256, help="How many sources are put right at once.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]


def audit(
    prefix: Prefix = "",
    start_after: StartAfter = "",
    rate: Looks = 100.0,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Say which derived objects are missing, stale, lost, orphaned, or left alone, and why; change nothing."""
    run = Run("looking at", prefix, start_after, as_json)
    reached = reach.deriving(stack, local, region, profile)
    place = reached.workplace()

    def look(family: Family) -> Looked:
        return looks.to_audit(audits.inspect(place, family, reached.wiring.sniff))

    _end(run.carry_through(reached, Campaign(look, None, Guard(force=True), _pace(rate), _pace(rate), at_once=1)))


def repair(
    prefix: Prefix = "",
    start_after: StartAfter = "",
    rate: Rate = 10.0,
    at_once: AtOnce = 8,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what could not be made before.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Delete even where that looks like a mistake.")] = False,
    dry_run: DryRun = False,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Have everything put right that an audit finds wrong."""
    run = Run("repairing", prefix, start_after, as_json)
    reached = reach.deriving(stack, local, region, profile)
    place = reached.workplace()

    def look(family: Family) -> Looked:
        inspected = audits.inspect(place, family, reached.wiring.sniff)
        return looks.to_repair(inspected, family, place.definitions.transformations, retry=retry)

    act = None if _only_says(reached, dry_run) else Acts(reached, look, at_once)
    paces = _pace(rate * LOOKS_FOR_EACH_ACT), _pace(rate)
    _end(run.carry_through(reached, Campaign(look, act, Guard(force=force), *paces, at_once)))


def backfill(
    prefix: Annotated[str, typer.Argument(help='What the sources\' keys begin with; "" for all sources.')],
    transformation: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="What to make; may be repeated. Without it, what the rules want."),
    ] = None,
    start_after: StartAfter = "",
    rate: Rate = 10.0,
    at_once: AtOnce = 8,
    dry_run: DryRun = False,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Have made what is missing, and change nothing else; what does not fit a source is not missing."""
    run = Run("backfilling", prefix, start_after, as_json)
    reached = reach.deriving(stack, local, region, profile)
    definitions = reached.workplace().definitions
    asked = looks.named(transformation or (), definitions)

    def look(family: Family) -> Looked:
        return looks.to_backfill(family, asked or definitions.wanted(family.source_key), reached.wiring.sniff)

    act = None if _only_says(reached, dry_run) else Acts(reached, look, at_once)
    paces = _pace(rate * LOOKS_FOR_EACH_ACT), _pace(rate)
    _end(run.carry_through(reached, Campaign(look, act, Guard(), *paces, at_once)))


def _pace(rate: float) -> Wait:
    return partial(TokenBucket(rate, 1).take, 1)


def _only_says(reached: Reached, dry_run: bool) -> bool:
    is_dry = reached.wiring.settings.dry_run
    if is_dry and not dry_run:
        err.print("the stack has DryRun=1: nothing is changed", style="bold yellow")
    return dry_run or is_dry


def _end(is_good: bool) -> None:
    if not is_good:
        raise typer.Exit(1)
