"""The command `groundskeeper`: look at what it would do, do it now, give others access, take names out again."""

import sys
from typing import NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError
from rich.text import Text

from chalicelib.errors import BadRequest, BadSettings, GroundskeeperError
from cli import costs, derived, idle, names, snapshots, tokens
from cli.idle import hours
from cli.idle import planning as idle_planning
from cli.screen import err, print_what_can_be
from cli.snapshots import planning

app = typer.Typer(help="Keep an AWS account in order.", no_args_is_help=True, pretty_exceptions_enable=False)
for name, sub in (
    ("plan", names.plan_app),
    ("sweep", names.sweep_app),
    ("release", names.release_app),
    ("zone", names.zone_app),
    ("tokens", tokens.app),
    ("derived", derived.app),
    ("snapshots", snapshots.app),
    ("idle", idle.app),
    ("costs", costs.app),
):
    app.add_typer(sub, name=name)
names.plan_app.command("snapshots")(planning.plan)
names.sweep_app.command("snapshots")(planning.sweep)
names.plan_app.command("running-hours")(hours.plan)
names.sweep_app.command("running-hours")(hours.sweep)
names.plan_app.command("idle")(idle_planning.plan)
names.sweep_app.command("idle")(idle_planning.sweep)


def main() -> None:
    """Run the command; exit with 0 when all is done, 1 when not all could be, 2 when it was asked or set up wrongly."""
    print_what_can_be()
    try:
        app()
    except (BadSettings, BadRequest, NoCredentialsError) as error:
        _fail(str(error), 2)
    except EndpointConnectionError as error:
        _fail(f"{error}. If it is a local cloud, it has stopped: start one with `make run`", 2)
    except (GroundskeeperError, ClientError, BotoCoreError) as error:
        _fail(str(error), 1)


def _fail(message: str, status: int) -> NoReturn:
    err.print(Text(f"error: {message}", "bold red"))
    sys.exit(status)
