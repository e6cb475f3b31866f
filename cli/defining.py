"""The commands `define`: put a file of definitions in force, once it is sound, and say what that changes."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from chalicelib.definition.aws import Definable, DefinitionStore
from chalicelib.errors import BadDefinition, BadRequest
from chalicelib.wiring.base import Base
from cli import connection, times
from cli.options import Local, Profile, Region, Stack
from cli.screen import COLOURS, err, out, progress
from cli.times import Timed

File = Annotated[Path | None, typer.Argument(help="A file of definitions.", exists=True, dir_okay=False)]
Show = Annotated[bool, typer.Option("--show", help="Print the definitions in force.")]
Default = Annotated[bool, typer.Option("--default", help="Go back to those that come with the stack.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


@dataclass(frozen=True)
class Reached[D]:
    """A stack's definitions: where they are, and ``say``, which tells what changes by new ones, and whether any does.

    It is given those in force, None where they are malformed, and the new ones.
    """

    store: DefinitionStore[D]
    say: Callable[[D | None, D], bool]


def comparing[D, F: Timed](
    store: DefinitionStore[D], find: Callable[[], F], say: Callable[[D | None, D, F], bool], *, local: bool
) -> Reached[D]:
    """Return definitions of which ``say`` tells what changes, by what they are for, at the time of its cloud."""

    def compared(before: D | None, after: D) -> bool:
        with progress("comparing"):
            return say(before, after, times.told_the_time(find(), local=local))

    return Reached(store, compared)


def command[D](
    what: Definable[D], reach: Callable[[Base, bool], Reached[D]], then: Callable[[], str], help_: str
) -> Callable[..., None]:
    """Return the command `define` of one feature.

    ``reach`` is given the base of the wiring, and whether a local cloud is meant; ``then`` returns what is said at the
    end, once something else is in force.
    """

    def define(
        file: File = None,
        show: Show = False,
        default: Default = False,
        dry_run: DryRun = False,
        stack: Stack = None,
        local: Local = False,
        region: Region = None,
        profile: Profile = None,
    ) -> None:
        def reached() -> Reached[D]:
            return reach(connection.connect(stack=stack, local=local, region=region, profile=profile), local)

        if put_in_force(what, reached, file=file, show=show, default=default, dry_run=dry_run):
            out.print(Text(then(), "bold"))

    define.__doc__ = help_
    return define


def put_in_force[D](
    what: Definable[D],
    reach: Callable[[], Reached[D]],
    *,
    file: Path | None,
    show: bool,
    default: bool,
    dry_run: bool,
) -> bool:
    """Do what one of the options asks for; say whether something else is in force now.

    Raises:
        BadRequest: not just one of the options is given, or the file is malformed.
    """
    if sum((file is not None, show, default)) != 1:
        raise BadRequest("give one of: a file, --show, --default")
    text = _sound(what, file) if file else what.packaged()
    reached = reach()
    before = reached.store.text()
    if show:
        sys.stdout.write(before)
        return False
    changes = reached.say(_read(what, before), what.read(text))
    if dry_run:
        return False
    if file:
        reached.store.put(text)
    else:
        reached.store.remove()
    return changes


def show_changes(changes: Iterable[tuple[str, str]]) -> bool:
    """Print changes, as pairs of a sign and a line; say whether there are any."""
    changes = list(changes)
    for sign, line in changes:
        out.print(Text(f"{sign} {line}", COLOURS[sign]))
    return bool(changes)


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
