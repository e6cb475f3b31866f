"""`plan names` and `sweep names`: which names are changed, for real or not."""

import json
from typing import Annotated

import typer
from rich.text import Text

from chalicelib.names.changes import names_only
from chalicelib.names.service import Results
from chalicelib.wiring.for_names import NamesWiring
from cli import connection
from cli.names import lines
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import err, out


def plan(
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Say which names a sweep would change, and why; change nothing."""
    results = NamesWiring(connection.connect(stack=stack, local=local, region=region, profile=profile)).names.preview()
    if as_json:
        plans = {view: names_only(outcome.plan.steps) for view, outcome in results.outcomes.items()}
        changes = [lines.as_json(view, change) for view, planned in plans.items() for change in planned]
        out.print_json(json.dumps(changes))
    for error in results.errors.values():
        raise error
    for view, outcome in results.outcomes.items():
        if not as_json:
            lines.show_changes(names_only(outcome.plan.steps))
        lines.show_what_is_left(outcome)
        if outcome.error:
            err.print(Text(f"a sweep would refuse this: {outcome.error}", "bold yellow"))
        if not as_json:
            lines.summarize(view, outcome, names_only(outcome.plan.steps), "would change")
    if not all(outcome.is_complete for outcome in results.outcomes.values()):
        raise typer.Exit(1)


def sweep(
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    force: Annotated[bool, typer.Option("--force", help="Remove names even where that looks like a mistake.")] = False,
) -> None:
    """Put every name right now, as the schedule does."""
    names = NamesWiring(connection.connect(stack=stack, local=local, region=region, profile=profile)).names
    results = names.sweep(force=force)
    for view, outcome in results.outcomes.items():
        done = names_only(outcome.plan.steps if names.is_dry_run else outcome.landed)
        lines.show(view, outcome, done, "would change (DryRun=1)" if names.is_dry_run else "changed")
    end(results)


def end(results: Results) -> None:
    """Exit with 1 unless everything was seen and done; raise what kept a zone from it."""
    for error in results.all_errors.values():
        raise error
    if not results.is_good:
        raise typer.Exit(1)
