"""Looking: which instances have a say in the names that some event is about."""

from collections.abc import Collection
from typing import Protocol

from chalicelib.names.model import Fleet, Place, Ref, Rules
from chalicelib.names.wishes import Wish, wishes
from chalicelib.names.zone import Zone


class Instances(Protocol):
    """Where instances are seen."""

    def everything(self) -> Fleet:
        """Return every instance of every place."""

    def some(self, refs: Collection[Ref]) -> Fleet:
        """Return these instances as they are now."""

    def claimants(self, place: Place, labels: Collection[str]) -> Fleet:
        """Return running instances of a place whose tag may ask for one of these labels."""


def look(instances: Instances, zone: Zone, rules: Rules, refs: Collection[Ref]) -> Fleet:
    """Return these instances, the holders of names that they ask for, and who waits for names that they give up.

    Who waits is looked for in the place of the one that gives up; in other places the sweep finds them.
    """
    asked = instances.some(refs)
    found, _ = wishes(zone, asked, rules)
    fleet = asked | _holders(instances, zone, asked, found)
    for place, labels in _given_up(zone, asked, found, refs).items():
        fleet = instances.claimants(place, labels) | fleet
    return fleet


def _holders(instances: Instances, zone: Zone, asked: Fleet, found: dict[str, Wish]) -> Fleet:
    wanted = {label for wish in found.values() for label in wish.labels}
    holders = {zone.marks[id_].ref for label in wanted if (id_ := zone.holder(label)) is not None}
    unseen = {ref for ref in holders if ref.id not in asked.instances and not asked.covers(ref)}
    return instances.some(unseen) if unseen else Fleet({})


def _given_up(zone: Zone, asked: Fleet, found: dict[str, Wish], refs: Collection[Ref]) -> dict[Place, set[str]]:
    """Return the labels that instances hold and no longer ask for, by place; a place seen whole shows its own."""
    given_up: dict[Place, set[str]] = {}
    for ref in refs:
        mark = zone.marks.get(ref.id)
        still = found[ref.id].labels if ref.id in found else ()
        if mark and mark.ref.place not in asked.whole and (labels := set(mark.labels) - set(still)):
            given_up.setdefault(mark.ref.place, set()).update(labels)
    return given_up
