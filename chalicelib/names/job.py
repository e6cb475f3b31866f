"""The job of names: for one zone, look, plan, guard, carry out; look again where Route 53 disagreed."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from chalicelib import reconcile
from chalicelib.errors import UnsafePlan
from chalicelib.names import wishes
from chalicelib.names.batches import pack
from chalicelib.names.marks import Zone
from chalicelib.names.model import Fleet, Instance, Place, Plan, Ref, Remove, Rules, Step
from chalicelib.names.plan import plan
from chalicelib.reconcile import Carried


class Instances(Protocol):
    """Where instances are seen."""

    def everything(self) -> Fleet:
        """Return every instance of every place."""

    def some(self, refs: Collection[Ref]) -> Fleet:
        """Return these instances as they are now."""

    def claimants(self, place: Place, labels: Collection[str]) -> Fleet:
        """Return running instances of a place whose tag may ask for one of these labels."""


class Turn(Protocol):
    """The right to be the one writer of a zone for a while."""

    @property
    def number(self) -> int:
        """Return how many turns there were, this one included."""

    def check(self) -> None:
        """Raise TryAgain when there is no time left for another write."""


class HostedZone(Protocol):
    """Where names are written."""

    def turn(self) -> AbstractContextManager[Turn]:
        """Wait until nobody else writes to the zone, and keep others from it."""

    def read(self, turn: Turn | None = None, *, fresh: bool = True) -> Zone:
        """Return the zone; unless ``fresh``, from memory if nobody wrote to it since."""

    def apply(self, turn: Turn, steps: Sequence[Step]) -> None:
        """Send one change batch."""


@dataclass
class Outcome:
    """What one run did in one zone: its last plan, what it was made from, and what became of all steps."""

    plan: Plan = field(default_factory=Plan)
    fleet: Fleet = field(default_factory=lambda: Fleet({}))
    landed: list[Step] = field(default_factory=list)
    refused: list[tuple[Step, str]] = field(default_factory=list)
    postponed: list[tuple[Step, str]] = field(default_factory=list)

    def add(self, carried: Carried[Step], *, keep_refused: bool) -> None:
        """Add what became of one round's steps."""
        self.landed += carried.landed
        self.postponed += carried.postponed
        self.refused += carried.refused if keep_refused else []

    @property
    def is_complete(self) -> bool:
        """Whether everything was seen and everything planned was done."""
        return not (self.refused or self.postponed or self.fleet.unread)


def sweep(instances: Instances, zone: HostedZone, rules: Rules, *, force: bool = False) -> Outcome:
    """Put every name of a zone right; raise UnsafePlan or TryAgain where it must not or cannot be done now."""
    return _run(lambda _: instances.everything(), zone, rules, fresh=True, force=force)


def follow(instances: Instances, zone: HostedZone, rules: Rules, refs: Collection[Ref]) -> Outcome:
    """Put the names of some instances right, those that hold a name they ask for, and those that wait for one."""
    return _run(lambda known: look(instances, known, rules, refs), zone, rules, fresh=False)


def preview(instances: Instances, zone: HostedZone, rules: Rules, refs: Collection[Ref] | None = None) -> Outcome:
    """Return what a sweep, or following some instances, would do, and change nothing."""
    known = zone.read()
    fleet = instances.everything() if refs is None else look(instances, known, rules, refs)
    return Outcome(plan(known, fleet, rules), fleet)


def release(zone: HostedZone, rules: Rules, *, dry_run: bool) -> Outcome:
    """Give up every name of a zone: each instance that holds one counts as down."""
    known = zone.read()
    refs = [mark.ref for mark, _ in known.marks.values()]
    fleet = Fleet({ref.id: Instance(ref.id, ref.place, "released", datetime.min.replace(tzinfo=UTC)) for ref in refs})
    if dry_run:
        return Outcome(plan(known, fleet, rules), fleet)
    return _run(lambda _: fleet, zone, rules, fresh=True)


def look(instances: Instances, zone: Zone, rules: Rules, refs: Collection[Ref]) -> Fleet:
    """Return these instances and every other one that has a say in their names."""
    fleet = instances.some(refs)
    found, _ = wishes.wishes(zone, fleet, rules)
    wanted = {label for wish in found.values() for label in wish.labels}
    holders = {zone.marks[id_][0].ref for label in wanted if (id_ := zone.holder(label)) is not None}
    if unseen := {ref for ref in holders if ref.id not in fleet.instances and not fleet.covers(ref)}:
        fleet |= instances.some(unseen)
    given_up: dict[Place, set[str]] = {}
    for ref in refs:
        mark, _ = zone.marks.get(ref.id, (None, None))
        still = found[ref.id].labels if ref.id in found else ()
        if mark and ref.place not in fleet.whole and (labels := set(mark.labels) - set(still)):
            given_up.setdefault(mark.ref.place, set()).update(labels)
    for place, labels in given_up.items():
        fleet = instances.claimants(place, labels) | fleet
    return fleet


def check(made: Plan, fleet: Fleet, *, force: bool) -> None:
    """Raise UnsafePlan where a plan takes away too many names on the strength of something missing."""
    removals = [c for c in made.changes if isinstance(c, Remove) and not c.down and c.held.type != "TXT"]
    nothing_runs = fleet.is_everything and not any(instance.is_up for instance in fleet.instances.values())
    if removals and nothing_runs and not force:
        raise UnsafePlan(f"no instance is running anywhere, yet {made.owned} names are owned: nothing was changed")
    reconcile.guard(len(removals), made.owned, force=force)


def _run(
    observe: Callable[[Zone], Fleet],
    zone: HostedZone,
    rules: Rules,
    *,
    fresh: bool,
    force: bool = False,
) -> Outcome:
    """Look, plan and write until no more than one batch is left, and write that.

    After each round of full batches it looks again: in a storm the last, half-empty batch then takes along what has
    happened meanwhile. It also looks again after a refusal, which may be due to an outdated view of the zone; what is
    refused a second time is bisected.
    """
    outcome = Outcome()
    doubt = False
    with zone.turn() as turn:
        while True:
            known = zone.read(turn, fresh=fresh or doubt)
            outcome.fleet = observe(known)
            outcome.plan = plan(known, outcome.fleet, rules)
            check(outcome.plan, outcome.fleet, force=force)
            hopeless = {step for step, _ in outcome.refused}
            batches = list(pack(step for step in outcome.plan.steps if step not in hopeless))
            now, later = (batches[:-1], batches[-1:]) if len(batches) > 1 else (batches, [])
            carried = reconcile.carry_out(now, later, partial(zone.apply, turn), bisect=doubt)
            outcome.add(carried, keep_refused=doubt)
            if carried.postponed or not (later or (carried.refused and not doubt)):
                return outcome
            fresh, doubt = False, doubt or bool(carried.refused)
