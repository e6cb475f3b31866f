"""The job of snapshots: in one region, look, plan, and ask for what is due, each snapshot once."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from chalicelib.errors import GroundskeeperError
from chalicelib.problem import Problem
from chalicelib.snapshots.changes import Create, Plan
from chalicelib.snapshots.hooks import Freezer
from chalicelib.snapshots.labels import APPLICATION, CONSISTENCY, CRASH, Label
from chalicelib.snapshots.model import World
from chalicelib.snapshots.once import Came, Journal, Patience, ask
from chalicelib.snapshots.plan import plan
from chalicelib.snapshots.policies import Policies

APART = "its volumes are not snapshotted at one instant, since EC2 refuses that"

type Made = Mapping[str, str]
"""Snapshots by their volumes."""


class Region(Protocol):
    """Where volumes are snapshotted."""

    name: str

    def look(self) -> World:
        """Return what is there; raise TryAgain, BadSettings."""

    def create(self, create: Create, label: Label) -> Made:
        """Make snapshots; raise Refused, TryAgain where EC2 throttles, Unclear where it does not answer."""

    def made(self, create: Create) -> Made:
        """Return what EC2 shows of what was asked for; raise TryAgain."""

    def tag(self, ids: Collection[str], tags: Mapping[str, str]) -> None:
        """Add tags to snapshots of ours; raise Refused, TryAgain."""


@dataclass(frozen=True)
class Workplace:
    """One region, and what a job needs there; ``turn`` keeps other runs from asking for the same, and is checked."""

    region: Region
    turn: Callable[[], AbstractContextManager[Patience]]
    journal: Journal
    freezer: Freezer
    tag: str


@dataclass
class Outcome:
    """What one run did in one region: what it saw and planned, and what became of that."""

    world: World
    plan: Plan = field(default_factory=Plan)
    came: Came[Create] = field(default_factory=Came)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether everything that was planned was done."""
        return not self.came.undone


def preview(place: Workplace, policies: Policies, now: datetime) -> Outcome:
    """Say what a run would do, and change nothing."""
    world = place.region.look()
    return Outcome(world, plan(world, policies, place.tag, now, place.journal.asked()))


def run(place: Workplace, policies: Policies, clock: Callable[[], datetime]) -> Outcome:
    """Make every snapshot that is due, once."""
    with place.turn() as patience:
        outcome = preview(place, policies, clock())
        making = partial(_make, place, outcome.problems)
        finding = partial(_found, place, outcome.problems)
        outcome.came = ask(outcome.plan.creates, making, finding, place.journal, patience)
        # One volume that EC2 refuses must not cost the others of its instance their snapshots.
        sets = [(create, reason) for create, reason in outcome.came.refused if create.is_set]
        alone = ask(
            [one for create, _ in sets for one in create.one_by_one()], making, finding, place.journal, patience
        )
        outcome.problems += [Problem(create.subject, f"{APART}: {reason}") for create, reason in sets]
        outcome.came = _together(outcome.came, alone)
    outcome.problems += place.freezer.problems
    place.freezer.problems = []
    return outcome


def _together(came: Came[Create], alone: Came[Create]) -> Came[Create]:
    """Return what became of all, with volumes alone in the place of the sets that were refused."""
    return Came(
        [*came.landed, *alone.landed],
        [*((create, reason) for create, reason in came.refused if not create.is_set), *alone.refused],
        [*came.postponed, *alone.postponed],
        [*came.unclear, *alone.unclear],
    )


def _make(place: Workplace, problems: list[Problem], create: Create) -> None:
    """Ask for snapshots while their instance is frozen; raise Refused, TryAgain, Unclear."""
    with place.freezer.frozen(create) as is_frozen:
        label = create.label(frozen=is_frozen())
        made = place.region.create(create, label)
        has_thawed = label.consistency == APPLICATION and not is_frozen()
    _finish(place, problems, create, made, has_thawed=has_thawed)


def _found(place: Workplace, problems: list[Problem], create: Create) -> bool:
    """Say whether EC2 shows what it did not answer to; nobody knows then how long the instance was still frozen."""
    made = place.region.made(create)
    _finish(place, problems, create, made, has_thawed=create.policy.hooks is not None)
    return bool(made)


def _finish(place: Workplace, problems: list[Problem], create: Create, made: Made, *, has_thawed: bool) -> None:
    """Add the tags that one call could not give to all, and correct what the label says too much."""
    copied, common = create.copied_tags(), create.common_tags()
    correction = {CONSISTENCY: CRASH} if has_thawed else {}
    for volume, id_ in made.items():
        tags = copied.get(volume, common)
        more = {**(tags if tags != common else {}), **correction}
        if more:
            try:
                place.region.tag([id_], more)
            except GroundskeeperError as reason:
                problems.append(Problem(id_, f"does not have its tags {', '.join(more)}: {reason}"))
