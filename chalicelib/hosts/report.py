"""What publishing tells the operators: a log line for each version with its because, and metrics."""

from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import telemetry
from chalicelib.hosts.job import Published
from chalicelib.telemetry import logger


def published(outcome: Published, stack: str) -> None:
    """Report one run that came to its end."""
    for each in outcome.done:
        extra = {"view": each.content.view, "generation": each.version.generation, "because": each.because}
        logger.info("published", extra=extra)
        with telemetry.metrics(stack=stack, view=each.content.view.value) as metrics:
            metrics.add_metric("HostsEntries", MetricUnit.Count, len(each.content.entries))
            metrics.add_metric("HostsGeneration", MetricUnit.Count, each.version.generation)
    for reason in outcome.left_out:
        logger.error("left out", extra={"reason": reason})
    for view in outcome.unswept:
        logger.warning("not published", extra={"view": view, "reason": "no sweep has seen all of it yet"})
    with telemetry.metrics(stack=stack) as metrics:
        metrics.add_metric("GoodPublications", MetricUnit.Count, 1)
