"""A series as a chart of characters: each alternative has a letter of its own, so that no colour is needed."""

import math
from string import ascii_lowercase
from textwrap import wrap
from typing import Any

from chalicelib.economics.answers import Series

HEIGHT, WIDEST = 18, 100  # characters
MEETING = "X"
_LEAST = 1e-12  # from one tick to the next; no amount is as small
_FEWEST, _ROOM = 2, 12  # ticks; characters that one of them takes


def draw(series: Series, width: int) -> str:
    """Return the chart, ``width`` characters wide at the most, with a line for each letter below it."""
    from plotext import figure  # type: ignore[import-untyped]

    width = min(width, WIDEST)
    figure.clear()
    figure.plot_size(width, HEIGHT)
    figure.theme("colorless")
    for letter, line in zip(ascii_lowercase, series.alternatives.values(), strict=False):
        figure.draw(figure.signal(list(series.x), list(line), marker=letter).lines())
    if series.break_even:
        figure.draw(figure.signal([series.break_even.x], [series.break_even.y], marker=MEETING))
    top = max(max(line) for line in series.alternatives.values())
    _rule(figure.ruler("x"), series.x[0], series.x[-1], max(_FEWEST, width // _ROOM))
    _rule(figure.ruler("y"), 0.0, top, HEIGHT // 4)
    rows = figure.build().string(colorless=True).rstrip("\n").split("\n")
    return "\n".join([series.y_name, *(row.rstrip() for row in rows), *_legend(series, width)])


def ticks(start: float, end: float, most: int) -> list[float]:
    """Return round numbers from ``start`` to ``end``, at most so many steps apart."""
    rough = (end - start) / most
    if rough < _LEAST:
        return [start]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999_999)
    first = math.ceil(start / step - 1e-9)
    return [n * step for n in range(first, math.floor(end / step + 1e-9) + 1)]


def number(value: float) -> str:
    """Return a number as an axis says it."""
    return f"{value:,.6g}" if abs(value) < 1_000_000 else f"{value / 1_000_000:,.6g}M"


def rounded(value: float) -> str:
    """Return a number in four digits."""
    return number(float(f"{value:.4g}"))


def _rule(ruler: Any, start: float, end: float, most: int) -> None:
    ruler.lim(start, end if end > start else start + 1)
    at = ticks(start, end, most)
    ruler.ticks(at, [number(each) for each in at])


def _legend(series: Series, width: int) -> list[str]:
    lines = [series.x_name.rjust(width), ""]
    letters = dict(zip(series.alternatives, ascii_lowercase, strict=False))
    lines += [f"  {letter}  {name}" for name, letter in letters.items()]
    if met := series.break_even:
        between = " and ".join(letters[name] for name in met.between)
        lines.append(f"  {MEETING}  break-even of {between} at {rounded(met.x)} {series.x_name}")
    return [row for line in lines for row in wrap(line, width, subsequent_indent=" " * 5) or [""]]
