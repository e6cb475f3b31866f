"""The queue of reasons to publish: that the inventory has changed, or that a lease will end."""

import math
from typing import TYPE_CHECKING

from chalicelib.aws import said_not_now

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_DELAY = 900  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html


class DocumentQueue:
    """Asks for a run of publishing. Every method raises TryAgain where SQS is busy."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client, self._url = client, queue_url

    def announce(self) -> None:
        """Say that the inventory has changed."""
        self._send("the inventory has changed", 0)

    def schedule_at(self, moment: float, now: float) -> None:
        """Ask for a run once a lease has ended; one that ends later than SQS can wait is left to the schedule."""
        delay = max(0.0, moment - now)
        if delay <= LONGEST_DELAY:
            self._send("a lease has ended", math.ceil(delay))

    def _send(self, body: str, delay: int) -> None:
        with said_not_now("SQS"):
            self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay)
