"""Who can read our snapshots: looked at once an hour, and the accounts that each was given to in slices."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from chalicelib.snapshots.exposure import Access, exposed, unblocked
from chalicelib.snapshots.model import Problem, Snapshot
from chalicelib.snapshots.policies import Policies

SLICE = 300  # snapshots whose permissions are read in a run: EC2 tells them one by one


class Region(Protocol):
    """Where snapshots are."""

    name: str

    def public(self) -> frozenset[str]:
        """Return the ids of own snapshots that everybody may read; raise TryAgain, BadSettings."""

    def shared_with(self, id_: str) -> frozenset[str]:
        """Return the accounts that a snapshot was given to; raise TryAgain, BadSettings."""

    def blocking(self) -> str:
        """Return how far the region blocks public sharing; raise TryAgain, BadSettings."""


class Position(Protocol):
    """How far the slices have come."""

    def read(self) -> str:
        """Return the id behind which it goes on; raise TryAgain."""

    def write(self, after: str) -> None:
        """Keep that id; raise TryAgain."""


@dataclass(frozen=True)
class WatchPlace:
    """One region, and what a look at it needs."""

    region: Region
    position: Position
    pace: Callable[[], None]


@dataclass(frozen=True)
class Watched:
    """What was seen in one region: snapshots that are exposed, and whether all could be."""

    exposed: list[Problem] = field(default_factory=list)
    unblocked: list[Problem] = field(default_factory=list)


def watch(place: WatchPlace, snapshots: Iterable[Snapshot], policies: Policies, most: int = SLICE) -> Watched:
    """Look who can read the snapshots of a region; of more than ``most``, sharing is looked at in turn."""
    ours = sorted(snapshots, key=lambda each: each.id)
    after = place.position.read()
    turn = list(islice((each for each in ours if each.id > after), most))
    shared = {}
    for each in turn:
        place.pace()
        shared[each.id] = place.region.shared_with(each.id)
    is_last = len(turn) < most or turn[-1] == ours[-1]
    access = Access(place.region.public(), shared, place.region.blocking())
    place.position.write("" if is_last else turn[-1].id)
    return Watched(exposed(ours, access, policies), unblocked(ours, access, place.region.name))
