"""Filters of lists, each looked at once for each thing: moto's go through all tags of the account for it.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses._base_response import EC2BaseResponse

from localcloud.ebs.tags import invalid
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    type Values = Callable[[Any], str | Iterable[str] | None]

MOST_VALUES = 200
LONGEST_VALUE = 255
WILD = re.compile(r"\\.|[*?]|[^\\*?]+|\\", re.DOTALL)


def filters_limited() -> AbstractContextManager[Any]:
    """Refuse more values than a call may have, of whatever list of EC2."""
    read = EC2BaseResponse._filters_from_querystring

    def limited(response: Any) -> dict[str, Any]:
        filters: dict[str, Any] = read(response)
        values = [value for each in filters.values() for value in each]
        if len(values) > MOST_VALUES:
            message = f"The maximum number of filter values specified on a single call is {MOST_VALUES}"
            raise EC2ClientError("FilterLimitExceeded", message)
        if any(len(value) > LONGEST_VALUE for value in values):
            message = f"The maximum length for a filter value is {LONGEST_VALUE} characters"
            raise EC2ClientError("FilterLimitExceeded", message)
        return filters

    return replaced(EC2BaseResponse, "_filters_from_querystring", limited)


def kept(things: Iterable[Any], filters: Mapping[str, list[str]], known: Mapping[str, Values]) -> list[Any]:
    """Return those that match every filter; `known` says what of them a filter looks at; raise `EC2ClientError`."""
    tests = [(_values(name, known), _test(wanted)) for name, wanted in filters.items()]
    return [each for each in things if all(_passes(values(each), test) for values, test in tests)]


def _values(name: str, known: Mapping[str, Values]) -> Values:
    if name.startswith("tag:"):
        return lambda each: each.ec2_backend.tags.get(each.id, {}).get(name[4:])
    if name == "tag-key":
        return lambda each: each.ec2_backend.tags.get(each.id, {})
    if name not in known:
        raise invalid(f"The filter '{name}' is invalid")
    return known[name]


def _passes(found: str | Iterable[str] | None, test: Callable[[str], bool]) -> bool:
    if found is None:
        return False
    return test(found) if isinstance(found, str) else any(map(test, found))


def _test(wanted: Iterable[str]) -> Callable[[str], bool]:
    exact = {each for each in wanted if not re.search(r"[*?\\]", each)}
    patterns = [re.compile(_pattern(each), re.DOTALL) for each in wanted if each not in exact]
    return lambda found: found in exact or any(pattern.fullmatch(found) for pattern in patterns)


def _pattern(wanted: str) -> str:
    return "".join(map(_part, WILD.findall(wanted)))


def _part(text: str) -> str:
    if text in ("*", "?"):
        return ".*" if text == "*" else "."
    return re.escape(text[1:] if text.startswith("\\") and len(text) > 1 else text)
