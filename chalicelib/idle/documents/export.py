"""The report for programs: JSON and CSV, of the same fields, whose names do not change.

USD amounts are a month's but for ``since_idle_usd``; percentages are 0 to 100; network is in bytes a day; days are ISO
8601, in UTC. What is not known is null in JSON, and an empty cell in CSV. Nothing is rounded.
"""

import csv
import io
from collections.abc import Callable, Mapping
from datetime import date

from chalicelib.idle.documents import totals
from chalicelib.idle.findings import Finding, OwnerTotal, Report, Stopped
from chalicelib.idle.model import Usage
from chalicelib.idle.rules import Limit, Rules

type Value = str | float | list[str] | None

FIELDS: Mapping[str, Callable[[Finding], Value]] = {
    "region": lambda found: found.region,
    "instance": lambda found: found.judgement.instance.id,
    "name": lambda found: found.judgement.instance.name,
    "type": lambda found: found.judgement.instance.type,
    "platform": lambda found: found.judgement.instance.platform,
    "owner": lambda found: found.owner,
    "verdict": lambda found: str(found.judgement.verdict),
    "because": lambda found: found.judgement.because,
    "coverage_percent": lambda found: found.judgement.coverage,
    "cpu_percent": lambda found: found.judgement.cpu,  # the highest of the window, by the preset's statistic
    "network_bytes_a_day": lambda found: found.judgement.network,  # the highest of the window
    "idle_since": lambda found: _day(found.judgement.idle_since),
    "gross_usd_a_month": lambda found: found.waste.gross if found.waste else None,
    "remains_usd_a_month": lambda found: found.waste.remains if found.waste else None,
    "net_usd_a_month": lambda found: found.waste.net if found.waste else None,
    "since_idle_usd": lambda found: found.waste.since_idle if found.waste else None,
    "unpriced": lambda found: list(found.waste.unpriced) if found.waste else [],
    "flagged": lambda found: _day(found.flagged),
    "noticed": lambda found: _day(found.noticed),
    "next_step": lambda found: found.next_step,
    "caveats": lambda found: list(found.judgement.caveats),
    "running_hours": lambda found: found.suggestion.hours if found.suggestion else None,
    "running_hours_because": lambda found: found.suggestion.because if found.suggestion else None,
    "running_hours_net_usd_a_month": lambda found: found.suggestion.net if found.suggestion else None,
}
# What a spreadsheet may take for the begin of a formula: https://owasp.org/www-community/attacks/CSV_Injection
FORMULAS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  the full-width ones, too


def as_json(report: Report) -> dict[str, object]:
    """Return the report as JSON values; ``instances`` have the fields of CSV, and their ``days``."""
    return {
        "at": report.at.isoformat(),
        "account": report.account,
        "rules": _rules(report.rules),
        "totals": _totals(report),
        "owners": [_owner(total) for total in report.owners],
        "instances": [_fields(found) | {"days": _days(found.judgement.usage)} for found in report.findings],
        "stopped": [_stopped(each) for each in report.stopped],
        "errors": dict(report.errors),
        "problems": [{"subject": problem.subject, "reason": problem.reason} for problem in report.problems],
        "assumption": report.assumption,
        "prices": {region: origin.as_json() for region, origin in report.origins.items()},
    }


def as_csv(report: Report) -> str:
    """Return a header, and a line for each instance: https://www.rfc-editor.org/rfc/rfc4180.

    Lists are joined by ``; ``. A text that a spreadsheet might take for a formula has an apostrophe put before it.
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(FIELDS)
    lines.writerows([_cell(value) for value in _fields(found).values()] for found in report.findings)
    return text.getvalue()


def _fields(found: Finding) -> dict[str, object]:
    return {name: field(found) for name, field in FIELDS.items()}


def _cell(value: object) -> object:
    text = "; ".join(value) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULAS) else text


def _totals(report: Report) -> dict[str, object]:
    total = totals.of(report)
    return {
        "instances": total.instances,
        "idle": total.idle,
        "verdicts": {str(verdict): count for verdict, count in report.counts.items()},
        "net_usd_a_month": total.net,
        "since_idle_usd": total.since_idle,
        "unpriced": total.unpriced,
    }


def _owner(total: OwnerTotal) -> dict[str, object]:
    return {
        "owner": total.owner,
        "instances": total.instances,
        "net_usd_a_month": None if total.unpriced == total.instances else total.net,
        "unpriced": total.unpriced,
    }


def _stopped(found: Stopped) -> dict[str, object]:
    instance = found.instance
    said = {"region": found.region, "instance": instance.id, "name": instance.name}
    return {**said, "type": instance.type, "owner": found.owner, "on": found.on.isoformat()}


def _days(usage: Usage) -> list[dict[str, object]]:
    return [
        {"day": day.day.isoformat(), "cpu_percent": day.cpu, "network_bytes": day.network, "samples": day.samples}
        for day in usage
    ]


def _rules(rules: Rules) -> dict[str, object]:
    preset = rules.preset
    return {
        "preset": preset.name,
        "statistic": str(preset.statistic),
        "cpu_percent": _limit(preset.cpu),
        "network_bytes_a_day": _limit(preset.network) if preset.network else None,
        "days": preset.days,
        "idle_days": preset.idle_days,
        "coverage_percent": rules.coverage,
        "youngest_days": rules.youngest,
        "grace_days": rules.grace,
        "zone": rules.zone.key,
        "exempt_tags": sorted(rules.exempt_tags),
    }


def _limit(limit: Limit) -> dict[str, object]:
    return {"limit": limit.value, "is_included": limit.is_included}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
