"""How far the daily audit has come, in the DynamoDB table."""

from typing import TYPE_CHECKING

from chalicelib.aws import said_not_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"pk": {"S": "audit"}, "sk": {"S": "derived"}}


class AuditPosition:
    """The source's key behind which the audit goes on."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def read(self) -> str:
        """Return the key; empty for the beginning; raise TryAgain."""
        with said_not_now("DynamoDB"):
            item = self._client.get_item(TableName=self._table, Key=KEY, ConsistentRead=True).get("Item", {})
        return item["after"]["S"] if "after" in item else ""

    def write(self, after: str) -> None:
        """Keep the key; raise TryAgain."""
        with said_not_now("DynamoDB"):
            self._client.put_item(TableName=self._table, Item={**KEY, "after": {"S": after}})
