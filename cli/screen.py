"""How outcomes look on a terminal, and as JSON."""

from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from chalicelib.names import batches, report
from chalicelib.names.job import Outcome
from chalicelib.names.model import Change

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)
COLOURS = {"+": "green", "~": "yellow", "-": "red"}


@dataclass(frozen=True)
class _Count:
    number: int
    noun: str

    def __str__(self) -> str:
        return f"{self.number} {self.noun}{'' if self.number == 1 else 's'}"


def show(view: str, outcome: Outcome, changes: list[Change], said: str) -> None:
    """Print one readable line for each change, then what was left alone, then a summary."""
    for change in changes:
        text = report.line(change)
        out.print(Text(text, COLOURS[text[0]]) + Text(f"  because {change.because}", "dim"))
    for problem in outcome.plan.problems:
        err.print(Text(f"! {problem.subject}: {problem.reason}", "yellow"))
    for place, reason in outcome.fleet.unread.items():
        err.print(Text(f"! {place} was not read, so nothing of it was judged: {reason}", "bold red"))
    for step, reason in outcome.postponed:
        err.print(Text(f"! {', '.join(sorted(step.instances))}: postponed: {reason}", "bold yellow"))
    for step, reason in outcome.refused:
        err.print(Text(f"! {', '.join(sorted(step.instances))}: Route 53 refused: {reason}", "bold red"))
    left = f", {_Count(len(outcome.plan.problems), 'thing')} left alone" if outcome.plan.problems else ""
    out.print(f"{view}: {said} {_Count(len(changes), 'name')} ({outcome.plan.owned} owned before){left}", style="bold")


def as_json(view: str, change: Change) -> dict[str, object]:
    """Return a change as JSON values."""
    before, after = batches.deleted(change), batches.created(change)
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
