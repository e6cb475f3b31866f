"""The journal of what EC2 was asked for within the last minutes, in the DynamoDB table."""

import time
import uuid
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.aws import said_not_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PARTITION = "asked"
# EC2 is eventually consistent, and AWS advises to look for up to five minutes
# (https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html). No request's answer takes longer either;
# and a request is sent some time after its note, within the run, which takes as long at the most.
SETTLED_AFTER = 600.0  # seconds
FORGOTTEN_AFTER = 86_400.0


class Journal:
    """The journal of one region. Items are sorted by time, so that those that do not count any more are not read."""

    def __init__(
        self, client: "DynamoDBClient", table: str, region: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._client, self._table, self._region, self._clock = client, table, region, clock
        self._notes: dict[str, set[str]] = {}

    def asked(self) -> dict[str, datetime]:
        """Return when what was asked for that may not show yet; raise TryAgain."""
        start = self._clock() - SETTLED_AFTER
        found: dict[str, datetime] = {}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :start AND :end",
            ExpressionAttributeValues={
                ":pk": {"S": PARTITION},
                ":start": {"S": self._sort_key(start)},
                ":end": {"S": f"{self._region}#~"},
            },
        )
        with said_not_now("DynamoDB"):
            for page in pages:
                for item in page["Items"]:
                    at = datetime.fromtimestamp(float(item["at"]["N"]), UTC)
                    found.update(dict.fromkeys(item.get("keys", {"SS": []})["SS"], at))
        return found

    def note(self, keys: Collection[str]) -> None:
        """Note that something will be asked for now; raise TryAgain."""
        now = self._clock()
        sort_key = f"{self._sort_key(now)}#{uuid.uuid4().hex}"
        self._put(sort_key, set(keys), now)
        self._notes[sort_key] = set(keys)

    def withdraw(self, keys: Collection[str]) -> None:
        """Note that some of what was noted was refused; raise TryAgain."""
        for sort_key, noted in self._notes.items():
            if gone := noted & set(keys):
                with said_not_now("DynamoDB"):
                    self._client.update_item(
                        TableName=self._table,
                        Key=self._key(sort_key),
                        UpdateExpression="DELETE #keys :gone",
                        ExpressionAttributeNames={"#keys": "keys"},
                        ExpressionAttributeValues={":gone": {"SS": sorted(gone)}},
                    )
                self._notes[sort_key] = noted - gone

    def _put(self, sort_key: str, keys: set[str], now: float) -> None:
        with said_not_now("DynamoDB"):
            self._client.put_item(
                TableName=self._table,
                Item={
                    **self._key(sort_key),
                    "keys": {"SS": sorted(keys)},
                    "at": {"N": f"{now:.3f}"},
                    "forget_at": {"N": f"{now + FORGOTTEN_AFTER:.0f}"},
                },
            )

    def _key(self, sort_key: str) -> Any:
        return {"pk": {"S": PARTITION}, "sk": {"S": sort_key}}

    def _sort_key(self, moment: float) -> str:
        return f"{self._region}#{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%S}"
