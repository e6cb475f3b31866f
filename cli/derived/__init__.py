"""The commands about derived objects: find what is wrong, put it right, define what is made, have S3 tell the stack."""

import typer

from cli.derived import campaigns, definitions, notifications

HELP = "Connect a bucket, define what is made of its objects, find what is wrong with that, and put it right."
app = typer.Typer(help=HELP, no_args_is_help=True)
for name, command in (
    ("audit", campaigns.audit),
    ("repair", campaigns.repair),
    ("backfill", campaigns.backfill),
    ("define", definitions.define),
    ("connect", notifications.connect),
    ("disconnect", notifications.disconnect),
):
    app.command(name)(command)
