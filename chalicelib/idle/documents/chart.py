"""The chart of one idle instance: a column for each day, CPU above and network below, against the preset's limits.

A day without data is a hatched gap, since it is not a zero; one beyond its limit ends at the top; today, which is not
over, is an outline. All this is paths of an SVG, by kind of column: a template gives them their colours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from chalicelib.idle.documents.wording import NO_DATA, cpu, load, traffic
from chalicelib.idle.model import Day, Usage, Window
from chalicelib.idle.rules import Limit, Rules

MOST_DAYS = 35  # whole days, the newest
LEFT, WIDTH, PANEL, BETWEEN = 50, 150, 24, 6  # in pixels
HEIGHT = 2 * PANEL + BETWEEN
HEADROOM = 1.5  # the top is at so many times the limit, so that the charts of all instances compare
FILLED = 0.7  # of a day's width
LOWEST = 1  # what is known can be seen, were it 0


class Column(StrEnum):
    """What a column says."""

    WITHIN = "within"
    BEYOND = "beyond"
    TODAY = "today"
    GAP = "gap"


@dataclass(frozen=True)
class Panel:
    """One of the chart's two parts; ``paths`` by kind of column, ``limit`` is at what height its line lies."""

    name: str
    top: int
    paths: dict[Column, str]
    limit: float | None

    @property
    def base(self) -> int:
        """Return where its columns stand."""
        return self.top + PANEL


@dataclass(frozen=True)
class Chart:
    """What is drawn, the same in words, and of each day its area and what it says."""

    panels: tuple[Panel, Panel]
    said: str
    days: tuple[tuple[str, str], ...]


def of(usage: Usage, window: Window, rules: Rules) -> Chart:
    """Draw the days of one instance, with those of which there is nothing."""
    days = _every_day(usage, window)
    panels = (
        _panel("CPU", 0, [day.cpu for day in days], rules.preset.cpu),
        _panel("network", PANEL + BETWEEN, [day.network for day in days], rules.preset.network),
    )
    areas = [_box(index / len(days), 1 / len(days), HEIGHT, HEIGHT) for index in range(len(days))]
    return Chart(panels, _in_words(days, rules), tuple(zip(areas, map(_said, days), strict=True)))


def _every_day(usage: Usage, window: Window) -> list[Day]:
    known = {day.day: day for day in usage}
    first = max(window.first, window.today - timedelta(days=MOST_DAYS))
    dates = (first + timedelta(days=index) for index in range((window.today - first).days + 1))
    return [known.get(each, Day(each)) for each in dates]


def _panel(name: str, top: int, values: Sequence[float | None], limit: Limit | None) -> Panel:
    highest = limit.value * HEADROOM if limit else max((value for value in values if value), default=0.0)
    highest = highest or 1.0  # nothing but 0 is within a limit of 0
    paths: dict[Column, str] = {}
    for kind, path in _columns(values, limit, highest, top + PANEL):
        paths[kind] = paths.get(kind, "") + path
    return Panel(name, top, paths, top + PANEL * (1 - limit.value / highest) if limit else None)


def _columns(
    values: Sequence[float | None], limit: Limit | None, highest: float, base: int
) -> Iterator[tuple[Column, str]]:
    wide = 1 / len(values)
    for index, value in enumerate(values):
        if value is None:
            yield Column.GAP, _box(index * wide, wide * FILLED, base, PANEL)
        else:
            high = max(LOWEST, PANEL * min(1.0, value / highest))
            yield _kind(value, limit, is_today=index == len(values) - 1), _box(index * wide, wide * FILLED, base, high)


def _kind(value: float, limit: Limit | None, *, is_today: bool) -> Column:
    if limit and not limit.admits(value):
        return Column.BEYOND
    return Column.TODAY if is_today else Column.WITHIN


def _box(left: float, wide: float, base: float, high: float) -> str:
    """Return the path of a box, ``left`` and ``wide`` as parts of the width."""
    across = _px(wide * WIDTH)
    return f"M{_px(LEFT + left * WIDTH)} {_px(base)}v-{_px(high)}h{across}v{_px(high)}h-{across}z"


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _said(day: Day) -> str:
    if day.cpu is None and day.network is None:
        return f"{day.day}: {NO_DATA}"
    return f"{day.day}: CPU {cpu(day.cpu)}, network {traffic(day.network)}"


def _in_words(days: Sequence[Day], rules: Rules) -> str:
    """Return what the chart shows, for those who do not see it."""
    whole = days[:-1]
    known = sum(day.cpu is not None for day in whole)
    cpus = [day.cpu for day in days if day.cpu is not None]
    networks = [day.network for day in days if day.network is not None]
    return (
        f"{len(whole)} days and today so far: {known} days have data; {load(rules)} {cpu(max(cpus, default=None))} and "
        f"network {traffic(max(networks, default=None))} a day at the most"
    )
