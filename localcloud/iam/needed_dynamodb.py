"""What requests to DynamoDB touch: tables, indexes and, for conditions, partition keys.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends

from localcloud.iam.partition_keys import of_items, of_query
from localcloud.iam.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    type Json = Mapping[str, Any]

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
IN_TRANSACTIONS = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Get": "dynamodb:GetItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}
ONE_ITEM = ("GetItem", "PutItem", "UpdateItem", "DeleteItem")


def targets(request: Any) -> Iterator[Target]:
    """Yield the tables and indexes that a request touches, each with the partition keys it names there."""
    body = request.body
    if "TransactItems" in body:
        for item in body["TransactItems"]:
            for kind, operand in item.items():
                yield _target(request, operand["TableName"], [operand], IN_TRANSACTIONS.get(kind))
    elif "RequestItems" in body:
        for table, requests in body["RequestItems"].items():
            yield _target(request, table, _operands(requests))
    elif "TableName" in body:
        yield _one_table(request, body)


def _one_table(request: Any, body: Json) -> Target:
    operation = request._get_action()
    if operation in ONE_ITEM:
        return _target(request, body["TableName"], [body])
    index = body.get("IndexName")
    arn = _arn(request, body["TableName"]) + (f"/index/{index}" if index else "")
    key = _partition_key(request, body["TableName"], index) if operation == "Query" else None
    return Target(arn, _context(of_query(body, key)) if key else {})


def _target(request: Any, table: str, operands: Sequence[Json], permission: str | None = None) -> Target:
    key = _partition_key(request, table)
    items = [operand.get("Key") or operand.get("Item") or {} for operand in operands]
    context = _context(of_items(items, key)) if key else {}
    if permission:
        context["dynamodb:enclosingoperation"] = [request._get_action()]
    return Target(_arn(request, table), context, permission)


def _operands(requests: Any) -> list[Json]:
    """Return the operands of one table in BatchGetItem or BatchWriteItem."""
    if isinstance(requests, dict):
        return [{"Key": key} for key in requests.get("Keys", [])]
    return [operand for each in requests for operand in each.values()]


def _context(values: list[str]) -> dict[str, list[str]]:
    return {"dynamodb:leadingkeys": values} if values else {}


def _partition_key(request: Any, table: str, index: str | None = None) -> str | None:
    """Return the name of a table's or an index's partition key; None where there is no such table."""
    tables = dynamodb_backends[request.current_account][request.region].tables
    found = tables.get(table.rsplit("/", 1)[-1])
    if found is None:
        return None
    schemas = {each.name: each.schema for each in found.all_indexes()}
    schema = schemas.get(index, found.schema) if index else found.schema
    return next(str(each["AttributeName"]) for each in schema if each["KeyType"] == "HASH")


def _arn(request: Any, table: str) -> str:
    if table.startswith("arn:"):
        return table
    return f"arn:aws:dynamodb:{request.region}:{request.current_account}:table/{table}"
