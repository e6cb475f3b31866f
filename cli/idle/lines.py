"""How what is done about instances is said: a line for each instance, and how many there are of each action."""

from collections.abc import Iterable

from cli.lines import Action, Line, show
from cli.screen import out


def of(region: str, action: Action, subject: str, because: str) -> Line:
    """Return the line of one instance, or of whatever else something is said of."""
    return Line(region, action, f"{action} {subject}", because, {"subject": subject})


def show_and_count(lines: Iterable[Line], actions: Iterable[Action], *, planned: bool, as_json: bool) -> None:
    """Print lines, and how many there are of some actions."""
    lines = list(lines)
    show(lines, as_json=as_json)
    if not as_json:
        said = ", ".join(f"{action} {sum(line.action == action for line in lines):,}" for action in actions)
        out.print(f"{'would ' if planned else ''}{said}", style="bold")
