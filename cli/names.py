"""The commands about names: what a sweep would change, change it now, take out what a deleted stack has left."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from chalicelib.errors import BadSettings
from chalicelib.inventory.model import View
from chalicelib.lease.aws import unshared
from chalicelib.names import job, plan
from chalicelib.names.aws.route53 import Identity, Route53Zone
from chalicelib.names.changes import names_only
from chalicelib.names.job import Outcome
from chalicelib.names.pace import Pace
from chalicelib.names.service import Results
from chalicelib.wiring.base import PATIENT
from chalicelib.wiring.for_names import NamesWiring
from cli import connection, screen, zonefile
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import err, out

plan_app = typer.Typer(help="Say what would be done, and change nothing.", no_args_is_help=True)
sweep_app = typer.Typer(help="Put everything right now.", no_args_is_help=True)
release_app = typer.Typer(help="Take out of AWS what a deleted stack has left.", no_args_is_help=True)
zone_app = typer.Typer(help="Look at a hosted zone.", no_args_is_help=True)


@plan_app.command("names")
def plan_names(
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
        changes = [screen.as_json(view, change) for view, planned in plans.items() for change in planned]
        out.print_json(json.dumps(changes))
    for error in results.errors.values():
        raise error
    for view, outcome in results.outcomes.items():
        if not as_json:
            screen.show_changes(names_only(outcome.plan.steps))
        screen.show_what_is_left(outcome)
        if outcome.error:
            err.print(Text(f"a sweep would refuse this: {outcome.error}", "bold yellow"))
        if not as_json:
            screen.summarize(view, outcome, names_only(outcome.plan.steps), "would change")
    if not all(outcome.is_complete for outcome in results.outcomes.values()):
        raise typer.Exit(1)


@sweep_app.command("names")
def sweep_names(
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
        screen.show(view, outcome, done, "would change (DryRun=1)" if names.is_dry_run else "changed")
    _end(results)


@release_app.command("names")
def release_names(
    zone_id: Annotated[str, typer.Option(help="The hosted zone.")],
    stack: Annotated[str, typer.Option(help="The CloudFormation stack that is gone.")],
    domain: Annotated[str, typer.Option(help="The stack's Domain, where it had one.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this it is only said.")] = False,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Delete every name that a deleted stack owned in a zone, and its marks; only say which, without --yes."""
    session, _ = connection.session(local=local, region=region, profile=profile)
    if connection.still_writes(session, stack, zone_id, domain):
        message = f"stack {stack} still exists, and its next sweep would bring the names back: delete it first"
        if yes:
            raise BadSettings(message)
        err.print(message, style="bold yellow")
    # The stack is gone, so nobody else writes as its owner; the view matters only to those who write addresses.
    identity = Identity(zone_id, View.PUBLIC, stack.lower(), domain)
    zone = Route53Zone(session.client("route53", config=PATIENT), identity, unshared, Pace())
    if not zone.read().marks:
        err.print(f"no mark of a stack {stack} stands below {zone.domain} in zone {zone_id}", style="bold yellow")
    if yes:
        outcome = job.release(zone)
        screen.show(zone_id, outcome, names_only(outcome.landed), "deleted")
    else:
        planned = plan.release(zone.read())
        outcome = Outcome(planned, owned=planned.owned)
        screen.show(zone_id, outcome, names_only(planned.steps), "would delete")
    _end(Results({zone_id: outcome}, {}))


@zone_app.command("export")
def export_zone(
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    private: Annotated[bool, typer.Option("--private", help="The private zone.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; standard output without it.")] = None,
) -> None:
    """Write a hosted zone as a master file (RFC 1035)."""
    wiring = NamesWiring(connection.connect(stack=stack, local=local, region=region, profile=profile))
    view = View.PRIVATE if private else View.PUBLIC
    if view not in wiring.zones:
        raise BadSettings(f"stack {wiring.settings.stack} has no {view} zone")
    text, left_out = zonefile.render(wiring.zones[view].record_sets())
    if output:
        output.write_text(text)
    else:
        sys.stdout.write(text)
    for line in left_out:
        err.print(f"left out: {line}", style="yellow", markup=False)


def _end(results: Results) -> None:
    """Exit with 1 unless everything was seen and done; raise what kept a zone from it."""
    for error in results.all_errors.values():
        raise error
    if not results.is_good:
        raise typer.Exit(1)
