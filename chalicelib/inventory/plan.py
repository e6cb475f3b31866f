"""The plan of the inventory: what a hosted zone says of names, against what is written down of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from chalicelib.inventory.changes import Change, Hold, LetGo, Settle
from chalicelib.inventory.model import Held, Known, Name, View

type Said = Mapping[str, Mapping[View, Held]]
"""By label, what each view says of it; a view that says nothing of it has no entry."""


def plan(known: Known, said: Said, labels: Iterable[str], views: Iterable[View], domain: str) -> list[Change]:
    """Return the changes that make the inventory say of these labels, in these views, what was said.

    A view that has no domain yet, or another one, is settled, if ``domain`` is not empty: then all was said there is.
    """
    views = tuple(views)
    changes: list[Change] = []
    for label in sorted(labels):
        name, is_there = known.names.get(label, Name(label)), label in known.names
        changes += _of_label(name, said.get(label, {}), views, is_there=is_there)
    unsettled = [view for view in views if domain and known.header.domains.get(view) != domain]
    return changes + [Settle(view, domain, f"every name of {domain} has been looked at") for view in unsettled]


def _of_label(name: Name, said: Mapping[View, Held], views: Sequence[View], *, is_there: bool) -> list[Change]:
    changes: list[Change] = []
    after = {**{view: held for view, held in name.held.items() if view not in views}, **said}
    leaves: Literal["a holder", "a claim", "nothing"] = "a holder" if after else "a claim" if name.claim else "nothing"
    for view in views:
        before, now = name.held.get(view), said.get(view)
        if now and now != before:
            changes.append(Hold(name.label, view, now, f"the zone gives it to {now.instance}"))
        elif before and not now:
            changes.append(LetGo(name.label, view, leaves, f"the zone does not give it to {before.instance} any more"))
    if leaves == "nothing" and is_there and not changes:
        changes.append(LetGo(name.label, views[0], leaves, "nobody holds it, and nobody claims it"))
    return changes
