"""How changes of names, and what was left alone, look on a terminal, and as JSON."""

from rich.text import Text

from chalicelib.names.changes import Change, created, deleted, line
from chalicelib.names.job import Outcome
from cli.screen import COLOURS, err, explained, out


def show(view: str, outcome: Outcome, changes: list[Change], said: str) -> None:
    """Print changes, what was left alone, and a summary."""
    show_changes(changes)
    show_what_is_left(outcome)
    summarize(view, outcome, changes, said)


def show_changes(changes: list[Change]) -> None:
    """Print one readable line for each change, with its because."""
    for change in changes:
        text = line(change)
        out.print(explained(text, COLOURS[text[0]], change.because))


def show_what_is_left(outcome: Outcome) -> None:
    """Print what was left alone, not seen, or not done."""
    for problem in outcome.plan.problems:
        err.print(Text(f"! {problem.subject}: {problem.reason}", "yellow"))
    for place, reason in outcome.fleet.unread.items():
        err.print(Text(f"! {place} was not read, so nothing of it was judged: {reason}", "bold red"))
    for step, reason in outcome.postponed:
        err.print(Text(f"! {', '.join(sorted(step.instances))}: postponed: {reason}", "bold yellow"))
    for step, reason in outcome.refused:
        err.print(Text(f"! {', '.join(sorted(step.instances))}: Route 53 refused: {reason}", "bold red"))


def summarize(view: str, outcome: Outcome, changes: list[Change], said: str) -> None:
    """Print what all came to."""
    problems = outcome.plan.problems
    left = f", {_count(len(problems), 'thing')} left alone" if problems else ""
    out.print(f"{view}: {said} {_count(len(changes), 'name')} ({outcome.owned} owned now){left}", style="bold")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def as_json(view: str, change: Change) -> dict[str, object]:
    """Return a change as JSON values."""
    before, after = deleted(change), created(change)
    record = after or before
    assert record is not None  # noqa: S101  every change takes something out or puts something in
    return {
        "zone": view,
        "name": record.name,
        "type": record.type,
        "before": before and list(before.values),
        "after": after and list(after.values),
        "because": change.because,
    }
