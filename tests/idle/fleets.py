"""Instances and their days, as tests want them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from chalicelib.idle.findings import Judgement
from chalicelib.idle.judging import judge
from chalicelib.idle.model import SAMPLES_A_DAY, Day, Instance, Usage, Window
from chalicelib.idle.rules import MB, Rules

NOW = datetime(2026, 11, 26, 6, 12, tzinfo=UTC)
TODAY = NOW.date()
ID = "i-0123456789abcdef0"
OLD = NOW - timedelta(days=100)


def instance(id_: str = ID, tags: Mapping[str, str] | None = None, **more: object) -> Instance:
    return replace(Instance(id_, "m5.large", OLD, OLD, tags=tags or {}), **more)  # type: ignore[arg-type]


def day(ago: int, cpu: float | None = 1.0, mb: float | None = 0.5, samples: float = SAMPLES_A_DAY) -> Day:
    """Return a day so many days ago; today is 0."""
    return Day(TODAY - timedelta(days=ago), cpu, samples, None if mb is None else mb * MB)


def quiet(days: int = 14, cpu: float = 1.0, mb: float = 0.5) -> Usage:
    """Return whole quiet days, and today as far as it has gone."""
    return usage([day(ago, cpu, mb) for ago in range(1, days + 1)] + [day(0, cpu, mb, samples=372)])


def usage(days: Iterable[Day]) -> Usage:
    return tuple(sorted(days, key=lambda each: each.day))


def but(days: Usage, *others: Day) -> Usage:
    """Return days with others in the place of some of them."""
    return usage({each.day: each for each in (*days, *others)}.values())


def without(days: Usage, *ago: int) -> Usage:
    """Return days without some."""
    gone = {TODAY - timedelta(days=each) for each in ago}
    return tuple(each for each in days if each.day not in gone)


def judged(days: Usage, rules: Rules | None = None, seen: Instance | None = None, now: datetime = NOW) -> Judgement:
    rules = rules or Rules()
    return judge(seen or instance(), days, Window(now, rules.preset.days), rules)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)
