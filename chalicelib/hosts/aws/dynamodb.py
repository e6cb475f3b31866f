"""What was published last, in the DynamoDB table."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from chalicelib.aws import said_not_now
from chalicelib.hosts.model import Edition, Journal
from chalicelib.inventory.model import View
from chalicelib.lease.aws import Turn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"pk": {"S": "documents"}, "sk": {"S": "published"}}


class Journals:
    """The one item that says what was published last; ``lease`` gives the turn to publish."""

    def __init__(self, client: "DynamoDBClient", table: str, lease: Callable[[], AbstractContextManager[Turn]]) -> None:
        self._client, self._table, self.turn = client, table, lease

    def read(self) -> Journal:
        """Return what was published last; an empty journal if nothing was."""
        with said_not_now("DynamoDB"):
            item = self._client.get_item(TableName=self._table, Key=KEY, ConsistentRead=True).get("Item")
        if item is None:
            return Journal()
        return Journal(
            int(item["revision"]["N"]),
            item["recipe"]["S"],
            float(item["until"]["N"]) if "until" in item else float("inf"),
            {view: _edition(item[view.value]["M"]) for view in View if view.value in item},
        )

    def write(self, journal: Journal) -> None:
        """Write down what was published last."""
        item: dict[str, Any] = {
            **KEY,
            "revision": {"N": str(journal.revision)},
            "recipe": {"S": journal.recipe},
            **{
                view.value: {"M": {"generation": {"N": str(edition.generation)}, "digest": {"S": edition.digest}}}
                for view, edition in journal.editions.items()
            },
        }
        if journal.until != float("inf"):
            item["until"] = {"N": f"{journal.until:.3f}"}
        with said_not_now("DynamoDB"):
            self._client.put_item(TableName=self._table, Item=item)


def _edition(said: Any) -> Edition:
    return Edition(int(said["generation"]["N"]), said["digest"]["S"])
