"""The commands about derived objects: find what is wrong, put it right, define what is made, have S3 tell the stack."""

import typer

from cli.derived import campaigns, definitions, notifications

app = typer.Typer(help="Find what is wrong with derived objects, and put it right.", no_args_is_help=True)
for name, command in (
    ("audit", campaigns.audit),
    ("repair", campaigns.repair),
    ("backfill", campaigns.backfill),
    ("define", definitions.define),
    ("connect", notifications.connect),
    ("disconnect", notifications.disconnect),
):
    app.command(name)(command)
