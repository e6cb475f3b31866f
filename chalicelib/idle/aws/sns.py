"""The topic that owners are told through."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.aws import said_not_now
from chalicelib.errors import BadSettings

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class Topic:
    """An SNS topic; each method raises TryAgain, and BadSettings where it is not there or may not be used."""

    def __init__(self, client: "SNSClient", arn: str) -> None:
        self._client, self._arn = client, arn

    def listeners(self) -> int:
        """Return how many subscriptions are confirmed: a message to none of them tells nobody."""
        with self._asking():
            shown = self._client.get_topic_attributes(TopicArn=self._arn)["Attributes"]
        return int(shown["SubscriptionsConfirmed"])

    def publish(self, subject: str, body: str) -> None:
        """Publish one message, without attributes: a subscription that chose by them would count, and not be told."""
        with self._asking():
            self._client.publish(TopicArn=self._arn, Subject=subject, Message=body)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            with said_not_now("SNS"):
                yield
        except ClientError as error:
            raise BadSettings(f"the topic {self._arn} cannot be used: {error}") from error
