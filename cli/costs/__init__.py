"""The commands about money: what a decision costs, by a pure model and a dated table of prices.

Only ``define``, which puts an operator's own prices in force for a stack, needs AWS.
"""

import typer

from cli.costs import models, own_prices, table

HELP = "Say what a decision costs, with the prices of today or of 2010, and draw it. Only define needs AWS."
app = typer.Typer(help=HELP, no_args_is_help=True)
for name, command in (
    ("derived", models.derived),
    ("parking", models.parking),
    ("snapshots", models.snapshots),
    ("load-balancer", models.load_balancer),
    ("prices", table.show),
    ("define", own_prices.define),
):
    app.command(name)(command)
