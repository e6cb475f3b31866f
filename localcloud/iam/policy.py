"""What IAM policies allow: actions, resources, principals and conditions, with explicit denial first.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    type Context = Mapping[str, list[str]]

NEGATED = re.compile(r"Not(Equals|Like)")


def allows(
    documents: Iterable[str],
    action: str,
    resource: str | None,
    context: Context,
    principal: Mapping[str, set[str]] | None = None,
) -> bool:
    """Tell whether policies allow an action on a resource: some statement does and none denies it.

    No resource means one that is not known here: any matches. Context keys are in lower case. With a
    principal (such as `{"Service": {"events.amazonaws.com"}}`), statements must name it: the documents are
    then policies of resources or roles.
    """
    return _effects(documents, action, resource, context, principal) == {"Allow"}


def denies(
    documents: Iterable[str],
    action: str,
    resource: str | None,
    context: Context,
    principal: Mapping[str, set[str]] | None = None,
) -> bool:
    """Tell whether some statement of the policies denies an action on a resource."""
    return "Deny" in _effects(documents, action, resource, context, principal)


def _effects(
    documents: Iterable[str],
    action: str,
    resource: str | None,
    context: Context,
    principal: Mapping[str, set[str]] | None,
) -> set[str]:
    return {
        statement["Effect"]
        for document in documents
        for statement in _statements(document)
        if _concerns(statement, action, resource, context, principal)
    }


@lru_cache(maxsize=1024)
def _statements(document: str) -> list[dict[str, Any]]:
    return _listed(json.loads(document)["Statement"])


def _concerns(
    statement: dict[str, Any],
    action: str,
    resource: str | None,
    context: Context,
    principal: Mapping[str, set[str]] | None,
) -> bool:
    return (
        _chosen(statement, "Action", lambda pattern: _like(pattern.lower(), action.lower()))
        and _chosen(statement, "Resource", lambda pattern: resource is None or _like(pattern, resource))
        and (principal is None or _named(statement.get("Principal", {}), principal))
        and all(
            _holds(operator, wanted, context.get(key.lower()))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _chosen(statement: dict[str, Any], element: str, matches: Callable[[str], bool]) -> bool:
    """Look at an element or its negation, such as Action and NotAction; a trust policy has no Resource."""
    if f"Not{element}" in statement:
        return not any(map(matches, _listed(statement[f"Not{element}"])))
    return element not in statement or any(map(matches, _listed(statement[element])))


def _named(wanted: str | dict[str, Any], principal: Mapping[str, set[str]]) -> bool:
    if wanted == "*":
        return True
    return any(
        name == "*" or name in principal.get(kind, set())
        for kind, names in (wanted.items() if isinstance(wanted, dict) else ())
        for name in _listed(names)
    )


def _holds(operator: str, wanted: Any, found: list[str] | None) -> bool:
    """Evaluate one condition.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    quantifier, _, operator = operator.rpartition(":")
    operator, if_exists = operator.removesuffix("IfExists"), operator.endswith("IfExists")
    if operator == "Null":
        return (found is None) == (str(_listed(wanted)[0]).lower() == "true")
    if found is None:
        return if_exists or quantifier == "ForAllValues" or bool(NEGATED.search(operator))
    compare = _comparison(NEGATED.sub(r"\1", operator))
    expected = [str(value) for value in _listed(wanted)]
    hits = [any(compare(value, each) for value in expected) for each in found]
    if NEGATED.search(operator):
        hits = [not hit for hit in hits]
    return all(hits) if quantifier == "ForAllValues" else any(hits)


def _comparison(operator: str) -> Callable[[str, str], bool]:
    comparisons: dict[str, Callable[[str, str], bool]] = {
        "StringEquals": str.__eq__,
        "StringEqualsIgnoreCase": lambda wanted, found: wanted.lower() == found.lower(),
        "StringLike": _like,
        "ArnEquals": _like,
        "ArnLike": _like,
        "Bool": lambda wanted, found: wanted.lower() == found.lower(),
        "NumericEquals": lambda wanted, found: float(found) == float(wanted),
        "NumericLessThan": lambda wanted, found: float(found) < float(wanted),
        "NumericLessThanEquals": lambda wanted, found: float(found) <= float(wanted),
        "NumericGreaterThan": lambda wanted, found: float(found) > float(wanted),
        "NumericGreaterThanEquals": lambda wanted, found: float(found) >= float(wanted),
    }
    if operator not in comparisons:
        raise NotImplementedError(f"the policy condition operator {operator} is not emulated")
    return comparisons[operator]


def _like(pattern: str, text: str) -> bool:
    return _pattern(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
