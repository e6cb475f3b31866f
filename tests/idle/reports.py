"""Reports as they may come: small, large, empty, with a region that was not read, and with hostile names."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib.economics.prices import Origin
from chalicelib.idle.findings import Finding, Judgement, Report, Suggestion, Waste
from chalicelib.idle.model import SAMPLES_A_DAY, Day, Instance, Usage, Verdict
from chalicelib.idle.rules import Rules
from chalicelib.problem import Problem

NOW = datetime(2026, 11, 26, 6, tzinfo=UTC)
TODAY = NOW.date()
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
ACCOUNT, HERE, THERE = "123456789012", "eu-west-1", "us-east-1"
ORIGIN = Origin(date(2026, 11, 25), "AWS Price List API")
PACKAGED = Origin(date(2026, 10, 1), "the table of Groundskeeper 0.1.0")
ASSUMPTION = "Prices are on demand: where a Reserved Instance or a Savings Plan pays already, stopping saves nothing."
HOSTILE = (
    '<script>alert("1")</script>',
    "\"><img src=x onerror='alert(2)'>",
    "</style></title><svg onload=alert(3)>",
    "{{ 7 * 7 }}{% raw %}${8 * 8}",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe\N{POP DIRECTIONAL FORMATTING}",
    "bell\a, null\0, escape\x1b[31m, new\r\nline, \N{LINE SEPARATOR}and paragraph",
    "مرحبا بالعالم",
    "=cmd|' /C calc'!A0",
    "W" * 255,
    "&lt;not escaped twice&gt;",
)


def instance(number: int, name: str = "", type_: str = "m5.large", **said: Any) -> Instance:
    """Make an instance by a number that is its id."""
    tags = {"Name": name} if name else {}
    return Instance(f"i-{number:017x}", type_, LONG_AGO, LONG_AGO, tags=tags, **said)


def usage(number: int = 0, days: int = 14, gaps: Iterable[int] = ()) -> Usage:
    """Make quiet days, today as the last; ``gaps`` are those without data, by how many days ago they are."""
    missing = {TODAY - timedelta(days=ago) for ago in gaps}
    dates = [TODAY - timedelta(days=ago) for ago in range(days, -1, -1)]
    return tuple(Day(day) if day in missing else _quiet(day, number) for day in dates)


def _quiet(day: date, number: int) -> Day:
    cpu = 0.4 + (number * 7 + day.day * 13) % 40 / 10
    samples = SAMPLES_A_DAY / 4 if day == TODAY else SAMPLES_A_DAY
    return Day(day, cpu, samples, network=(number * 11 + day.day * 17) % 45 * 1e5)


def idle(number: int, owner: str = "platform", *, region: str = HERE, name: str = "", **said: Any) -> Finding:
    """Make a finding of an idle instance, which wastes the more the lower its number."""
    days = said.pop("usage", usage(number))
    judgement = Judgement(
        instance(number, name or f"worker-{number}", **said.pop("instance", {})),
        Verdict.IDLE,
        "peak CPU 4.3 % at the most and network 4.4 MB a day at the most on all 14 days, and today",
        coverage=said.pop("coverage", 99.6),
        cpu=max((day.cpu for day in days if day.cpu is not None), default=None),
        network=max((day.network for day in days if day.network is not None), default=None),
        idle_since=TODAY - timedelta(days=14),
        usage=days,
        caveats=said.pop("caveats", ()),
    )
    gross = 80.3 + 400 / (1 + number)
    waste = Waste(gross, 12.4, (gross - 12.4) * 14 / 30)
    finding = Finding(region, owner, judgement, waste, TODAY, None, "nothing: its people have not agreed to parking")
    return replace(finding, **said)


def other(number: int, verdict: Verdict, because: str, *, region: str = HERE, **said: Any) -> Finding:
    """Make a finding of an instance that is not idle."""
    coverage = said.pop("coverage", None)
    judgement = Judgement(instance(number, f"server-{number}"), verdict, because, coverage)
    return replace(Finding(region, "web", judgement), **said)


def report(*findings: Finding, **said: Any) -> Report:
    """Make a report of findings."""
    regions = sorted({each.region for each in findings})
    known = {"assumption": ASSUMPTION, "origins": dict.fromkeys(regions, ORIGIN)}
    return Report(NOW, ACCOUNT, said.pop("rules", Rules()), findings, **(known | said))


UNPRICED = Waste(None, 9.6, unpriced=("u7i-12tb.224xlarge (Linux/UNIX)",))
OFFICE_HOURS = Suggestion(
    "mon-fri 08:00-19:00 Europe/Berlin", "it was busy between 08:00 and 19:00 on weekdays alone", 113.0, 46.97
)


def small() -> Report:
    """Make a report of a small fleet, in which there is some of everything."""
    told = TODAY - timedelta(days=3)
    return report(
        idle(1, name="build-agent", flagged=told, noticed=told, next_step="it is stopped on 2026-11-30, unless busy"),
        idle(
            2, "data", name="training", caveats=("it has a GPU, of which CPU says little",), usage=usage(2, gaps=[5, 6])
        ),
        idle(3, "data", region=THERE, waste=UNPRICED, instance={"type_": "u7i-12tb.224xlarge"}),
        other(
            4, Verdict.ACTIVE, "peak CPU 83.0 % on 2026-11-26 (today), and on 10 other days", suggestion=OFFICE_HOURS
        ),
        other(5, Verdict.INSUFFICIENT_DATA, "CloudWatch has 41 % of the data, and 70 % are wanted", coverage=41.3),
        other(6, Verdict.TOO_YOUNG, "it is 3 days old, and is judged from 14 days on"),
        other(7, Verdict.EXEMPT, "its tag groundskeeper:idle says keep", region=THERE),
        origins={HERE: ORIGIN, THERE: PACKAGED},
        problems=(Problem("i-00000000000000009", "its tag groundskeeper:idle is 'kepe', and wants keep or park"),),
    )


def large(count: int = 1_000) -> Report:
    """Make a report of many instances, three in ten of which are idle, of 37 owners."""
    return report(*(_of_many(number) for number in range(count)))


def _of_many(number: int) -> Finding:
    match number % 10:
        case 0 | 1 | 2:
            return idle(number, f"team-{number % 37}", region=HERE if number % 3 else THERE)
        case 3:
            return other(
                number, Verdict.EXEMPT, "it belongs to an Auto Scaling group, by its tag aws:autoscaling:groupName"
            )
        case 4:
            return other(number, Verdict.INSUFFICIENT_DATA, "CloudWatch has nothing of it in 14 days", coverage=0.0)
        case 5:
            return other(number, Verdict.TOO_YOUNG, "it is 2 days old, and is judged from 14 days on")
        case _:
            return other(number, Verdict.ACTIVE, "peak CPU 61.0 % on 2026-11-25, and on 13 other days")


def empty() -> Report:
    """Make a report of an account in which nothing runs."""
    return report(origins={HERE: ORIGIN})


def unread() -> Report:
    """Make a report in which one region was not read."""
    denied = "AccessDenied: User is not authorized to perform ec2:DescribeInstances with an explicit deny"
    return replace(small(), errors={"ap-southeast-1": denied, "me-south-1": "it did not answer in 60 seconds"})


def hostile() -> Report:
    """Make a report of which every text that others may write is an attack."""
    texts = [f"{text}" for text in HOSTILE]
    found = [
        idle(number, text, name=text, next_step=text, caveats=(text,), waste=Waste(50.0, 1.0, 2.0, (text,)))
        for number, text in enumerate(texts)
    ]
    kept = [other(100 + number, Verdict.EXEMPT, text, owner=text) for number, text in enumerate(texts)]
    return report(
        *(
            replace(each, judgement=replace(each.judgement, because=text))
            for each, text in zip(found, texts, strict=True)
        ),
        *kept,
        errors={THERE: texts[1]},
        problems=tuple(Problem(text, text) for text in texts),
    )
