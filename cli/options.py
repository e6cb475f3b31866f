"""The options that many commands share."""

from typing import Annotated

import typer

Stack = Annotated[
    str | None, typer.Option(help="The CloudFormation stack; groundskeeper-dev, or with --local the one of `make run`.")
]
Local = Annotated[bool, typer.Option("--local", help="Use the local cloud that `make run` started here.")]
Region = Annotated[str | None, typer.Option(help="The stack's region.")]
Profile = Annotated[str | None, typer.Option(help="A profile of your AWS configuration.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
