"""The job of names: for one zone, look, plan, guard, carry out; look again while there is more to do."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib import reconcile
from chalicelib.errors import GroundskeeperError, UnsafePlan
from chalicelib.names import plan
from chalicelib.names.batches import pack
from chalicelib.names.changes import Plan, Remove, Step, is_of_the_dead, lost_names, names_only
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

    def check(self) -> None:
        """Raise TryAgain unless there is time for one more write, of whatever kind, before the turn is over."""


class HostedZone(Protocol):
    """Where names are written."""

    def read(self) -> Zone:
        """Return the zone as it stands."""

    def turn(self) -> AbstractContextManager[Writer]:
        """Wait until nobody else writes to the zone, and keep others from it."""


@dataclass
class Outcome:
    """What one run did in one zone: its last plan, what it was made from, and what became of all steps.

    ``error`` says why the run stopped where it did, if it did not come to its end.
    """

    plan: Plan = field(default_factory=Plan)
    fleet: Fleet = field(default_factory=lambda: Fleet({}))
    owned: int = 0
    error: GroundskeeperError | None = None
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
        return not (self.error or self.refused or self.postponed or self.fleet.unread)

    @property
    def unverified(self) -> int:
        """How many owned names may be stale: nobody could look at their instance, or a removal did not land."""
        unknown = sum(problem.kind in ("outside", "mark") for problem in self.plan.problems)
        undone = names_only(step for step, _ in (*self.refused, *self.postponed))
        unsafe = self.error.removals if isinstance(self.error, UnsafePlan) else 0
        return unknown + unsafe + sum(isinstance(change, Remove) for change in undone)


class Ledger(Protocol):
    """Where it is written down what the zone says of names."""

    def record(self, before: Zone, after: Zone, fleet: Fleet, check: Callable[[], None]) -> None:
        """Write down what the zone says after a run that saw this fleet; raise TryAgain."""


def sweep(
    instances: Instances, zone: HostedZone, rules: Rules, ledger: Ledger | None = None, *, force: bool = False
) -> Outcome:
    """Put every name of a zone right; raise TryAgain where another run keeps the zone."""

    def observe(known: Zone) -> tuple[Fleet, Plan]:
        fleet = instances.everything()
        return fleet, plan.plan(known, fleet, rules)

    return _run(observe, zone, ledger, fresh=True, force=force)


def follow(
    instances: Instances, zone: HostedZone, rules: Rules, refs: Collection[Ref], ledger: Ledger | None = None
) -> Outcome:
    """Put the names of some instances right, those that hold a name they ask for, and those that wait for one."""

    def observe(known: Zone) -> tuple[Fleet, Plan]:
        fleet = look(instances, known, rules, refs)
        return fleet, plan.plan(known, fleet, rules)

    return _run(observe, zone, ledger, fresh=False)


def release(zone: HostedZone) -> Outcome:
    """Give up every name of a zone whose stack, and its inventory, are gone."""
    return _run(lambda known: (Fleet({}), plan.release(known)), zone, None, fresh=True)


def preview(instances: Instances, zone: HostedZone, rules: Rules, refs: Collection[Ref] | None = None) -> Outcome:
    """Return what a sweep, or following some instances, would do, and change nothing."""
    known = zone.read()
    fleet = instances.everything() if refs is None else look(instances, known, rules, refs)
    made = plan.plan(known, fleet, rules)
    return Outcome(made, fleet, made.owned, _Guard(force=False).objection(made, fleet))


class _Guard:
    """Keeps one run, over all its rounds, from taking away too many names on the strength of something missing."""

    def __init__(self, *, force: bool) -> None:
        self._force = force
        self._owned: int | None = None
        self._taken = 0

    def objection(self, made: Plan, fleet: Fleet) -> UnsafePlan | None:
        """Return what speaks against carrying out a plan."""
        self._owned = made.owned if self._owned is None else self._owned
        losses = len(lost_names(made.changes))
        nothing_runs = fleet.whole and not any(instance.is_up for instance in fleet.instances.values())
        if losses and nothing_runs and fleet.is_everything and not self._force:
            return UnsafePlan(f"no instance is running anywhere, yet {made.owned} names are owned", losses)
        try:
            reconcile.guard(losses + self._taken, self._owned, force=self._force)
        except UnsafePlan as objection:
            return objection
        return None

    def count(self, landed: Iterable[Step]) -> None:
        """Take note of what has been taken away."""
        self._taken += len(lost_names(change for step in landed for change in step.changes))


def _run(
    observe: Callable[[Zone], tuple[Fleet, Plan]],
    zone: HostedZone,
    ledger: Ledger | None,
    *,
    fresh: bool,
    force: bool = False,
) -> Outcome:
    """Look, plan and write until no more than one batch is left, and write that.

    After each round of full batches it looks again: in a storm the last, half-empty batch then takes along what has
    happened meanwhile. It also looks again after a refusal, which may be due to an outdated view of the zone; what is
    refused a second time is bisected. Where the guard objects, only instances that were seen down lose their names.
    In the end the ledger is told, while nobody else can write.
    """
    outcome, guard, seen = Outcome(), _Guard(force=force), Fleet({})
    doubt = False
    with zone.turn() as writer:
        before = writer.read(fresh=fresh)
        for rounds in range(MOST_ROUNDS):
            known = writer.read(fresh=doubt) if rounds else before
            outcome.fleet, outcome.plan = observe(known)
            seen = outcome.fleet if outcome.fleet.is_everything else seen | outcome.fleet
            outcome.error = guard.objection(outcome.plan, outcome.fleet)
            steps = [step for step in outcome.plan.steps if not outcome.error or is_of_the_dead(step)]
            hopeless = {step for step, _ in outcome.refused}
            batches = list(pack(step for step in steps if step not in hopeless))
            more = len(batches) > 1 and rounds < MOST_ROUNDS - 1
            now, later = (batches[:-1], batches[-1:]) if more else (batches, [])
            carried = reconcile.carry_out(now, later, writer.apply, bisect=doubt)
            guard.count(carried.landed)
            room_was_made = outcome.plan.is_partial and bool(carried.landed)
            again = bool(later or room_was_made or (carried.refused and not doubt)) and rounds < MOST_ROUNDS - 1
            again = again and not carried.postponed
            outcome.add(carried, keep_refused=doubt or not again)
            if not again:
                break
            doubt = doubt or bool(carried.refused)
        after = writer.read(fresh=False)
        outcome.owned = len(after.held_names)
        if ledger:
            unrecorded = _recorded(ledger, before, after, seen, writer.check)
            outcome.error = outcome.error or unrecorded
    return outcome


def _recorded(
    ledger: Ledger, before: Zone, after: Zone, fleet: Fleet, check: Callable[[], None]
) -> GroundskeeperError | None:
    """Tell the ledger; return what kept it from writing: that does not undo what the run has done."""
    try:
        ledger.record(before, after, fleet, check)
    except GroundskeeperError as error:
        return error
    return None
