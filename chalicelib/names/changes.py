"""What is done to a zone: changes, steps that land together, plans of steps; and how each change is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from chalicelib.names.model import RecordSet


@dataclass(frozen=True, slots=True)
class Add:
    """Create a record set where there is none."""

    record: RecordSet
    because: str


@dataclass(frozen=True, slots=True)
class Repoint:
    """Put one record set in the place of another of the same name and type."""

    held: RecordSet
    record: RecordSet
    because: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete a record set.

    ``down`` when its instance was seen down, and is not merely missing or unwilling; ``passes`` when the name itself
    stays, with records of another type or with another instance.
    """

    held: RecordSet
    because: str
    down: bool = False
    passes: bool = False


type Change = Add | Repoint | Remove


@dataclass(frozen=True, slots=True)
class Step:
    """Changes that land together or not at all, and the instances that they are about.

    A step that makes room takes names away that others are to have, because no batch could carry both.
    """

    instances: frozenset[str]
    changes: tuple[Change, ...]
    makes_room: bool = False


@dataclass(frozen=True)
class Problem:
    """Something that was left as it is, and why."""

    subject: str
    reason: str
    kind: Literal["name", "address", "foreign", "contested", "mark", "outside"] = "name"


@dataclass(frozen=True)
class Plan:
    """What is to be done in one zone, what was left undone, and how many names are owned and desired.

    A partial plan makes room for what another plan can do after it.
    """

    steps: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()
    owned: int = 0
    desired: int = 0
    is_partial: bool = False

    @property
    def changes(self) -> list[Change]:
        """Return every change in the order in which it will be sent."""
        return [change for step in self.steps for change in step.changes]


def deleted(change: Change) -> RecordSet | None:
    """Return the record set that a change takes out of the zone."""
    match change:
        case Remove(held=held) | Repoint(held=held):
            return held
        case Add():
            return None


def created(change: Change) -> RecordSet | None:
    """Return the record set that a change brings into the zone."""
    match change:
        case Add(record=record) | Repoint(record=record):
            return record
        case Remove():
            return None


def touched(change: Change) -> list[RecordSet]:
    """Return the record sets that a change sends, each of them one change token."""
    return [record for record in (deleted(change), created(change)) if record]


def line(change: Change) -> str:
    """Return a change in one line, as an operator would write it down."""
    match change:
        case Add(record=record):
            return f"+ {record.name} {record.type} {' '.join(record.values)}"
        case Repoint(held=held, record=record):
            return f"~ {record.name} {record.type} {' '.join(held.values)} -> {' '.join(record.values)}"
        case Remove(held=held):
            return f"- {held.name} {held.type} {' '.join(held.values)}"


def names_only(steps: Iterable[Step]) -> list[Change]:
    """Return the changes to names, without those to the marks that go with them."""
    return [change for step in steps for change in step.changes if not is_mark(change)]


def is_mark(change: Change) -> bool:
    """Say whether a change is to an ownership mark: names are never TXT."""
    return (change.held if isinstance(change, Remove) else change.record).type == "TXT"


def is_of_the_dead(step: Step) -> bool:
    """Say whether a step does nothing but take names from instances that were seen down."""
    return all(isinstance(change, Remove) and change.down for change in step.changes)


def lost_names(changes: Iterable[Change]) -> set[str]:
    """Return the names that go because something is missing or no longer asked for, and that nothing takes over."""
    removals = (change for change in changes if isinstance(change, Remove) and not is_mark(change))
    return {removal.held.name for removal in removals if not (removal.down or removal.passes)}
