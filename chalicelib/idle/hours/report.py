"""What running hours tell their operators: a log line for each change with its because, and metrics."""

from chalicelib import telemetry
from chalicelib.idle.hours.job import Outcome
from chalicelib.idle.hours.service import Kept
from chalicelib.telemetry import logger


def kept(done: Kept, stack: str, *, is_dry_run: bool) -> None:
    """Report one run; raise what went wrong with a region, once all is reported."""
    for outcome in done.outcomes.values():
        _log(outcome, is_dry_run=is_dry_run)
    outcomes = done.outcomes.values()
    telemetry.count(
        stack,
        RunningHoursStopped=sum(len(each.stopped.landed) for each in outcomes),
        RunningHoursStarted=sum(len(each.started.landed) for each in outcomes),
        GoodRunningHours=int(done.is_good),
    )
    telemetry.raise_first(done.errors)


def _log(outcome: Outcome, *, is_dry_run: bool) -> None:
    for would, has, done in (
        ("stop", "stopped", outcome.plan.stops if is_dry_run else outcome.stopped.landed),
        ("start", "started", outcome.plan.starts if is_dry_run else outcome.started.landed),
    ):
        for step in done:
            extra = {"region": outcome.region, "instance": step.instance.id, "because": step.because}
            logger.info(f"would {would}" if is_dry_run else has, extra=extra)
    for id_, reason in outcome.undone:
        logger.warning("not done", extra={"region": outcome.region, "instance": id_, "reason": reason})
    for id_ in outcome.late:
        reason = "EC2 agreed to start it, but it did not run 15 minutes after it should: its StateReason says why"
        logger.error("not started", extra={"region": outcome.region, "instance": id_, "reason": reason})
    telemetry.left_alone(outcome.plan.problems, region=outcome.region)
