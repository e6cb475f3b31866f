"""The commands about names: what a sweep would change, change it now, take out what a deleted stack has left."""

import typer

from cli.names import exporting, leavings, planning

plan_app = typer.Typer(help="Say what would be done, and change nothing.", no_args_is_help=True)
sweep_app = typer.Typer(help="Put everything right now.", no_args_is_help=True)
release_app = typer.Typer(help="Take out of AWS what a deleted stack has left.", no_args_is_help=True)
zone_app = typer.Typer(help="Look at a hosted zone.", no_args_is_help=True)
plan_app.command("names")(planning.plan)
sweep_app.command("names")(planning.sweep)
release_app.command("names")(leavings.release)
zone_app.command("export")(exporting.export)
