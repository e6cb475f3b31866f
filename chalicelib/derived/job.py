"""Put the derived objects of one source right: look, plan, make, and look again."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.derived.definitions import Definitions
from chalicelib.derived.engine.outcome import Outcome as Rendering
from chalicelib.derived.engine.outcome import Picture
from chalicelib.derived.keys import Origin
from chalicelib.derived.model import (
    Child,
    DerivedKey,
    Done,
    Entombed,
    Foreign,
    Kind,
    Lost,
    Missing,
    Source,
    Stamp,
    State,
    Transformation,
)
from chalicelib.derived.plan import Change, Delete, Leave, Make, plan
from chalicelib.errors import TryAgain

MOST_ROUNDS = 3


class Taken(Exception):
    """Somebody else has put something where nothing was."""


class OpenSource(Protocol):
    """A source whose contents can be read; every read is of the same contents."""

    @property
    def source(self) -> Source:
        """Return what is read."""

    @property
    def head(self) -> bytes:
        """Return the first bytes, which say what it is."""


class Sources[O: OpenSource](Protocol):
    """The bucket of sources."""

    def look(self, key: str) -> Source | None:
        """Return a source as it is now; None where there is none."""

    def open(self, key: str) -> AbstractContextManager[O | None]:
        """Begin to read a source; None where there is none."""


class Store(Protocol):
    """Where derived objects are."""

    def children(self, source_key: str) -> Sequence[DerivedKey]:
        """Return all that is kept of a source, tombstones included."""

    def state(self, key: DerivedKey) -> State:
        """Return what a key holds."""

    def put(
        self, key: DerivedKey, transformation: Transformation, stamp: Stamp, picture: Picture, *, is_new: bool
    ) -> None:
        """Put a derived object; where it is new, only if its key is free; raise Taken where it is not."""

    def entomb(self, key: DerivedKey, stamp: Stamp, reason: str) -> None:
        """Put a tombstone."""

    def delete(self, keys: Sequence[DerivedKey]) -> None:
        """Delete what these keys hold."""


class Engine[O: OpenSource](Protocol):
    """What renders."""

    def kind(self, head: bytes) -> Kind | None:
        """Return what a source is, from its first bytes; None for what cannot be rendered."""

    def version(self, head: bytes) -> str:
        """Return the name and version of the library that renders such a source."""

    def render(
        self, opened: O, wanted: Sequence[Transformation], beside: Sequence[Transformation]
    ) -> Mapping[str, Rendering]:
        """Return what each transformation makes of a source, by its name, as if those beside were made with it."""


@dataclass(frozen=True)
class Workplace[O: OpenSource]:
    """What the job works with."""

    origin: Origin
    definitions: Definitions
    sources: Sources[O]
    store: Store
    engine: Engine[O]
    keeps_orphans: bool = False
    is_dry_run: bool = False


@dataclass(frozen=True)
class Task:
    """What to put right of one source.

    A whole family is what the rules want of a source, as far as it fits what the source is, and all that was ever made
    of it; else it is what somebody asked for, and no more.
    """

    source_key: str
    wanted: tuple[Transformation, ...]
    whole_family: bool = False


@dataclass
class Outcome:
    """What became of a task: what was planned, and what was done of it; the source is None where it is gone."""

    task: Task
    source: Source | None
    planned: list[Change]
    made: list[Make] = field(default_factory=list)
    entombed: list[tuple[Make, str]] = field(default_factory=list)
    deleted: list[Delete] = field(default_factory=list)
    unfit: dict[str, str] = field(default_factory=dict)
    """What the source is not of the kind for, by its transformation, and why."""

    @property
    def left(self) -> list[Leave]:
        """Return what was left alone, with reasons."""
        return [change for change in self.planned if isinstance(change, Leave)]

    @property
    def not_made(self) -> dict[str, str]:
        """Return what is not there although it was asked for, by its transformation, and why."""
        not_done = [change for change in self.planned if isinstance(change, Make)]
        reasons = {change.transformation.name: "nothing is made with DryRun=1" for change in not_done}
        reasons |= {left.child.key.transformation: left.because for left in self.left}
        reasons |= {deleted.child.key.transformation: deleted.because for deleted in self.deleted}
        reasons |= {make.transformation.name: why for make, why in self.entombed} | self.unfit
        for make in self.made:
            reasons.pop(make.transformation.name, None)
        gone = {} if self.source else {each.name: "its source is gone" for each in self.task.wanted}
        return gone | reasons

    @property
    def done(self) -> Done:
        """Return it as those are told who wait for it."""
        made = frozenset(make.transformation.name for make in self.made)
        return Done(made, frozenset(each.child.key.transformation for each in self.deleted), self.not_made)

    @property
    def has_written(self) -> bool:
        """Whether anything has been changed."""
        return bool(self.made or self.entombed or self.deleted)


def put_right[O: OpenSource](place: Workplace[O], task: Task) -> Outcome:
    """Make, remake and delete the derived objects of one source, until what was written is of the source as it is.

    Whoever writes looks at the source again afterwards: of two runs at once, the one that writes last puts right what
    it has made of older contents.

    Raises:
        TryAgain: S3 does not answer, or the source changes faster than it can be read.
    """
    for _ in range(MOST_ROUNDS):
        children = look(place, task)
        if not any(isinstance(child.state, Missing | Lost) for child in children):
            source = place.sources.look(task.source_key)
            planned = plan(source, children, keeps_orphans=place.keeps_orphans)
            if all(isinstance(change, Leave) for change in planned):
                return Outcome(task, source, planned)
        with place.sources.open(task.source_key) as opened:
            source = opened.source if opened else None
            outcome = Outcome(task, source, plan(source, children, keeps_orphans=place.keeps_orphans))
            if place.is_dry_run:
                return outcome
            try:
                _carry_out(place, task, opened, outcome)
            except Taken:
                continue
        if not outcome.has_written or place.sources.look(task.source_key) == source:
            return outcome
        # Another run's picture may stand beside these by now, and would hide them for ever.
        place.store.delete([make.child.key.tombstone for make, _ in outcome.entombed])
    raise TryAgain(f"{task.source_key} changes faster than it can be derived")


def look[O: OpenSource](place: Workplace[O], task: Task) -> list[Child]:
    """Return what is there of what a task is about."""
    if task.whole_family:
        return family_of(place, task, frozenset(place.store.children(task.source_key)))
    return [Child(key, each, _state(place.store, key)) for each in task.wanted for key in [each.of(task.source_key)]]


def family_of[O: OpenSource](place: Workplace[O], task: Task, listed: frozenset[DerivedKey]) -> list[Child]:
    """Return what is wanted of a source, and all that is listed of it, as it is."""
    family: dict[DerivedKey, Transformation | None] = {each.of(task.source_key): each for each in task.wanted}
    for key in sorted(listed, key=lambda key: key.leaf):
        maker = place.definitions.transformations.get(key.transformation)
        made = maker.of(task.source_key) if maker else key
        is_defined = maker and key in (made, made.tombstone)
        family[made if is_defined else key] = maker if is_defined else None
    return [Child(key, maker, _listed_state(place.store, key, listed)) for key, maker in family.items()]


def _state(store: Store, key: DerivedKey) -> State:
    state = store.state(key)
    return store.state(key.tombstone) if isinstance(state, Missing) else state


def _listed_state(store: Store, key: DerivedKey, listed: frozenset[DerivedKey]) -> State:
    there = next((each for each in (key, key.tombstone) if each in listed), None)
    return store.state(there) if there else Missing()


def _carry_out[O: OpenSource](place: Workplace[O], task: Task, opened: O | None, outcome: Outcome) -> None:
    makes = [change for change in outcome.planned if isinstance(change, Make)]
    if opened and makes:
        kind = place.engine.kind(opened.head)
        fitting = [make for make in makes if make.transformation.kind == kind]
        beside = place.definitions.wanted(task.source_key)  # so that a lost one comes back to the byte
        renderings = place.engine.render(opened, [make.transformation for make in fitting], beside) if fitting else {}
        engine = place.engine.version(opened.head)
        asked = _asked_for(makes, kind, task)
        outcome.planned = [change for change in outcome.planned if not isinstance(change, Make) or change in asked]
        for make in asked:
            if make.transformation.kind == kind:
                stamp = Stamp(opened.source.etag, make.transformation.digest, engine)
                _write(place.store, make, stamp, renderings[make.transformation.name], outcome)
            else:
                _refuse(place.store, make, _misfit(make.transformation, kind), outcome)
    for change in outcome.planned:
        if isinstance(change, Delete):
            _take_away(place.store, change.child)
            outcome.deleted.append(change)


def _write(store: Store, make: Make, stamp: Stamp, rendering: Rendering, outcome: Outcome) -> None:
    """Put what was rendered, or a tombstone in its place: never both, and never neither."""
    key, was = make.child.key, make.child.state
    if isinstance(rendering, Picture):
        if isinstance(was, Entombed):
            store.delete([key.tombstone])  # first: where the run breaks off here, the next one finds the key empty
        store.put(key, make.transformation, stamp, rendering, is_new=isinstance(was, Missing))
        outcome.made.append(make)
    else:
        if isinstance(was, Missing | Entombed) or not isinstance(store.state(key.tombstone), Foreign):
            store.entomb(key.tombstone, stamp, rendering.reason)
        if not isinstance(was, Missing | Entombed):
            store.delete([key])
        outcome.entombed.append((make, rendering.reason))


def _refuse(store: Store, make: Make, reason: str, outcome: Outcome) -> None:
    """Leave nothing of a kind that the source is not; the source says so at first glance, so no tombstone needs to."""
    if not isinstance(make.child.state, Missing):
        _take_away(store, make.child)
        outcome.deleted.append(Delete(make.child, reason))
    outcome.unfit[make.transformation.name] = reason


def _take_away(store: Store, child: Child) -> None:
    there = [] if isinstance(child.state, Entombed) else [child.key]
    if not isinstance(store.state(child.key.tombstone), Missing | Foreign):
        there.append(child.key.tombstone)
    store.delete(there)


def _asked_for(makes: Iterable[Make], kind: Kind | None, task: Task) -> list[Make]:
    """Return what must be made or refused: a rule asks only for what fits, or has been there."""
    return [
        make
        for make in makes
        if make.transformation.kind == kind or not task.whole_family or not isinstance(make.child.state, Missing)
    ]


def _misfit(transformation: Transformation, kind: Kind | None) -> str:
    if kind is None:
        return "begins like no format that can be rendered: GET /formats lists them"
    return f"is of the kind {kind}, and {transformation.name} is for the kind {transformation.kind}"
