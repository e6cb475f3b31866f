"""`release names`: a deleted stack's names are taken out of a zone."""

from typing import Annotated

import typer

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
from cli import connection
from cli.names import lines
from cli.names.planning import end
from cli.options import Local, Profile, Region
from cli.screen import err


def release(
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
        lines.show(zone_id, outcome, names_only(outcome.landed), "deleted")
    else:
        planned = plan.release(zone.read())
        outcome = Outcome(planned, owned=planned.owned)
        lines.show(zone_id, outcome, names_only(planned.steps), "would delete")
    end(Results({zone_id: outcome}, {}))
