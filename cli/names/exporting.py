"""`zone export`: a hosted zone as a master file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from chalicelib.errors import BadSettings
from chalicelib.inventory.model import View
from chalicelib.wiring.for_names import NamesWiring
from cli import connection, zonefile
from cli.options import Local, Profile, Region, Stack
from cli.screen import err


def export(
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
        err.print(f"left out: {line}", style="yellow")
