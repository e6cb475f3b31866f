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
from chalicelib.economics.prices import Origin
from chalicelib.errors import BadRequest
from cli.costs import charts
from cli.screen import err, out

NO_PRICE = "no price"


def show(answer: Answer, *, as_json: bool, png: Path | None) -> None:
    """Print an answer with its chart, or as JSON; draw the chart into a file too, if there is to be one."""
    if as_json:
        out.print_json(json.dumps(values(answer)))
    else:
        _print(answer, Console(highlight=False))
    if png:
        _draw(answer, png)


def values(answer: Answer) -> dict[str, object]:
    """Return an answer as JSON values; what has no price is null."""
    return {
        **asdict(answer),
        "origin": [{"day": str(each.day), "source": each.source} for each in origins(answer.origin)],
    }


def origins(origin: Origin) -> Iterable[Origin]:
    """Yield an origin, and those of the rest, one after the other."""
    found: Origin | None = origin
    while found:
        yield found
        found = found.rest


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


def _print(answer: Answer, console: Console) -> None:
    console.print(Text(answer.title, "bold"))
    console.print(_table(answer.inputs, "dim"))
    console.print()
    console.print(_table(answer.results, ""))
    console.print()
    console.print(Text(answer.because, "bold green"))
    console.print()
    out.print(Text(charts.draw(answer.series, console.width)))
    console.print()
    for note in (*answer.notes, f"Prices: {answer.origin}."):
        console.print(Padding(Text(note, "dim"), (0, 0, 0, 2), expand=False))


def _table(lines: Iterable[Line], style: str) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, style=style)
    table.add_column()
    table.add_column()
    for line in lines:
        table.add_row(f"  {line.name}", Text(said(line), "yellow" if line.value is None else ""))
    return table
