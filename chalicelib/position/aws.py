"""How far a job has come, in the DynamoDB table."""

from typing import TYPE_CHECKING

from chalicelib.aws import said_not_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PARTITION = "audit"


class Position:
    """The key behind which a job of a name goes on."""

    def __init__(self, client: "DynamoDBClient", table: str, name: str) -> None:
        self._client, self._table = client, table
        self._key = {"pk": {"S": PARTITION}, "sk": {"S": name}}

    def read(self) -> str:
        """Return the key; empty for the beginning; raise TryAgain."""
        with said_not_now("DynamoDB"):
            item = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True).get("Item", {})
        return item["after"]["S"] if "after" in item else ""

    def write(self, after: str) -> None:
        """Keep the key; raise TryAgain."""
        with said_not_now("DynamoDB"):
            self._client.put_item(TableName=self._table, Item={**self._key, "after": {"S": after}})
