"""A series as a picture: a PNG for documents and slides."""

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.economics.answers import Answer, BreakEven
from cli.costs.charts import number, rounded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCHES, DOTS = (9.0, 5.4), 150  # width and height; an inch
STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
_ROOM = 1.12  # above the highest line
_MARGIN = 0.12  # inches


def draw(answer: Answer, file: Path) -> None:
    """Draw an answer's series into a PNG file."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=INCHES, dpi=DOTS, layout=ConstrainedLayoutEngine(h_pad=_MARGIN, w_pad=_MARGIN))
    axes = figure.add_subplot()
    _lines(axes, answer)
    if answer.series.break_even:
        _mark(axes, answer.series.break_even)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False)
    figure.suptitle(_literal(answer.title), fontweight="bold")
    figure.supxlabel(_literal(f"Prices: {answer.origin}"), fontsize=7, color="0.35", wrap=True)
    figure.savefig(file, format="png")


def _literal(text: str) -> str:
    """Return a text that is drawn as it is, though it may look like a formula between dollars.

    ``parse_math=False`` does not do: where lines are wrapped they are measured as formulas all the same.
    """
    return text.replace("$", r"\$")


def _lines(axes: "Axes", answer: Answer) -> None:
    series = answer.series
    for (name, line), style in zip(series.alternatives.items(), cycle(STYLES), strict=False):
        axes.plot(series.x, line, label=_literal(name), linestyle=style, linewidth=2)
    axes.set_xlabel(_literal(series.x_name))
    axes.set_ylabel(_literal(series.y_name))
    axes.set_xlim(series.x[0], series.x[-1])
    axes.set_ylim(0, max(1e-6, max(max(line) for line in series.alternatives.values()) * _ROOM))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: number(value))
    axes.grid(visible=True, color="0.9")
    axes.spines[["top", "right"]].set_visible(False)


def _mark(axes: "Axes", met: BreakEven) -> None:
    axes.axvline(met.x, color="0.6", linewidth=1, linestyle=(0, (2, 2)), zorder=0)
    axes.plot([met.x], [met.y], marker="o", color="black", markersize=7, zorder=5)
    is_left = met.x < sum(axes.get_xlim()) / 2
    axes.annotate(
        f"break-even: {rounded(met.x)}",
        (met.x, axes.get_ylim()[1]),
        (4 if is_left else -4, -4),
        textcoords="offset points",
        ha="left" if is_left else "right",
        va="top",
        color="0.2",
    )
