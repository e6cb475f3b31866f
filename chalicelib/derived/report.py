"""What derived objects tell their operators: a log line for each change with its because, and metrics."""

from collections import Counter
from collections.abc import Iterable

from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import telemetry
from chalicelib.derived.inbox import Handled
from chalicelib.derived.job import Outcome
from chalicelib.derived.model import Lost
from chalicelib.derived.slices import Slice
from chalicelib.errors import BadDefinition
from chalicelib.telemetry import logger


def handled(batch: Handled, stack: str, *, is_dry_run: bool) -> None:
    """Report one batch."""
    for notice in batch.ignored:
        logger.warning("left alone", extra={"subject": notice.subject, "because": notice.because})
    for message, error in batch.failed.items():
        logger.error("message kept", extra={"message_id": message, "reason": f"{type(error).__name__}: {error}"})
    outcomes(batch.outcomes, stack, is_dry_run=is_dry_run, failed=len(batch.failed))


def outcomes(done: Iterable[Outcome], stack: str, *, is_dry_run: bool, failed: int = 0) -> None:
    """Report what was put right."""
    counts: Counter[str] = Counter(DerivedFailed=failed)
    for outcome in done:
        _log(outcome, is_dry_run=is_dry_run)
        healed = sum(isinstance(make.child.state, Lost) for make in outcome.made)
        counts.update(
            DerivedMade=len(outcome.made) - healed,
            DerivedHealed=healed,
            DerivedDeleted=len(outcome.deleted),
            DerivedEntombed=len(outcome.entombed),
        )
    with telemetry.metrics(stack=stack) as metrics:
        for name, count in counts.items():
            metrics.add_metric(name, MetricUnit.Count, count)


def refused(error: BadDefinition) -> None:
    """Report that the operator's definitions are malformed, and that those before them are still in force."""
    logger.error("definitions refused: those read before are in force", extra={"reason": str(error)})


def _log(outcome: Outcome, *, is_dry_run: bool) -> None:
    source = outcome.task.source_key
    if is_dry_run:
        for change in outcome.planned:
            verb = type(change).__name__.lower()
            extra = {"source": source, "derived": change.child.key.leaf, "because": change.because}
            logger.info(f"would {verb}", extra=extra)
        return
    for made in outcome.made:
        logger.info("made", extra={"source": source, "derived": made.child.key.leaf, "because": made.because})
    for deleted in outcome.deleted:
        logger.info("deleted", extra={"source": source, "derived": deleted.child.key.leaf, "because": deleted.because})
    for failed, reason in outcome.entombed:
        extra = {"source": source, "derived": failed.child.key.leaf, "reason": reason, "because": failed.because}
        logger.warning("cannot be made", extra=extra)
    for left in outcome.left:
        logger.info("left alone", extra={"source": source, "derived": left.child.key.leaf, "because": left.because})


def audited(found: Slice, stack: str) -> None:
    """Report one audit; raise UnsafePlan where it would have deleted too much."""
    faults = Counter(finding.fault.value for each in found.to_repair for finding in each.to_repair)
    for each in found.to_repair:
        for finding in each.to_repair:
            extra = {"source": each.source_key, "derived": finding.key.leaf, "because": finding.because}
            logger.info(finding.fault.value, extra=extra)
    logger.info("audited", extra={"sources": found.sources, "after": found.after, "is_last": found.is_last, **faults})
    with telemetry.metrics(stack=stack) as metrics:
        metrics.add_metric("DerivedAudited", MetricUnit.Count, found.sources)
        metrics.add_metric("DerivedFaults", MetricUnit.Count, faults.total())
        metrics.add_metric("GoodAudits", MetricUnit.Count, int(not found.unread and not found.error))
    for source, error in found.unread.items():
        logger.error("not looked at", extra={"source": source, "reason": f"{type(error).__name__}: {error}"})
    if found.error:
        raise found.error
