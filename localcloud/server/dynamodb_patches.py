"""Changes to moto's DynamoDB: transactions are idempotent by their token, and cost the same in a full table.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

import copy
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.dynamodb import models
from moto.dynamodb.exceptions import DynamodbException
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN_SECONDS = 600


class _Mismatch(DynamodbException):  # type: ignore[misc]  # moto is untyped here
    def __init__(self) -> None:
        kind = "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException"
        super().__init__(kind, "ClientToken exists with different parameters")


@contextmanager
def transactions_applied_once() -> Iterator[None]:
    """Answer a repeated token without applying the transaction again; refuse it with other items."""
    write = DynamoHandler.transact_write_items
    done: dict[tuple[str, str, str], tuple[float, str, Any]] = {}

    def written(response: Any) -> Any:
        token = response.body.get("ClientRequestToken")
        if not token:
            return write(response)
        key = (response.current_account, response.region, token)
        items = json.dumps(response.body["TransactItems"], sort_keys=True)
        if key in done and done[key][0] > time.monotonic() - TOKEN_SECONDS:
            if done[key][1] != items:
                raise _Mismatch
            return done[key][2]
        answer = write(response)
        done[key] = (time.monotonic(), items, answer)
        return answer

    with replaced(DynamoHandler, "transact_write_items", written):
        yield


@contextmanager
def transactions_undone_by_item() -> Iterator[None]:
    """Keep copies of the items that a transaction touches, for the case that it fails: moto copies whole tables."""
    write = models.DynamoDBBackend.transact_write_items

    def written(backend: Any, items: list[dict[str, Any]]) -> Any:
        with replaced(models, "copy", _Copying(items)):
            return write(backend, items)

    with replaced(models.DynamoDBBackend, "transact_write_items", written):
        yield


class _Copying:
    """The module `copy` as a transaction sees it."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self._operands = [operand for item in items for operand in item.values()]

    def deepcopy(self, value: Any) -> Any:
        """Copy a value; of a table, only the items that the transaction touches."""
        if not isinstance(value, Table):
            return copy.deepcopy(value)
        table: Any = copy.copy(value)
        ranged = table.has_range_key
        table.items = type(value.items)(dict)
        table.items.update({key: dict(held) if ranged else held for key, held in value.items.items()})
        for operand in self._operands:
            if operand.get("TableName") in (value.name, value.table_arn):
                self._copy_touched(table, operand.get("Key") or operand.get("Item") or {})
        return table

    def _copy_touched(self, table: Any, names: dict[str, Any]) -> None:
        wanted = [names.get(name) for name in (table.hash_key_attr, table.range_key_attr) if name]
        if not all(wanted):
            return  # moto refuses it in a moment
        partition, *rest = [DynamoType(value) for value in wanted]
        holder, key = (table.items.get(partition, {}), rest[0]) if rest else (table.items, partition)
        if key in holder:
            holder[key] = copy.deepcopy(holder[key])
