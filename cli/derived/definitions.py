"""The command that puts definitions in force, and says what that changes."""

import sys

from rich.text import Text

from chalicelib.derived.definitions import Definitions
from chalicelib.wiring.base import Base
from chalicelib.wiring.for_derived import DEFINABLE
from cli import defining
from cli.defining import Reached, show_changes
from cli.derived import reach, resuming, telling
from cli.derived.lines import shown
from cli.screen import err, out

NOTHING = Definitions({}, ())


def _reached(base: Base, _local: bool) -> Reached[Definitions]:
    return Reached(reach.on(base).wiring.definition_store, _say)


define = defining.command(
    DEFINABLE,
    _reached,
    lambda: f"In force within a minute. Then go on with: {resuming.follow_up(sys.argv[1:], 'repair')}",
    "Put a file of definitions in force, once it is sound, and say what that changes.",
)


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


def _say(in_force: Definitions | None, after: Definitions) -> bool:
    """Print what changes; say whether anything does."""
    before = in_force or NOTHING
    is_changed = show_changes(changed(before, after))
    if not is_changed:
        out.print("these definitions say what those in force say")
    if telling.prefixes(before) != telling.prefixes(after):
        err.print(Text(f"S3 must tell of other sources then: {resuming.follow_up(sys.argv[1:], 'connect')}", "yellow"))
    return is_changed
