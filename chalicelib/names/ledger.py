"""What a zone says of names is written into the inventory, from which clients without DNS are told."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.inventory import plan
from chalicelib.inventory.changes import Change
from chalicelib.inventory.model import Held, Snapshot, View
from chalicelib.names.model import Fleet, Instance
from chalicelib.names.zone import Zone


class Inventory(Protocol):
    """Where names are written down."""

    def everything(self) -> Snapshot:
        """Return every name."""

    def some(self, labels: Collection[str]) -> Snapshot:
        """Return those of the labels that there are."""

    def write(self, changes: Sequence[Change], check: Callable[[], None]) -> None:
        """Write changes down, and call ``check`` before each write; raise TryAgain."""


@dataclass(frozen=True)
class Ledger:
    """Keeps the inventory true to one zone, in the views it speaks for: its own, and one that has no zone."""

    inventory: Inventory
    views: tuple[View, ...]
    announce: Callable[[], None]
    """Tells those who make documents of the inventory that it has changed."""

    def record(self, before: Zone, after: Zone, fleet: Fleet, check: Callable[[], None]) -> None:
        """Write down what a zone says after a run that saw this fleet; ``check`` says whether there is time to write.

        A run that saw everything goes through the whole inventory; any other through the names that its instances
        had before it and have after it. Whoever writes has its turn at the zone, so that no older view comes later.
        """
        if fleet.is_everything:
            known = self.inventory.everything()
            labels = _labels(after, after.marks) | {n.label for n in known.names.values() if n.held or not n.claim}
        else:
            labels = _labels(before, fleet.instances) | _labels(after, fleet.instances)
            known = self.inventory.some(labels)
        holders = {label: dict(_holders(label, known, after, fleet, self.views)) for label in labels}
        saw_all = fleet.is_everything and not fleet.unread
        if changes := plan.plan(known, holders, labels, self.views, after.domain if saw_all else None):
            self.inventory.write(changes, check)
            self.announce()


def addresses(instance: Instance, view: View) -> tuple[str, ...]:
    """Return an instance's addresses on one side; it has none while it is not up."""
    address = instance.public_ip if view is View.PUBLIC else instance.private_ip
    return tuple(filter(None, (address, instance.ipv6))) if instance.is_up else ()


def _labels(zone: Zone, instances: Iterable[str]) -> set[str]:
    return {label for id_ in instances if (mark := zone.marks.get(id_)) for label in mark.all_labels}


def _holders(
    label: str, known: Snapshot, zone: Zone, fleet: Fleet, views: Iterable[View]
) -> Iterator[tuple[View, Held]]:
    """Yield who has a label in each view, as a zone says. Of a holder that was not seen, what is written down stays."""
    if (holder := zone.holder(label)) is None:
        return
    name, seen = known.names.get(label), fleet.instances.get(holder)
    for view in views:
        if seen and (found := addresses(seen, view)):
            yield view, Held(holder, found)
        elif not seen and name and (held := name.held.get(view)) and held.instance == holder:
            yield view, held
