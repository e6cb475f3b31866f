"""The parts of the digest, as lines of plain text; each is bounded, whatever was found."""

import shlex
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from chalicelib.economics.prices import HOURS_A_MONTH
from chalicelib.idle.documents import totals
from chalicelib.idle.documents.wording import NO_PRICE, by_origin, idle_means, line, money, number, owners_waste
from chalicelib.idle.findings import Finding, OwnerTotal, Report, Stopped
from chalicelib.idle.marks import KEEP, PARK
from chalicelib.idle.model import WISH

LONGEST_NAME, LONGEST_REASON, LONGEST_TEXT = 60, 300, 1_000  # characters
MOST_NAMED = 40  # regions that were not read, problems, origins
KEPT_FOR = timedelta(days=30)  # in the example


def is_new(found: Finding, day: date) -> bool:
    """Whether nobody was told of it before that day."""
    return found.noticed is None or found.noticed >= day


def summary(report: Report, day: date) -> str:
    """Return the whole in a line."""
    total = totals.of(report)
    said = number(total.idle, "idle instance")
    if total.idle:
        new = sum(is_new(each, day) for each in report.idle)
        said += f", {_a_month(total.net)}" + (f", {new:,} new" if new else "")
    if report.stopped:
        said += f", {len(report.stopped):,} stopped earlier"
    if report.errors:
        said += f", {number(len(report.errors), 'region')} not read"
    return said


def head(report: Report, day: date) -> Iterator[str]:
    """Yield what comes first: what was not seen, and what all comes to."""
    total = totals.of(report)
    yield f"Groundskeeper in account {line(report.account, LONGEST_NAME)} on {day}"
    yield ""
    if report.errors:
        yield f"{number(len(report.errors), 'region')} could not be read, and nothing of there is counted here:"
        yield from _bounded([f"{region}: {why}" for region, why in report.errors.items()])
        yield ""
    yield f"{number(total.idle, 'idle instance')} of {total.instances:,} that run."
    if total.idle and total.net is not None:
        yield f"Stopping them saves {_a_month(total.net)}. Wasted so far: {money(total.since_idle)}."
    if total.unpriced:
        yield f"Without a price, and so in no sum: {total.unpriced:,}."
    yield f"Idle means: {idle_means(report.rules)}."


def stopped(some: Sequence[Stopped]) -> Iterator[str]:
    """Yield what was stopped before, and could not be told of then."""
    if not some:
        return
    yield ""
    yield "Stopped earlier, after the notice of it, which no message has said yet:"
    for each in some:
        name = line(each.instance.name, LONGEST_NAME)
        said = [name, each.instance.id, each.region, each.instance.type, f"stopped on {each.on}"]
        yield f"  {line(each.owner, LONGEST_NAME)}: {'  '.join(filter(None, said))}"


def foot(report: Report, day: date) -> Iterator[str]:
    """Yield what comes last: where all of it is, how to answer, and what the money means."""
    if report.kept_at:
        yield f"The whole report: {report.kept_at}"
        yield ""
    if report.idle:
        yield from _how_to_answer(report.idle, day)
    if report.problems:
        yield "Left as it is:"
        yield from _bounded([f"{problem.subject}: {problem.reason}" for problem in report.problems])
        yield ""
    yield f"Money: USD; a month has {HOURS_A_MONTH:.0f} hours; what a stopped one still costs is not counted as saved."
    if report.assumption:
        yield line(report.assumption, LONGEST_TEXT)
    if report.origins:
        yield "Prices:"
        yield from _bounded([f"{origin}: {', '.join(some)}" for origin, some in by_origin(report.origins).items()])


def heading(total: OwnerTotal) -> str:
    """Return what stands above an owner's instances."""
    return f"{line(total.owner, LONGEST_NAME)}: {number(total.instances, 'idle instance')}, {owners_waste(total)}"


def entry(found: Finding, day: date) -> str:
    """Return the lines of one idle instance."""
    judgement = found.judgement
    instance = judgement.instance
    said = [
        line(instance.name, LONGEST_NAME),
        instance.id,
        found.region,
        instance.type,
        f"idle since {judgement.idle_since}" if judgement.idle_since else "",
        _a_month(found.waste.net if found.waste else None),
    ]
    new = "NEW  " if is_new(found, day) else ""
    step = f"\n    next: {line(found.next_step, LONGEST_REASON)}" if found.next_step else ""
    return f"  {new}{'  '.join(filter(None, said))}{step}"


def more(count: int, noun: str = "") -> str:
    """Return what stands for those that are left out."""
    return f"  ... and {count:,} more{noun} (see the report)"


def _how_to_answer(idle: Sequence[Finding], day: date) -> Iterator[str]:
    silent = [each for each in idle if WISH not in each.judgement.instance.tags]
    keep, park = (silent or idle)[0], next(iter(silent), None)
    yield f"If an instance is to stay as it is, give it the tag {WISH}={KEEP}, or {KEEP} until a day. For example:"
    yield f"  {_command(keep, KEEP)}"
    yield f"  {_command(keep, f'{KEEP} until {day + KEPT_FOR}')}"
    if park:
        yield f"If it may be stopped while it is idle, the tag {WISH}={PARK}:"
        yield f"  {_command(park, PARK)}"
    yield ""


def _command(example: Finding, wish: str) -> str:
    where = ("--region", example.region, "--resources", example.judgement.instance.id)
    return shlex.join(["aws", "ec2", "create-tags", *where, "--tags", f"Key={WISH},Value={wish}"])


def _a_month(dollars: float | None) -> str:
    return NO_PRICE if dollars is None else f"{money(dollars)} a month"


def _bounded(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {line(each, LONGEST_REASON)}" for each in lines[:MOST_NAMED])
    if len(lines) > MOST_NAMED:
        yield more(len(lines) - MOST_NAMED)
