"""What was published last, in the DynamoDB table."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from chalicelib.aws import said_not_now
from chalicelib.hosts.model import PublicationState, Version
from chalicelib.inventory.model import View
from chalicelib.lease.aws import Turn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"pk": {"S": "documents"}, "sk": {"S": "published"}}


class StateStore:
    """The one item that says what was published last; ``lease`` gives the turn to publish."""

    def __init__(self, client: "DynamoDBClient", table: str, lease: Callable[[], AbstractContextManager[Turn]]) -> None:
        self._client, self._table, self.turn = client, table, lease

    def read(self) -> PublicationState:
        """Return what was published last; an empty state if nothing was."""
        with said_not_now("DynamoDB"):
            item = self._client.get_item(TableName=self._table, Key=KEY, ConsistentRead=True).get("Item")
        if item is None:
            return PublicationState()
        return PublicationState(
            int(item["revision"]["N"]),
            item["format_version"]["S"],
            float(item["until"]["N"]) if "until" in item else float("inf"),
            {view: _version(item[view.value]["M"]) for view in View if view.value in item},
            item["in_progress"]["BOOL"],
        )

    def write(self, state: PublicationState) -> None:
        """Write down what was published last."""
        item: dict[str, Any] = {
            **KEY,
            "revision": {"N": str(state.revision)},
            "format_version": {"S": state.format_version},
            "in_progress": {"BOOL": state.in_progress},
            **{
                view.value: {"M": {"generation": {"N": str(version.generation)}, "digest": {"S": version.digest}}}
                for view, version in state.versions.items()
            },
        }
        if state.until != float("inf"):
            item["until"] = {"N": f"{state.until:.3f}"}
        with said_not_now("DynamoDB"):
            self._client.put_item(TableName=self._table, Item=item)


def _version(attribute: Any) -> Version:
    return Version(int(attribute["generation"]["N"]), attribute["digest"]["S"])
