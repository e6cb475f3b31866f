"""The partition keys that requests to DynamoDB name: the condition key `dynamodb:LeadingKeys`.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    type Json = Mapping[str, Any]


def of_items(items: Iterable[Json], key: str) -> list[str]:
    """Return the values of the attribute `key` in items or their keys, each once."""
    return sorted({_text(item[key]) for item in items if key in item})


def of_query(body: Json, key: str) -> list[str]:
    """Return the value that a query's key condition asks of the partition key."""
    if old := body.get("KeyConditions", {}).get(key):
        return [_text(value) for value in old["AttributeValueList"]] if old["ComparisonOperator"] == "EQ" else []
    names, values = body.get("ExpressionAttributeNames", {}), body.get("ExpressionAttributeValues", {})
    conditions = re.split(r"\bAND\b", body.get("KeyConditionExpression", ""), flags=re.IGNORECASE)
    return [
        _text(values[placeholder])
        for name, placeholder in filter(None, map(_equality, conditions))
        if names.get(name, name) == key and placeholder in values
    ]


def _equality(condition: str) -> tuple[str, str] | None:
    """Read `name = :value`, in parentheses or not."""
    found = re.fullmatch(r"[\s(]*([#\w.-]+)\s*=\s*(:\w+)[\s)]*", condition)
    return (found[1], found[2]) if found else None


def _text(value: Json) -> str:
    return str(next(iter(value.values())))
