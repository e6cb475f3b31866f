"""Leases in the DynamoDB table: whoever holds one is the only writer, for a while, of what it names.

A conditional write takes the lease; each taking has the next number, so a holder can tell whether anybody else held it
in between. A holder that dies gives it up when its time is over.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.errors import TryAgain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MARGIN = 5.0  # seconds: clocks of two holders may differ by so much, and a write may take as long
LONGEST_WAIT = 1.0


@dataclass(frozen=True)
class Turn:
    """One holding of a lease: its number, and when it ends by ``clock``, in seconds since the epoch."""

    number: int
    until: float
    clock: Callable[[], float]

    def check(self) -> None:
        """Raise TryAgain unless there is time for one more write."""
        if self.clock() > self.until - MARGIN:
            raise TryAgain("the time to be the zone's one writer is over: the rest is left to the next run")


class Lease:
    """A named lease, held for at most ``seconds``; taking it waits at most ``patience`` seconds for another holder."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        name: str,
        seconds: float,
        patience: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._table, self._name = client, table, name
        self._seconds, self._patience, self._clock, self._sleep = seconds, patience, clock, sleep

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Hold the lease for the length of a block; raise TryAgain where another keeps it."""
        holder = uuid.uuid4().hex
        turn = self._take(holder)
        try:
            yield turn
        finally:
            self._give_back(holder)

    def _take(self, holder: str) -> Turn:
        deadline = self._clock() + self._patience
        while (turn := self._try(holder)) is None:
            if self._clock() >= deadline:
                raise TryAgain(f"another run is writing to {self._name}")
            self._sleep(random.uniform(0.1, LONGEST_WAIT))
        return turn

    def _try(self, holder: str) -> Turn | None:
        now = self._clock()
        until = now + self._seconds
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression="SET holder = :holder, held_until = :until ADD turn :one",
                ConditionExpression="attribute_not_exists(held_until) OR held_until < :now",
                ExpressionAttributeValues={
                    ":holder": {"S": holder},
                    ":until": {"N": f"{until:.3f}"},
                    ":now": {"N": f"{now - MARGIN:.3f}"},
                    ":one": {"N": "1"},
                },
                ReturnValues="UPDATED_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise
        return Turn(int(answer["Attributes"]["turn"]["N"]), until, self._clock)

    def _give_back(self, holder: str) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression="REMOVE holder, held_until",
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues={":holder": {"S": holder}},
            )
        except ClientError as error:
            # Ours ran out and another took it since: there is nothing to give back.
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    @property
    def _key(self) -> dict[str, dict[str, str]]:
        return {"pk": {"S": "lease"}, "sk": {"S": self._name}}
