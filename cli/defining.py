"""Put a file of definitions in force, once it is sound: what the commands `define` have in common."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from chalicelib.definition.aws import Definable, DefinitionStore
from chalicelib.errors import BadDefinition, BadRequest
from cli.screen import err

File = Annotated[Path | None, typer.Argument(help="A file of definitions.", exists=True, dir_okay=False)]
Show = Annotated[bool, typer.Option("--show", help="Print the definitions in force.")]
Default = Annotated[bool, typer.Option("--default", help="Go back to those that come with the stack.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


def define[D](
    what: Definable[D],
    store: Callable[[], DefinitionStore[D]],
    say: Callable[[D | None, D], bool],
    *,
    file: Path | None,
    show: bool,
    default: bool,
    dry_run: bool,
) -> bool:
    """Do what one of the options asks for; say whether something else is in force now.

    ``say`` tells what changes between the definitions in force, None where those are malformed, and the new ones, and
    whether anything does.

    Raises:
        BadRequest: not just one of the options is given, or the file is malformed.
    """
    if sum((file is not None, show, default)) != 1:
        raise BadRequest("give one of: a file, --show, --default")
    text = _sound(what, file) if file else what.packaged()
    kept = store()
    before = kept.text()
    if show:
        sys.stdout.write(before)
        return False
    changes = say(_read(what, before), what.read(text))
    if dry_run:
        return False
    if file:
        kept.put(text)
    else:
        kept.remove()
    return changes


def _sound[D](what: Definable[D], file: Path) -> str:
    """Return the text of a file of definitions; raise BadRequest with all its faults."""
    text = file.read_bytes()
    try:
        what.read(text)
    except BadDefinition as error:
        raise BadRequest("\n".join([f"{file} is refused:", *error.faults])) from error
    return text.decode()


def _read[D](what: Definable[D], text: str) -> D | None:
    try:
        return what.read(text)
    except BadDefinition:
        err.print("the definitions in force are malformed: all that is new is said to be", style="bold yellow")
        return None
