"""The plan of the inventory: what a hosted zone says of names, against what is written down of them."""

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.inventory.changes import Change, DeleteName, LeaveClaim, MarkComplete, NameChange, SetHolders
from chalicelib.inventory.model import Held, Name, Snapshot, View

type Holders = Mapping[View, Held]


def plan(
    snapshot: Snapshot,
    zone_holders: Mapping[str, Holders],
    labels: Iterable[str],
    views: Sequence[View],
    complete_for: str | None,
) -> list[Change]:
    """Return the changes that make the inventory say of these labels, in these views, what the zone says.

    ``zone_holders`` maps labels to who has them. ``complete_for`` is the domain of which every name was looked at, if
    every one was; a view that is not marked so is marked.
    """
    changes: list[Change] = []
    for label in sorted(labels):
        changes += _of_name(snapshot.names.get(label), label, zone_holders.get(label, {}), views)
    if complete_for:
        because = f"every name of {complete_for} has been looked at"
        unmarked = [view for view in views if snapshot.header.domains.get(view) != complete_for]
        changes += [MarkComplete(view, complete_for, because) for view in unmarked]
    return changes


def _of_name(there: Name | None, label: str, holders: Holders, views: Sequence[View]) -> list[NameChange]:
    name = there or Name(label)
    changed = {view: held for view, held in holders.items() if name.held.get(view) != held}
    cleared = tuple(view for view in views if view in name.held and view not in holders)
    others_hold = any(view not in views for view in name.held)
    if holders or others_hold:
        is_new = changed or cleared
        return [SetHolders(label, changed, cleared, _because(changed, cleared))] if is_new else []
    if there and not name.claim:
        return [DeleteName(label, cleared, "no instance has it, and nobody claims it")]
    return [LeaveClaim(label, cleared, "no instance has it any more")] if cleared else []


def _because(changed: Holders, cleared: Iterable[View]) -> str:
    gained = [f"{held.instance} has it in the {view} view" for view, held in changed.items()]
    return ", ".join([*gained, *(f"no instance has it in the {view} view" for view in cleared)])
