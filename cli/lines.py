"""How what is done looks on a terminal, and as JSON: one line for each thing, with its because."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from cli.screen import COLOURS, err, explained, out

type Action = Literal[
    "create", "copy", "delete", "keep", "flag", "un-flag", "stop", "start", "skip", "problem", "failed"
]
SIGNS: Mapping[Action, str] = {
    "create": "+",
    "copy": "+",
    "delete": "-",
    "keep": "=",
    "flag": "+",
    "un-flag": "-",
    "stop": "-",
    "start": "+",
    "skip": "!",
    "problem": "!",
    "failed": "!",
}


@dataclass(frozen=True)
class Line:
    """One thing that is done, left, or wrong; ``what`` is for people, and ``about`` for programs."""

    region: str
    action: Action
    what: str
    because: str
    about: Mapping[str, object]

    def show(self) -> None:
        """Print it, what is left or wrong on standard error."""
        sign = SIGNS[self.action]
        said = explained(f"{sign} {self.region}  {self.what}", COLOURS.get(sign, ""), self.because)
        (err if sign == "!" else out).print(said)

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {"region": self.region, "action": self.action, **self.about, "because": self.because}


def show(lines: Iterable[Line], *, as_json: bool) -> None:
    """Print lines."""
    if as_json:
        out.print_json(json.dumps([line.as_json() for line in lines]))
        return
    for line in lines:
        line.show()
