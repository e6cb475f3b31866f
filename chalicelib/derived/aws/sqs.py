"""The queue of requests for derived objects."""

import json
from collections.abc import Iterable, Mapping
from itertools import batched
from typing import TYPE_CHECKING, Any

from chalicelib.aws import said_not_now
from chalicelib.errors import TryAgain

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MOST_AT_ONCE = 10


class RequestQueue:
    """Asks for derived objects."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client, self._url = client, queue_url

    def ask(self, requests: Iterable[Mapping[str, Any]]) -> None:
        """Put requests into the queue; raise TryAgain where SQS does not take every one."""
        for batch in batched(requests, MOST_AT_ONCE):
            entries = [{"Id": str(number), "MessageBody": json.dumps(request)} for number, request in enumerate(batch)]
            with said_not_now("SQS"):
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]
            if failed := answer.get("Failed"):
                raise TryAgain(f"SQS did not take a request: {failed[0].get('Message', failed[0]['Code'])}")
