"""How answers look on a terminal, and as JSON."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chalicelib.economics.answers import Answer, Line, rate, usd
from chalicelib.errors import BadRequest
from cli.costs import charts
from cli.screen import console, err, out

NO_PRICE = "no price"


def show(answer: Answer, *, as_json: bool, png: Path | None) -> None:
    """Print an answer with its chart, or as JSON; draw the chart into a file too, if there is to be one."""
    if as_json:
        out.print_json(json.dumps(values(answer)))
    else:
        _print(answer, console())
    if png:
        _draw(answer, png)


def values(answer: Answer) -> dict[str, object]:
    """Return an answer as JSON values; what has no price is null."""
    return {**asdict(answer), "origin": answer.origin.as_json()}


def said(line: Line) -> str:
    """Return a line's value for people."""
    number, unit = line.value, line.unit
    if number is None:
        return NO_PRICE
    if isinstance(number, str):
        return number
    if unit.startswith("USD"):
        return (usd(number) if unit == "USD a month" else rate(number)) + unit.removeprefix("USD")
    return f"{number:,.{_digits(number)}f} {unit}".rstrip()


def _digits(number: float) -> int:
    """Return how many decimals are worth saying."""
    if number == int(number) or abs(number) >= 1_000:
        return 0
    return 1 if abs(number) >= 10 else 2


def _draw(answer: Answer, png: Path) -> None:
    from cli.costs import drawing

    try:
        drawing.draw(answer, png)
    except OSError as error:
        raise BadRequest(f"--png: {png} cannot be written: {error.strerror}") from error
    err.print(f"drawn: {png}", style="bold")


def _print(answer: Answer, wrapped: Console) -> None:
    wrapped.print(Text(answer.title, "bold"))
    wrapped.print(_table(answer.inputs, "dim"))
    wrapped.print()
    wrapped.print(_table(answer.results, ""))
    wrapped.print()
    wrapped.print(Text(answer.because, "bold green"))
    wrapped.print()
    out.print(Text(charts.draw(answer.series, wrapped.width)))
    wrapped.print()
    for note in (*answer.notes, f"Prices: {answer.origin}."):
        wrapped.print(Padding(Text(note, "dim"), (0, 0, 0, 2), expand=False))


def _table(lines: Iterable[Line], style: str) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, style=style)
    table.add_column()
    table.add_column()
    for line in lines:
        table.add_row(f"  {line.name}", Text(said(line), "yellow" if line.value is None else ""))
    return table
