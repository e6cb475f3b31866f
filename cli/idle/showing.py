"""`idle`: which instances do nothing, what they waste, and what happens if nobody objects."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from chalicelib.errors import BadRequest
from chalicelib.idle.documents import export, page, totals
from chalicelib.idle.documents.wording import by_origin, coverage, cpu, idle_means, line, money, number, traffic
from chalicelib.idle.findings import Finding, Report
from chalicelib.idle.model import Verdict
from cli import screen, times
from cli.idle import reach
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import err, finish, out
from cli.times import At

LONGEST_NAME = 24
STYLES = {Verdict.IDLE: "bold yellow", Verdict.INSUFFICIENT_DATA: "cyan", Verdict.ACTIVE: "green"}
ORDER = (Verdict.IDLE, Verdict.INSUFFICIENT_DATA, Verdict.TOO_YOUNG, Verdict.EXEMPT, Verdict.ACTIVE)
FEWER = (Verdict.IDLE, Verdict.INSUFFICIENT_DATA)


def show(
    context: typer.Context,
    at: At = None,
    all_: Annotated[bool, typer.Option("--all", help="Active, exempt and too young instances, too.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the report as a page to this file.", dir_okay=False)] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, of all instances.")] = False,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Judge all running instances now, and change nothing."""
    if context.invoked_subcommand:
        return
    if as_csv and as_json:
        raise BadRequest("give one of --csv and --json")
    with reach.idle(stack, local, region, profile, "judging") as found:
        judged = times.as_if(found, at).preview()
    report = judged.report
    if as_csv:
        sys.stdout.write(export.as_csv(report))
    elif as_json:
        out.print_json(json.dumps(export.as_json(report)))
    else:
        show_report(report, all_=all_)
    for hint in judged.hints:
        err.print(Text(f"! {hint.subject}: {hint.reason}", "bold yellow"))
    if html:
        _write(html, page.render(report))
    finish(judged.errors, is_good=True)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadRequest(f"--html: {file} cannot be written: {error.strerror}") from error
    err.print(f"report written to {file}")


def show_report(report: Report, *, all_: bool) -> None:
    """Print the table, what may be known besides, and what it all comes to."""
    chosen = [each for each in report.findings if all_ or each.judgement.verdict in FEWER]
    if chosen:
        screen.show_whole(_table(sorted(chosen, key=_order)))
    for each in sorted(chosen, key=_order):
        _explain(each)
    for problem in report.problems:
        err.print(Text(f"! {problem.subject}: {problem.reason}", "yellow"))
    _suggest(report)
    _sum_up(report, all_=all_)


def _order(finding: Finding) -> tuple[int, float, str, str]:
    verdict = finding.judgement.verdict
    return ORDER.index(verdict), -finding.net, finding.region, finding.judgement.instance.id


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("region", "instance", "name", "type", "owner", "verdict"):
        table.add_column(heading, no_wrap=True)
    for heading in ("data", "CPU", "network a day", "saves a month", "wasted"):
        table.add_column(heading, no_wrap=True, justify="right")
    for each in findings:
        judgement, instance = each.judgement, each.judgement.instance
        table.add_row(
            each.region,
            instance.id,
            Text(line(instance.name, LONGEST_NAME) or "-"),
            instance.type,
            Text(line(each.owner, LONGEST_NAME)),
            Text(judgement.verdict, STYLES.get(judgement.verdict, "")),
            "" if judgement.coverage is None else coverage(judgement.coverage),
            "" if judgement.coverage is None else cpu(judgement.cpu),
            "" if judgement.coverage is None else traffic(judgement.network),
            money(each.waste.net) if each.waste else "",
            money(each.waste.since_idle) if each.waste else "",
        )
    return table


def _explain(finding: Finding) -> None:
    judgement = finding.judgement
    out.print(Text(f"{judgement.instance.id} ", "bold") + Text(f"is {judgement.verdict}: {judgement.because}", "dim"))
    for caveat in judgement.caveats:
        out.print(Text(f"  but {caveat}", "dim"))
    if finding.waste and finding.waste.unpriced:
        out.print(Text(f"  without a price: {', '.join(finding.waste.unpriced)}", "dim"))
    if finding.is_idle:
        since = f"flagged on {finding.flagged}; " if finding.flagged else ""
        out.print(Text(f"  {since}next: {finding.next_step}", "dim"))


def _suggest(report: Report) -> None:
    for each in report.findings:
        if each.suggestion:
            saves = "" if each.suggestion.net is None else f", saves {money(each.suggestion.net)} a month"
            id_ = each.judgement.instance.id
            out.print(
                Text(f"{id_} ", "bold")
                + Text(f"could have the tag groundskeeper:running-hours={each.suggestion.hours}{saves}", "green")
            )
            out.print(Text(f"  because {each.suggestion.because}", "dim"))


def _sum_up(report: Report, *, all_: bool) -> None:
    said = [number_of(verdict, count) for verdict, count in report.counts.items() if count]
    out.print(f"instances: {', '.join(said) or 'none runs'}", style="bold")
    if not all_ and any(report.counts[verdict] for verdict in ORDER if verdict not in FEWER):
        out.print(Text("  --all shows the others, and why", "dim"))
    out.print(Text(f"  idle: {idle_means(report.rules)}", "dim"))
    if not report.idle:
        return
    total = totals.of(report)
    out.print(
        f"stopping what is idle saves {money(total.net)} a month; it has wasted {money(total.since_idle)}", style="bold"
    )
    if total.unpriced:
        out.print(f"  {number(total.unpriced, 'idle instance')} without a price, in neither sum", style="yellow")
    for origin, regions in by_origin(report.origins).items():
        out.print(Text(f"  prices of {', '.join(regions)}: {origin}", "dim"))
    out.print(Text(f"  {report.assumption}", "dim"))


def number_of(verdict: Verdict, count: int) -> str:
    """Say how many instances have a verdict."""
    return f"{count:,} {verdict}"
