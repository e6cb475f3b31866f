"""How every feature speaks to its operators: one structured log, and CloudWatch's embedded metrics."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chalicelib.errors import GroundskeeperError
from chalicelib.problem import Problem

NAMESPACE = "Groundskeeper"
logger = Logger(service="groundskeeper")


def identify(event: Any, respond: Callable[[Any], Any]) -> Any:
    """Give every log line of an invocation the invocation's own correlation id (a Chalice middleware)."""
    context = getattr(event, "lambda_context", None) or event.context
    logger.structure_logs(append=False, correlation_id=context.aws_request_id, function=context.function_name)
    return respond(event)


@contextmanager
def metrics(**dimensions: str) -> Iterator[EphemeralMetrics]:
    """Yield an empty set of metrics with these dimensions, and write it out at the end."""
    made = EphemeralMetrics(namespace=NAMESPACE)
    for name, value in dimensions.items():
        made.add_dimension(name, value)
    yield made
    made.flush_metrics()


def count(stack: str, **counts: int) -> None:
    """Write counts of one stack."""
    with metrics(stack=stack) as made:
        for name, number in counts.items():
            made.add_metric(name, MetricUnit.Count, number)


def left_alone(problems: Iterable[Problem], **where: str) -> None:
    """Say what was left as it is, and why."""
    for problem in problems:
        logger.warning("left alone", extra={**where, "subject": problem.subject, "reason": problem.reason})


def raise_first(errors: Mapping[str, GroundskeeperError]) -> None:
    """Say which regions were not dealt with, and why; raise the first of the errors, if there are any."""
    for region, error in errors.items():
        logger.error("region not dealt with", extra={"region": region, "reason": str(error)})
    for error in errors.values():
        raise error
