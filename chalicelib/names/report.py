"""How changes are told to people: in logs, in the dry run, in metrics."""

from collections.abc import Iterable

from chalicelib.names.job import Outcome
from chalicelib.names.model import Add, Change, Remove, Repoint, Step


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


def unverified(outcome: Outcome) -> int:
    """Return how many owned names may be stale: nobody could look at their instance, or a removal did not land."""
    outside = sum(problem.kind == "outside" for problem in outcome.plan.problems)
    undone = [step for step, _ in (*outcome.refused, *outcome.postponed)]
    return outside + sum(isinstance(change, Remove) for change in names_only(undone))
