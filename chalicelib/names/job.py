"""The job of names: for one zone, look, plan, guard, carry out; look again while there is more to do."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib import reconcile
from chalicelib.errors import UnsafePlan
from chalicelib.names import plan
from chalicelib.names.batches import pack
from chalicelib.names.changes import Plan, Remove, Step, is_mark, names_only, net
from chalicelib.names.model import Fleet, Ref, Rules
from chalicelib.names.observe import Instances, look
from chalicelib.names.zone import Zone
from chalicelib.reconcile import Carried

MOST_ROUNDS = 10


class Writer(Protocol):
    """The right to write to a zone, which nobody else has meanwhile."""

    def read(self, *, fresh: bool) -> Zone:
        """Return the zone; unless ``fresh``, from memory if nobody wrote to it since."""

    def apply(self, steps: Sequence[Step]) -> None:
        """Send one change batch; raise Refused or TryAgain."""


class HostedZone(Protocol):
    """Where names are written."""

    def read(self) -> Zone:
        """Return the zone as it stands."""

    def turn(self) -> AbstractContextManager[Writer]:
        """Wait until nobody else writes to the zone, and keep others from it."""


@dataclass
class Outcome:
    """What one run did in one zone: its last plan, what it was made from, and what became of all steps."""

    plan: Plan = field(default_factory=Plan)
    fleet: Fleet = field(default_factory=lambda: Fleet({}))
    owned: int = 0
    landed: list[Step] = field(default_factory=list)
    refused: list[tuple[Step, str]] = field(default_factory=list)
    postponed: list[tuple[Step, str]] = field(default_factory=list)

    def add(self, carried: Carried[Step], *, keep_refused: bool) -> None:
        """Add what became of one round's steps."""
        self.owned = self.plan.owned + net(carried.landed)
        self.landed += carried.landed
        self.postponed += carried.postponed
        self.refused += carried.refused if keep_refused else []

    @property
    def is_complete(self) -> bool:
        """Whether everything was seen and everything planned was done."""
        return not (self.refused or self.postponed or self.fleet.unread)

    @property
    def unverified(self) -> int:
        """How many owned names may be stale: nobody could look at their instance, or a removal did not land."""
        outside = sum(problem.kind == "outside" for problem in self.plan.problems)
        undone = names_only(step for step, _ in (*self.refused, *self.postponed))
        return outside + sum(isinstance(change, Remove) for change in undone)


type Run = Callable[[HostedZone], Outcome]


def sweep(instances: Instances, zone: HostedZone, rules: Rules, *, force: bool = False) -> Outcome:
    """Put every name of a zone right; raise UnsafePlan or TryAgain where it must not or cannot be done now."""

    def observe(known: Zone) -> tuple[Fleet, Plan]:
        fleet = instances.everything()
        return fleet, plan.plan(known, fleet, rules)

    return _run(observe, zone, fresh=True, force=force)


def follow(instances: Instances, zone: HostedZone, rules: Rules, refs: Collection[Ref]) -> Outcome:
    """Put the names of some instances right, those that hold a name they ask for, and those that wait for one."""

    def observe(known: Zone) -> tuple[Fleet, Plan]:
        fleet = look(instances, known, rules, refs)
        return fleet, plan.plan(known, fleet, rules)

    return _run(observe, zone, fresh=False)


def release(zone: HostedZone) -> Outcome:
    """Give up every name of a zone."""
    return _run(lambda known: (Fleet({}), plan.release(known)), zone, fresh=True)


def preview(instances: Instances, zone: HostedZone, rules: Rules, refs: Collection[Ref] | None = None) -> Outcome:
    """Return what a sweep, or following some instances, would do, and change nothing."""
    known = zone.read()
    fleet = instances.everything() if refs is None else look(instances, known, rules, refs)
    made = plan.plan(known, fleet, rules)
    return Outcome(made, fleet, made.owned)


def check(made: Plan, fleet: Fleet, *, force: bool) -> None:
    """Raise UnsafePlan where a plan takes away too many names on the strength of something missing."""
    removals = sum(isinstance(c, Remove) and not c.down and not is_mark(c) for c in made.changes)
    nothing_runs = fleet.whole and not any(instance.is_up for instance in fleet.instances.values())
    if removals and nothing_runs and fleet.is_everything and not force:
        message = f"no instance is running anywhere, yet {made.owned} names are owned: nothing was changed"
        raise UnsafePlan(message, removals)
    reconcile.guard(removals, made.owned, force=force)


def _run(
    observe: Callable[[Zone], tuple[Fleet, Plan]], zone: HostedZone, *, fresh: bool, force: bool = False
) -> Outcome:
    """Look, plan and write until no more than one batch is left, and write that.

    After each round of full batches it looks again: in a storm the last, half-empty batch then takes along what has
    happened meanwhile. It also looks again after a refusal, which may be due to an outdated view of the zone; what is
    refused a second time is bisected.
    """
    outcome = Outcome()
    doubt = False
    with zone.turn() as writer:
        for rounds in range(MOST_ROUNDS):
            outcome.fleet, outcome.plan = observe(writer.read(fresh=fresh or doubt))
            check(outcome.plan, outcome.fleet, force=force)
            hopeless = {step for step, _ in outcome.refused}
            batches = list(pack(step for step in outcome.plan.steps if step not in hopeless))
            more = len(batches) > 1 and rounds < MOST_ROUNDS - 1
            now, later = (batches[:-1], batches[-1:]) if more else (batches, [])
            carried = reconcile.carry_out(now, later, writer.apply, bisect=doubt)
            outcome.add(carried, keep_refused=doubt or rounds == MOST_ROUNDS - 1)
            if carried.postponed or not (later or (carried.refused and not doubt)):
                break
            fresh, doubt = False, doubt or bool(carried.refused)
    return outcome
