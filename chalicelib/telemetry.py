"""What a run tells its operators: structured logs with a correlation id, and CloudWatch embedded metrics."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chalicelib.errors import GroundskeeperError
from chalicelib.names import report
from chalicelib.names.events import Notice
from chalicelib.names.inbox import Handled
from chalicelib.names.job import Outcome
from chalicelib.names.model import Add, Remove, Repoint
from chalicelib.settings import Settings

NAMESPACE = "Groundskeeper"
logger = Logger(service="groundskeeper")


def identify(event: Any, respond: Callable[[Any], Any]) -> Any:
    """Give every log line of an invocation the invocation's own correlation id (a Chalice middleware)."""
    context = getattr(event, "lambda_context", None) or event.context
    logger.structure_logs(append=False, correlation_id=context.aws_request_id, function=context.function_name)
    return respond(event)


def batch(handled: Handled, settings: Settings) -> dict[str, Any]:
    """Report one batch of the instance queue, and return Lambda's partial batch response."""
    for message, reason in handled.failed.items():
        logger.error("message kept", extra={"message_id": message, "reason": reason})
    for zone, outcome in handled.outcomes.items():
        _log(zone, outcome, handled.notices, dry_run=settings.dry_run)
        with _zone_metrics(zone, outcome, settings.stack) as metrics:
            for seconds in _delays(outcome, handled.notices, datetime.now(UTC)):
                metrics.add_metric("SecondsFromEventToChange", MetricUnit.Seconds, seconds)
    return handled.answer()


def sweep(outcomes: Mapping[str, Outcome], errors: Mapping[str, GroundskeeperError], settings: Settings) -> None:
    """Report one sweep; raise what went wrong with a zone, once all is reported.

    A sweep is good when every zone was put right from everything there is to see.
    """
    for zone, outcome in outcomes.items():
        _log(zone, outcome, (), dry_run=settings.dry_run)
        with _zone_metrics(zone, outcome, settings.stack) as metrics:
            metrics.add_metric("NamesDesired", MetricUnit.Count, outcome.plan.desired)
    good = not errors and all(outcome.is_complete for outcome in outcomes.values())
    with _metrics(stack=settings.stack) as metrics:
        metrics.add_metric("GoodSweeps", MetricUnit.Count, int(good))
        metrics.add_metric("NamesUnverified", MetricUnit.Count, sum(map(report.unverified, outcomes.values())))
    for zone, error in errors.items():
        logger.error("zone not swept", extra={"zone": zone, "reason": str(error)})
    for error in errors.values():
        raise error


@contextmanager
def _zone_metrics(zone: str, outcome: Outcome, stack: str) -> Iterator[EphemeralMetrics]:
    """Yield a zone's metrics for more to be added, and write them out at the end."""
    landed = report.names_only(outcome.landed)
    with _metrics(stack=stack, zone=zone) as metrics:
        added, repointed, removed = (sum(isinstance(c, kind) for c in landed) for kind in (Add, Repoint, Remove))
        metrics.add_metric("NamesAdded", MetricUnit.Count, added)
        metrics.add_metric("NamesRepointed", MetricUnit.Count, repointed)
        metrics.add_metric("NamesRemoved", MetricUnit.Count, removed)
        metrics.add_metric("NamesOwned", MetricUnit.Count, outcome.plan.owned + added - removed)
        metrics.add_metric("ChangesRefused", MetricUnit.Count, len(outcome.refused))
        metrics.add_metric("Problems", MetricUnit.Count, len(outcome.plan.problems))
        yield metrics


@contextmanager
def _metrics(**dimensions: str) -> Iterator[EphemeralMetrics]:
    """Yield an empty set of metrics with these dimensions, and write it out at the end."""
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    yield metrics
    metrics.flush_metrics()


def _log(zone: str, outcome: Outcome, notices: Sequence[Notice], *, dry_run: bool) -> None:
    causes: dict[str, list[str]] = {}
    for notice in notices:
        for ref in notice.refs:
            causes.setdefault(ref.id, []).append(notice.event)
    said = "would change" if dry_run else "changed"
    for step in outcome.plan.steps if dry_run else outcome.landed:
        events = [event for id_ in sorted(step.instances) for event in causes.get(id_, ())]
        for change in step.changes:
            logger.info(
                said,
                extra={"zone": zone, "change": report.line(change), "because": change.because, "events": events},
            )
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
