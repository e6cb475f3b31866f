"""Looking: which instances have a say in the names that some event is about."""

from collections.abc import Collection
from typing import Protocol

from chalicelib.names.model import Fleet, Place, Ref, Rules
from chalicelib.names.wishes import wishes
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
    fleet = instances.some(refs)
    fleet |= _holders(instances, zone, fleet, rules)
    looked_for: set[tuple[Place, str]] = set()
    while given_up := _given_up(zone, fleet, rules) - looked_for:
        for place in {place for place, _ in given_up}:
            fleet = instances.claimants(place, {label for where, label in given_up if where == place}) | fleet
        looked_for |= given_up
    return fleet


def _holders(instances: Instances, zone: Zone, asked: Fleet, rules: Rules) -> Fleet:
    found, _ = wishes(zone, asked, rules)
    wanted = {label for wish in found.values() for label in wish.labels}
    holders = {zone.marks[id_].ref for label in wanted if (id_ := zone.holder(label)) is not None}
    unseen = {ref for ref in holders if ref.id not in asked.instances}
    return instances.some(unseen) if unseen else Fleet({})


def _given_up(zone: Zone, fleet: Fleet, rules: Rules) -> set[tuple[Place, str]]:
    """Return the labels that instances hold and do not ask for any more; a place seen whole shows who waits."""
    found, _ = wishes(zone, fleet, rules)
    return {
        (mark.ref.place, label)
        for id_ in fleet.instances
        if (mark := zone.marks.get(id_)) and mark.ref.place not in fleet.whole
        for label in mark.labels
        if id_ not in found or label not in found[id_].labels
    }
