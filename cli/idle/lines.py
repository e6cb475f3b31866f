"""How what is done about instances looks on a terminal, and as JSON: one line for each thing, with its because."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from rich.text import Text

from cli.screen import COLOURS, err, out

SIGNS = {"flag": "+", "un-flag": "-", "stop": "-", "start": "+", "skip": "!", "failed": "!", "problem": "!"}


@dataclass(frozen=True)
class Line:
    """One thing that is done, left, or wrong; ``action`` is one of SIGNS."""

    region: str
    action: str
    subject: str
    because: str

    def show(self) -> None:
        """Print it, what is left or wrong on standard error."""
        sign = SIGNS[self.action]
        text = Text(f"{sign} {self.region}  {self.action} {self.subject}", COLOURS.get(sign, "yellow"))
        (err if sign == "!" else out).print(text + Text(f"  because {self.because}", "dim"))


def show(lines: Iterable[Line], actions: Iterable[str], *, planned: bool, as_json: bool) -> None:
    """Print lines, and how many there are of some actions."""
    lines = list(lines)
    if as_json:
        out.print_json(json.dumps([asdict(line) for line in lines]))
        return
    for line in lines:
        line.show()
    said = ", ".join(f"{action} {sum(line.action == action for line in lines):,}" for action in actions)
    out.print(f"{'would ' if planned else ''}{said}", style="bold")
