"""Who can read our snapshots: looked at once an hour, and the accounts that each was given to in slices."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.problem import Problem
from chalicelib.snapshots.exposure import Access, exposed, unblocked, unencrypted
from chalicelib.snapshots.model import Snapshot
from chalicelib.snapshots.policies import Policies

SLICE = 300  # snapshots whose permissions are read in a run: EC2 tells them one by one


class Region(Protocol):
    """Where snapshots are."""

    name: str

    def public(self) -> frozenset[str]:
        """Return the ids of own snapshots that everybody may read; raise TryAgain, BadSettings."""

    def shared_with(self, id_: str) -> frozenset[str]:
        """Return the accounts that a snapshot was given to; raise TryAgain, BadSettings."""

    def strangers(self) -> list[Problem]:
        """Return the snapshots that carry our tag and are not ours; raise TryAgain, BadSettings."""

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
    """One region, and what a look at it needs; ``has_time`` says whether a run can go on."""

    region: Region
    position: Position
    pace: Callable[[], None]
    has_time: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Watched:
    """What was seen in one region: what is exposed, or could be; and snapshots of others that carry our tag."""

    exposed: list[Problem] = field(default_factory=list)
    unencrypted: list[Problem] = field(default_factory=list)
    strangers: list[Problem] = field(default_factory=list)
    unblocked: list[Problem] = field(default_factory=list)


def watch(place: WatchPlace, snapshots: Iterable[Snapshot], policies: Policies, most: int = SLICE) -> Watched:
    """Look who can read the snapshots of a region; of more than ``most``, sharing is looked at in turn."""
    ours = sorted(snapshots, key=lambda each: each.id)
    access = Access(place.region.public(), _shares(place, [each.id for each in ours], most), place.region.blocking())
    return Watched(
        exposed(ours, access, policies),
        unencrypted(ours, policies),
        place.region.strangers(),
        unblocked(ours, access, place.region.name),
    )


def _shares(place: WatchPlace, ids: Sequence[str], most: int) -> dict[str, frozenset[str]]:
    """Return to whom snapshots were given, of those whose turn it is; the next run goes on behind them."""
    after = place.position.read()
    waiting = [id_ for id_ in ids if id_ > after]
    shared: dict[str, frozenset[str]] = {}
    for id_ in waiting[:most]:
        if not place.has_time():
            break
        place.pace()
        shared[id_] = place.region.shared_with(id_)
    is_last = len(shared) == len(waiting)
    place.position.write("" if is_last else max([after, *shared]))
    return shared
