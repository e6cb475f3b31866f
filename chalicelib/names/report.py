"""What a run of names tells its operators: a log line for each change with its because, and metrics."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chalicelib import telemetry
from chalicelib.names.changes import Add, Remove, Repoint, line, names_only
from chalicelib.names.events import Notice
from chalicelib.names.inbox import Handled
from chalicelib.names.job import Outcome
from chalicelib.names.service import Names, Results
from chalicelib.telemetry import logger


def batch(handled: Handled, names: Names) -> dict[str, Any]:
    """Report one batch of the instance queue, and return Lambda's partial batch response."""
    for message, reason in handled.failed.items():
        logger.error("message kept", extra={"message_id": message, "reason": reason})
    for zone, outcome in handled.outcomes.items():
        _log(zone, outcome, handled.notices, names)
        with _zone_metrics(zone, outcome, names) as metrics:
            for seconds in _delays(outcome, handled.notices, datetime.now(UTC)):
                metrics.add_metric("SecondsFromEventToChange", MetricUnit.Seconds, seconds)
    return handled.answer()


def sweep(results: Results, names: Names) -> None:
    """Report one sweep; raise what went wrong with a zone, once all is reported."""
    for zone, outcome in results.outcomes.items():
        _log(zone, outcome, (), names)
        with _zone_metrics(zone, outcome, names) as metrics:
            metrics.add_metric("NamesDesired", MetricUnit.Count, outcome.plan.desired)
    with telemetry.metrics(stack=names.stack) as metrics:
        metrics.add_metric("GoodSweeps", MetricUnit.Count, int(results.is_good))
        unverified = sum(outcome.unverified for outcome in results.outcomes.values())
        metrics.add_metric("NamesUnverified", MetricUnit.Count, unverified)
    for zone, error in results.all_errors.items():
        logger.error("zone not put right", extra={"zone": zone, "reason": str(error)})
    for error in results.all_errors.values():
        raise error


@contextmanager
def _zone_metrics(zone: str, outcome: Outcome, names: Names) -> Iterator[EphemeralMetrics]:
    """Yield a zone's metrics for more to be added, and write them out at the end."""
    landed = names_only(outcome.landed)
    with telemetry.metrics(stack=names.stack, zone=zone) as metrics:
        for kind, name in ((Add, "NamesAdded"), (Repoint, "NamesRepointed"), (Remove, "NamesRemoved")):
            metrics.add_metric(name, MetricUnit.Count, sum(isinstance(change, kind) for change in landed))
        metrics.add_metric("NamesOwned", MetricUnit.Count, outcome.owned)
        metrics.add_metric("ChangesRefused", MetricUnit.Count, len(outcome.refused))
        metrics.add_metric("Problems", MetricUnit.Count, len(outcome.plan.problems))
        yield metrics


def _log(zone: str, outcome: Outcome, notices: Sequence[Notice], names: Names) -> None:
    causes: dict[str, list[str]] = {}
    for notice in notices:
        for ref in notice.refs:
            causes.setdefault(ref.id, []).append(notice.event)
    said = "would change" if names.is_dry_run else "changed"
    for step in outcome.plan.steps if names.is_dry_run else outcome.landed:
        events = [event for id_ in sorted(step.instances) for event in causes.get(id_, ())]
        for change in step.changes:
            extra = {"zone": zone, "change": line(change), "because": change.because, "events": events}
            logger.info(said, extra=extra)
    _log_what_is_left(zone, outcome)


def _log_what_is_left(zone: str, outcome: Outcome) -> None:
    for step, reason in outcome.refused:
        logger.error("refused", extra={"zone": zone, "instances": sorted(step.instances), "reason": reason})
    for step, reason in outcome.postponed:
        logger.warning("postponed", extra={"zone": zone, "instances": sorted(step.instances), "reason": reason})
    for place, reason in outcome.fleet.unread.items():
        logger.error("place not read", extra={"place": str(place), "reason": reason})
    for problem in outcome.plan.problems:
        level = logger.debug if problem.kind == "address" else logger.warning
        level("left alone", extra={"zone": zone, "subject": problem.subject, "reason": problem.reason})


def _delays(outcome: Outcome, notices: Sequence[Notice], now: datetime) -> list[float]:
    """Return, for each notice that led to a change, the seconds from its event to now."""
    changed = {id_ for step in outcome.landed for id_ in step.instances}
    return [
        max(0.0, (now - notice.at).total_seconds())
        for notice in notices
        if any(ref.id in changed for ref in notice.refs)
    ]
