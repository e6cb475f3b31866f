"""The report as a page: one HTML document that needs nothing else, runs no script, and is bounded in size."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.economics.prices import HOURS_A_MONTH
from chalicelib.idle.documents import chart, totals, wording
from chalicelib.idle.findings import Finding, Report
from chalicelib.idle.marks import KEEP, PARK
from chalicelib.idle.model import WISH, Verdict, Window

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"
# What keeps a page below 2 MB, whatever people call their instances.
MOST_IDLE, MOST_OWNERS, MOST_SUGGESTED, MOST_OTHERS, MOST_LINES = 200, 12, 50, 50, 40
OTHERS = (Verdict.INSUFFICIENT_DATA, Verdict.EXEMPT, Verdict.TOO_YOUNG, Verdict.ACTIVE)


@dataclass(frozen=True)
class Some[T]:
    """The first of many."""

    shown: tuple[T, ...]
    left_out: int


@dataclass(frozen=True)
class Bar:
    """A bar: ``length`` is 0 to 1, and None where it is not known."""

    label: str
    said: str
    length: float | None


def render(report: Report) -> str:
    """Return the page; of what is too much for it the first, and how many are left out."""
    idle = first(report.idle, MOST_IDLE)
    window = Window(report.at, report.rules.preset.days)
    return _template().render(
        report=report,
        at=report.at.astimezone(UTC),
        total=totals.of(report),
        regions=_regions_read(report),
        errors=first(report.errors.items(), MOST_LINES),
        problems=first(report.problems, MOST_LINES),
        origins=first(wording.by_origin(report.origins).items(), MOST_LINES),
        unpriced_regions=sorted({each.region for each in report.findings} - set(report.origins)),
        owners=first(_owners(report), MOST_OWNERS),
        verdicts=_verdicts(report),
        idle=idle,
        charts=[chart.of(each.judgement.usage, window, report.rules) for each in idle.shown],
        suggested=first(_suggested(report), MOST_SUGGESTED),
        others=_others(report),
    )


def first[T](many: Iterable[T], most: int) -> Some[T]:
    """Return so many of many at the most."""
    every = tuple(many)
    return Some(every[:most], max(0, len(every) - most))


def _regions_read(report: Report) -> list[str]:
    return sorted(({each.region for each in report.findings} | set(report.origins)) - set(report.errors))


def _owners(report: Report) -> list[Bar]:
    most = max((total.net for total in report.owners), default=0.0)
    return [
        Bar(
            total.owner,
            f"{wording.owners_waste(total)} ({wording.number(total.instances, 'instance')})",
            None if total.unpriced == total.instances else _part(total.net, most),
        )
        for total in report.owners
    ]


def _verdicts(report: Report) -> list[Bar]:
    return [
        Bar(str(verdict), f"{count:,} ({part:.0f} %)", part / 100)
        for verdict, count in report.counts.items()
        for part in [100 * _part(count, len(report.findings))]
    ]


def _part(amount: float, whole: float) -> float:
    return max(0.0, amount / whole) if whole > 0 else 0.0


def _suggested(report: Report) -> list[Finding]:
    """Return those of which running hours are suggested, those that would save most first."""
    found = [(each.suggestion.net or 0.0, each) for each in report.findings if each.suggestion]
    return [each for _, each in sorted(found, key=lambda pair: -pair[0])]


def _others(report: Report) -> list[tuple[Verdict, Some[Finding]]]:
    by_verdict: dict[Verdict, list[Finding]] = {verdict: [] for verdict in OTHERS}
    for each in report.findings:
        if not each.is_idle:
            by_verdict[each.judgement.verdict].append(each)
    return [(verdict, first(some, MOST_OTHERS)) for verdict, some in by_verdict.items() if some]


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {
        "money": wording.money,
        "cpu": wording.cpu,
        "coverage": wording.coverage,
        "traffic": wording.traffic,
        "number": wording.number,
        "line": wording.line,
        "capitalize_first": _capitalize_first,
    }
    environment.globals |= {
        "geometry": chart,
        "idle_means": wording.idle_means,
        "load": wording.load,
        "hours_a_month": HOURS_A_MONTH,
        "wish": WISH,
        "keep": KEEP,
        "park": PARK,
    }
    return environment.get_template("page.html.j2")


def _capitalize_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shown(value: object) -> object:
    """Return what is written for a value: text only with what can be seen, and nothing by mistake."""
    from markupsafe import Markup

    return wording.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
