"""The job of copies: between two regions, look, plan, and ask for the copies that are missing, each once."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from chalicelib.snapshots.copies import CopyPlan, CopyTo, Destination, plan
from chalicelib.snapshots.model import Snapshot
from chalicelib.snapshots.once import Came, Journal, Patience, ask
from chalicelib.snapshots.policies import Policies


class Region(Protocol):
    """Where copies go to."""

    name: str

    def destination(self) -> Destination:
        """Return what is there; raise TryAgain, BadSettings."""

    def copy(self, copy: CopyTo) -> None:
        """Begin to copy; raise Refused, TryAgain where EC2 throttles, Unclear where it does not answer."""

    def has_copy(self, copy: CopyTo) -> bool:
        """Say whether EC2 shows a copy; raise TryAgain."""


@dataclass(frozen=True)
class CopyPlace:
    """One region that copies go to, and what a job needs there."""

    region: Region
    turn: Callable[[], AbstractContextManager[Patience]]
    journal: Journal


@dataclass
class Copied:
    """What one run did between two regions."""

    origin: str
    region: str
    plan: CopyPlan = field(default_factory=CopyPlan)
    there: tuple[Snapshot, ...] = ()
    """What was seen of ours in the region that copies go to."""
    came: Came[CopyTo] = field(default_factory=Came)

    @property
    def is_complete(self) -> bool:
        """Whether every copy that had its turn was begun."""
        return not self.came.undone


def preview(place: CopyPlace, origin: str, ours: Iterable[Snapshot], policies: Policies, now: datetime) -> Copied:
    """Say which copies a run would begin."""
    destination = place.region.destination()
    planned = plan(origin, ours, destination, policies, now)
    asked = place.journal.asked()  # after the look: what is asked for meanwhile is seen
    fresh = tuple(copy for copy in planned.copies if not asked.keys() & set(copy.keys))
    return Copied(origin, place.region.name, replace(planned, copies=fresh), destination.snapshots)


def run(
    place: CopyPlace, origin: str, ours: Iterable[Snapshot], policies: Policies, clock: Callable[[], datetime]
) -> Copied:
    """Begin every copy that is missing and has its turn, once."""
    with place.turn() as patience:
        copied = preview(place, origin, ours, policies, clock())
        copied.came = ask(copied.plan.copies, place.region.copy, place.region.has_copy, place.journal, patience)
    return copied
