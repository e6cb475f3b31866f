"""The commands about snapshots: what would be made and deleted, do it, is all covered, how does a volume come back."""

import typer

from cli.snapshots import coverage, policies, recovery, retirement

HELP = "Say whether all volumes are covered, bring one back, define policies, delete what none keeps."
app = typer.Typer(help=HELP, no_args_is_help=True)
for name, command in (
    ("coverage", coverage.show),
    ("restore-plan", recovery.restore_plan),
    ("retire", retirement.retire),
    ("define", policies.define),
):
    app.command(name)(command)
