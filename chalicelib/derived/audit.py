"""The audit: what of a whole prefix is missing, stale, lost or orphaned; by the same plan that puts it right."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.derived.job import OpenSource, Task, Workplace, family_of
from chalicelib.derived.listing import Family
from chalicelib.derived.model import Child, DerivedKey, Kind, Lost, Missing, Present, Source
from chalicelib.derived.plan import Change, Delete, Leave, Make, plan


class Fault(StrEnum):
    """What is wrong with a derived object."""

    MISSING = "missing"
    LOST = "lost"
    STALE = "stale"
    ORPHANED = "orphaned"
    LEFT_ALONE = "left alone"
    """It cannot be made, or is not ours: somebody should know."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with one derived object, and why that is thought."""

    fault: Fault
    key: DerivedKey
    because: str


@dataclass(frozen=True)
class Inspected:
    """What an audit has found of one source."""

    source_key: str
    has_source: bool
    children: int
    findings: tuple[Finding, ...]

    @property
    def to_repair(self) -> tuple[Finding, ...]:
        """Return what can be put right."""
        return tuple(finding for finding in self.findings if finding.fault is not Fault.LEFT_ALONE)

    @property
    def is_orphaned(self) -> bool:
        """Whether putting it right would delete."""
        return any(finding.fault is Fault.ORPHANED for finding in self.findings)


type Sniff = Callable[[str], Kind | None]


def inspect[O: OpenSource](place: Workplace[O], family: Family, sniff: Sniff) -> Inspected:
    """Return what is wrong with what is derived of one source; raise TryAgain.

    That a source is gone is believed only after a look at it: of a listing that was begun in the middle, the source may
    stand before the beginning, and so may some of its children.
    """
    key = family.source_key
    listed = [found for child in family.children if (found := place.origin.keys.parse(child.key))]
    source = Source(key, family.source.etag, family.source.size) if family.source else place.sources.look(key)
    if not family.is_whole or (source and not family.source):
        listed = list(place.store.children(key))
    wanted = place.definitions.wanted(key)
    task = Task(key, wanted if place.origin.has_room(key, wanted) else (), whole_family=True)
    children = family_of(place, task, frozenset(listed))
    changes = _fitting(plan(source, children, keeps_orphans=place.keeps_orphans), children, key, sniff)
    return Inspected(key, source is not None, len(children), tuple(map(_finding, changes)))


def _fitting(changes: list[Change], children: Iterable[Child], key: str, sniff: Sniff) -> Iterator[Change]:
    """Yield the changes without what is missing because it does not fit; the source is read if nothing else tells."""
    kind: Kind | None = None
    is_known = False
    for change in changes:
        if isinstance(change, Make) and isinstance(change.child.state, Missing):
            if not is_known:
                kind, is_known = _kind_of(children) or sniff(key), True
            if change.transformation.kind != kind:
                continue
        yield change


def _kind_of(children: Iterable[Child]) -> Kind | None:
    """Return what a source must be, by what has been made of it."""
    made = (child.transformation for child in children if isinstance(child.state, Present | Lost))
    return next((transformation.kind for transformation in made if transformation), None)


def _finding(change: Change) -> Finding:
    return Finding(_fault(change), change.child.key, change.because)


def _fault(change: Change) -> Fault:
    match change:
        case Leave():
            return Fault.LEFT_ALONE
        case Delete():
            return Fault.ORPHANED
        case Make(Child(_, _, Missing())):
            return Fault.MISSING
        case Make(Child(_, _, Lost())):
            return Fault.LOST
        case _:
            return Fault.STALE
