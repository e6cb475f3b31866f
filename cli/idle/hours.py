"""`plan running-hours` and `sweep running-hours`: what is stopped and started, for real or not."""

from collections.abc import Iterator

from rich.text import Text

from chalicelib.idle.hours.job import Outcome
from chalicelib.idle.hours.service import Kept
from cli import times
from cli.idle import lines, reach
from cli.lines import Line
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import err, finish
from cli.times import At


def plan(
    at: At = None,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Say which instances would be stopped and started by their running hours, and why; change nothing."""
    with reach.hours(stack, local, region, profile, "reading") as found:
        kept = times.as_if(found, at).preview()
    lines.show_and_count(_lines(kept, planned=True), ("stop", "start"), planned=True, as_json=as_json)
    finish(kept.errors, is_good=True)


def sweep(
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Stop and start instances by their running hours, as the schedule does."""
    with reach.hours(stack, local, region, profile, "at work") as found:
        kept = found.run()
        planned = found.is_dry_run or not found.is_kept
    lines.show_and_count(_lines(kept, planned=planned), ("stop", "start"), planned=planned, as_json=as_json)
    if not found.is_kept:
        err.print(Text("running hours are not kept: the stack was deployed with RunningHours=0", "bold yellow"))
    finish(kept.errors, is_good=kept.is_good)


def _lines(kept: Kept, *, planned: bool) -> Iterator[Line]:
    for name, outcome in kept.outcomes.items():
        yield from _of(name, outcome, planned=planned)


def _of(region: str, outcome: Outcome, *, planned: bool) -> Iterator[Line]:
    for stop in outcome.plan.stops if planned else outcome.stopped.landed:
        yield lines.of(region, "stop", stop.instance.id, stop.because)
    for start in outcome.plan.starts if planned else outcome.started.landed:
        yield lines.of(region, "start", start.instance.id, start.because)
    for skip in outcome.plan.skips:
        yield lines.of(region, "skip", skip.instance.id, skip.because)
    for id_, reason in outcome.undone:
        yield lines.of(region, "failed", id_, reason)
    for problem in outcome.plan.problems:
        yield lines.of(region, "problem", problem.subject, problem.reason)
