"""A second look at instances, asked for through the queue that events come from."""

from collections.abc import Iterable
from itertools import batched
from typing import TYPE_CHECKING, Any

from chalicelib.aws import said_not_now
from chalicelib.errors import TryAgain
from chalicelib.names import events

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

DELAY = 20  # seconds: tags are mostly set within that time, and people still wait that long
BATCH = 10  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html


class RecheckQueue:
    """Asks for a later look at instances through delayed messages on the instance queue."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client, self._url = client, queue_url

    def ask(self, rechecks: Iterable[events.Recheck]) -> None:
        """Send one delayed message for each; raise TryAgain where SQS took only some."""
        for some in batched(rechecks, BATCH):
            entries: list[Any] = [
                {"Id": str(n), "MessageBody": recheck.body(), "DelaySeconds": DELAY} for n, recheck in enumerate(some)
            ]
            with said_not_now("SQS"):
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if failed := answer.get("Failed"):
                raise TryAgain(f"{len(failed)} re-checks could not be queued: {failed[0].get('Message')}")
