"""One figure of a benchmark beside its reference, and how all of them are shown and kept."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

LATEST = Path(__file__).parent / "results" / "latest.json"


@dataclass(frozen=True, slots=True)
class Result:
    """A value with its unit, and the reference that it is held against; the ratio is value / reference."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float

    @property
    def ratio(self) -> float | None:
        """Return how many times the reference the value is; nothing where the reference is 0."""
        return round(self.value / self.reference_value, 3) if self.reference_value else None


def keep(results: Iterable[Result], path: Path = LATEST) -> None:
    """Write the results as a JSON list."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([{**asdict(r), "ratio": r.ratio} for r in results], indent=2) + "\n")


def show(results: Iterable[Result]) -> None:
    """Print the results as a table."""
    table = Table("benchmark", "value", "unit", "reference", "its value", "ratio", title="Benchmarks")
    for r in results:
        table.add_row(
            r.name,
            f"{r.value:,.4g}",
            r.unit,
            r.reference,
            f"{r.reference_value:,.4g}",
            "-" if r.ratio is None else f"{r.ratio:.2f}",
        )
    Console(width=140).print(table)
