"""What idle instances tell their operators: a log line for each change with its because, and metrics."""

from chalicelib import telemetry
from chalicelib.errors import BadDefinition
from chalicelib.idle.job import Outcome
from chalicelib.idle.model import Verdict
from chalicelib.idle.service import Judged
from chalicelib.telemetry import logger


def judged(done: Judged, stack: str) -> None:
    """Report one run; raise what went wrong with a region, once all is reported."""
    for region, outcome in done.outcomes.items():
        _log_outcome(region, outcome)
    problems = (*done.report.problems, *done.problems, *done.hints)
    telemetry.left_alone(problems)
    if done.told:
        logger.info("owners told", extra={"instances": len(done.told.named), "owners": list(done.told.owners)})
    if done.report.kept_at:
        logger.info("report kept", extra={"at": done.report.kept_at})
    counts = done.report.counts
    outcomes = done.outcomes.values()
    telemetry.count(
        stack,
        InstancesJudged=len(done.report.findings),
        InstancesIdle=counts[Verdict.IDLE],
        InstancesWithoutData=counts[Verdict.INSUFFICIENT_DATA],
        InstancesFlagged=sum(len(each.flagged.landed) for each in outcomes),
        InstancesUnflagged=sum(len(each.unflagged.landed) for each in outcomes),
        InstancesParked=sum(len(each.parked.landed) for each in outcomes),
        IdleProblems=len(problems) + sum(len(each.undone) for each in outcomes),
        GoodIdleRuns=int(done.is_good),
    )
    telemetry.raise_first(done.errors)


def refused(error: BadDefinition) -> None:
    """Report that definitions of the operator are malformed, and that those before them are still in force."""
    logger.error("definitions refused: those read before are in force", extra={"reason": str(error)})


def _log_outcome(region: str, outcome: Outcome) -> None:
    plan, was_done = outcome.plan, outcome.carried_out
    changes = (
        ("flag", "flagged", outcome.flagged.landed if was_done else plan.flags),
        ("un-flag", "un-flagged", outcome.unflagged.landed if was_done else plan.unflags),
        ("stop", "stopped", outcome.parked.landed if was_done else plan.parks),
    )
    for would, has, done in changes:
        for change in done:
            extra = {"region": region, "instance": change.instance.id, "because": change.because}
            logger.info(has if was_done else f"would {would}", extra=extra)
    for id_, reason in outcome.undone:
        logger.warning("not done", extra={"region": region, "instance": id_, "reason": reason})
    if outcome.unsafe:
        logger.error("nothing stopped", extra={"region": region, "reason": str(outcome.unsafe)})
