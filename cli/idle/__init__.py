"""The commands about idle instances: which there are and what they waste, what would be done, do it, and the rules."""

import typer

from cli.idle import rules, showing

HELP = "Say which instances do nothing, what they waste, and what happens if nobody objects."
app = typer.Typer(help=HELP, invoke_without_command=True)
app.callback()(showing.show)
app.command("define")(rules.define)
