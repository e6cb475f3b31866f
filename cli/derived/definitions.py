"""The command that puts definitions in force, and says what that changes."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from chalicelib.derived import definitions
from chalicelib.derived.definitions import Definitions
from chalicelib.errors import BadDefinition, BadRequest
from cli.derived import reach, resuming, telling
from cli.derived.lines import shown
from cli.options import Local, Profile, Region, Stack
from cli.screen import COLOURS, err, out

NOTHING = Definitions({}, ())


def define(
    file: Annotated[Path | None, typer.Argument(help="A file of definitions.", exists=True, dir_okay=False)] = None,
    show: Annotated[bool, typer.Option("--show", help="Print the definitions in force.")] = False,
    default: Annotated[bool, typer.Option("--default", help="Go back to those that come with the stack.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Put a file of definitions in force, once it is sound, and say what that changes."""
    if sum((file is not None, show, default)) != 1:
        raise BadRequest("give one of: a file, --show, --default")
    text = _sound(file) if file else definitions.packaged()
    store = reach.deriving(stack, local, region, profile).wiring.definition_store
    before = store.text()
    if show:
        sys.stdout.write(before)
        return
    changes = _say(_in_force(before), definitions.read(text))
    if dry_run:
        return
    if file:
        store.put(text)
    else:
        store.remove()
    if changes:
        repair = resuming.follow_up(sys.argv[1:], "repair")
        out.print(Text(f"In force within a minute. Then go on with: {repair}", "bold"))


def changed(before: Definitions, after: Definitions) -> list[tuple[str, str]]:
    """Return what changes, as pairs of a sign and a line."""
    old, new = before.transformations, after.transformations
    added = [("+", f"{name}: new") for name in new if name not in old]
    kept = [name for name in new if name in old and new[name].digest != old[name].digest]
    remade = [("~", f"{name}: {_becomes(new[name].format is old[name].format)}") for name in kept]
    gone = [("-", f"{name}: removed; what it has made stays, and is left alone") for name in old if name not in new]
    return [*added, *remade, *gone, *_rules(before, after)]


def _becomes(keeps_keys: bool) -> str:
    if keeps_keys:
        return "changed; all that it has made is stale, and is made anew"
    return "changed, with other keys; what it has made stays under the old ones, and is left alone"


def _rules(before: Definitions, after: Definitions) -> list[tuple[str, str]]:
    old = {rule.prefix: rule.transformations for rule in before.rules}
    new = {rule.prefix: rule.transformations for rule in after.rules}
    said = {prefix: f"sources {_below(prefix)} get {', '.join(names) or 'nothing'}" for prefix, names in new.items()}
    added = [("+", f"{said[prefix]}: a new rule") for prefix in new if prefix not in old]
    other = [("~", f"{said[prefix]} now") for prefix in new if prefix in old and set(new[prefix]) != set(old[prefix])]
    gone = [
        ("-", f"sources {_below(prefix)} have no rule of their own any more") for prefix in old if prefix not in new
    ]
    return [*added, *other, *gone]


def _below(prefix: str) -> str:
    return f"below {shown(prefix)}" if prefix else "of all other keys"


def _say(before: Definitions, after: Definitions) -> bool:
    """Print what changes; say whether anything does."""
    changes = changed(before, after)
    for sign, line in changes:
        out.print(Text(f"{sign} {line}", COLOURS[sign]))
    if not changes:
        out.print("these definitions say what those in force say")
    if telling.prefixes(before) != telling.prefixes(after):
        err.print(Text(f"S3 must tell of other sources then: {resuming.follow_up(sys.argv[1:], 'connect')}", "yellow"))
    return bool(changes)


def _sound(file: Path) -> str:
    """Return the text of a file of definitions; raise BadRequest with all its faults."""
    text = file.read_bytes()
    try:
        definitions.read(text, file.name)
    except BadDefinition as error:
        raise BadRequest(str(error)) from error
    return text.decode()


def _in_force(text: str) -> Definitions:
    try:
        return definitions.read(text)
    except BadDefinition:
        err.print("the definitions in force are malformed: all that is new is said to be", style="bold yellow")
        return NOTHING
