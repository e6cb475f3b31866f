"""One write to an item of the table, as DynamoDB's expressions say it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

type Attributes = Mapping[str, Any]
"""Attribute values of DynamoDB by path, such as ``claim.until``."""


@dataclass(frozen=True)
class Write:
    """What becomes of an item, if those attributes are ``absent`` and these ``same`` as they were seen."""

    key: Attributes
    sets: Attributes = field(default_factory=dict)
    removes: tuple[str, ...] = ()
    adds: Attributes = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    same: Attributes = field(default_factory=dict)
    deletes: bool = False

    @property
    def operation(self) -> str:
        """Return what a transaction calls it."""
        return "Delete" if self.deletes else "Update"

    def parameters(self, table: str) -> dict[str, Any]:
        """Return it as parameters of UpdateItem or DeleteItem, or of that part of a transaction."""
        made = _Expressions()
        clauses = [
            made.clause("SET", [f"{made.name(path)} = {made.value(value)}" for path, value in self.sets.items()]),
            made.clause("REMOVE", [made.name(path) for path in self.removes]),
            made.clause("ADD", [f"{made.name(path)} {made.value(value)}" for path, value in self.adds.items()]),
        ]
        conditions = [f"attribute_not_exists({made.name(path)})" for path in self.absent]
        conditions += [f"{made.name(path)} = {made.value(value)}" for path, value in self.same.items()]
        said = {
            "UpdateExpression": " ".join(filter(None, clauses)),
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": made.names,
            "ExpressionAttributeValues": made.values,
        }
        return {"TableName": table, "Key": self.key, **{name: value for name, value in said.items() if value}}


class _Expressions:
    """Collects placeholders: DynamoDB reserves many words, and refuses placeholders that are not used."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, path: str) -> str:
        parts = path.split(".")
        self.names.update({f"#{part}": part for part in parts})
        return ".".join(f"#{part}" for part in parts)

    def value(self, value: Any) -> str:
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = value
        return placeholder

    @staticmethod
    def clause(verb: str, actions: list[str]) -> str:
        return f"{verb} {', '.join(actions)}" if actions else ""
