"""Leases in the DynamoDB table: whoever holds one is the only writer, for a while, of what it names.

A conditional write takes the lease; each taking has the next number, so a holder can tell whether anybody else held it
in between. A holder that dies gives it up when its time is over.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.aws import said_not_now
from chalicelib.errors import TryAgain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CLOCKS_DIFFER = 5.0  # seconds, at the most, between two holders
LONGEST_WRITE = 80.0  # seconds, with the client's own retries and pauses (wiring/base.py)
LONGEST_PAUSE = 1.0  # seconds between two tries to take a lease


@dataclass(frozen=True)
class Turn:
    """One holding of a lease: its number, and when it ends by ``clock``, in seconds since the epoch."""

    number: int
    until: float
    clock: Callable[[], float]

    def check(self, seconds: float = LONGEST_WRITE) -> None:
        """Raise TryAgain unless there is time for one more write, which takes so many seconds at the most."""
        if self.clock() > self.until - seconds:
            raise TryAgain("the time of this run is over: the rest is left to the next one")


@contextmanager
def unshared() -> Iterator[Turn]:
    """Be in turn without a lease, where nobody else can write."""
    yield Turn(0, float("inf"), time.time)


class Lease:
    """A named lease, which ends ``seconds`` after it is asked for; for another holder it waits ``patience`` at most."""

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
        asked = self._clock()
        while (turn := self._try(holder, asked + self._seconds)) is None:
            if self._clock() >= asked + self._patience:
                raise TryAgain(f"another run is writing to {self._name}")
            self._sleep(random.uniform(0.1, LONGEST_PAUSE))
        return turn

    def _try(self, holder: str, until: float) -> Turn | None:
        try:
            with said_not_now("DynamoDB"):
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=self._key,
                    UpdateExpression="SET holder = :holder, held_until = :until ADD turn :one",
                    # Or our own: the client repeats a request whose answer was lost.
                    ConditionExpression="attribute_not_exists(held_until) OR held_until < :now OR holder = :holder",
                    ExpressionAttributeValues={
                        ":holder": {"S": holder},
                        ":until": {"N": f"{until:.3f}"},
                        ":now": {"N": f"{self._clock() - CLOCKS_DIFFER:.3f}"},
                        ":one": {"N": "1"},
                    },
                    ReturnValues="UPDATED_NEW",
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return Turn(int(answer["Attributes"]["turn"]["N"]), until, self._clock)

    def _give_back(self, holder: str) -> None:
        # Where ours ran out and another took it since, there is nothing to give back. Where DynamoDB does not answer,
        # it runs out by itself, and what the run has done must not go untold for that.
        over = (self._client.exceptions.ConditionalCheckFailedException, TryAgain)
        with suppress(*over), said_not_now("DynamoDB"):
            self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression="REMOVE holder, held_until",
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues={":holder": {"S": holder}},
            )

    @property
    def _key(self) -> dict[str, dict[str, str]]:
        return {"pk": {"S": "lease"}, "sk": {"S": self._name}}
