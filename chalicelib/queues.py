"""What Lambda expects of a function that is given messages of a queue by the batch."""

from collections.abc import Iterable
from typing import Any


def partial_batch_response(failed: Iterable[str]) -> dict[str, Any]:
    """Return the answer by which the messages with these ids come again, and the others do not.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}
