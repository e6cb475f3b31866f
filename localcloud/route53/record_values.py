"""What Route 53 accepts as the value of a record, by type, in its own words.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from localcloud.route53 import dns_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_STRING = 255
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(?:[0-3][0-7]{2}|.)")


def faults(record_type: str, value: str) -> list[str]:
    """Return what is wrong with a value: nothing, or complaints as AWS makes them."""
    check = _CHECKS.get(record_type)
    return [f"Invalid Resource Record: {fault}" for fault in check(value)] if check else []


def _a(value: str) -> Iterator[str]:
    if " " in value:
        yield _fatal("ARRDATANotSingleField", "Value contains spaces", value)
    elif not _is_address(value, ipaddress.IPv4Address):
        yield _fatal("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address", value)


def _aaaa(value: str) -> Iterator[str]:
    # A scope (`fe80::1%eth0`) has a meaning on one machine only.
    if "%" in value or not _is_address(value, ipaddress.IPv6Address):
        yield _fatal("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address", value)


def _host(value: str) -> Iterator[str]:
    try:
        dns_names.parse(value)
    except dns_names.BadName as bad:
        yield from bad.faults


def _text(value: str) -> Iterator[str]:
    strings = _QUOTED.findall(value)
    if not strings or _QUOTED.sub("", value).strip(" "):
        yield _fatal("InvalidCharacterString", "Value should be enclosed in quotation marks", value)
    elif not (value.isascii() and value.isprintable()):
        yield _fatal("UnsupportedCharacter", "Value contains unsupported characters", value)
    elif any(len(_ESCAPE.sub("x", string)) > LONGEST_STRING for string in strings):
        yield _fatal("CharacterStringTooLong", "Value is too long", value)


def _is_address(value: str, kind: Callable[[str], object]) -> bool:
    try:
        kind(value)
    except ValueError:
        return False
    return True


def _fatal(problem: str, meaning: str, value: str) -> str:
    return f"FATAL problem: {problem} ({meaning}) encountered with '{value}'"


_CHECKS: dict[str, Callable[[str], Iterator[str]]] = {
    "A": _a,
    "AAAA": _aaaa,
    "CNAME": _host,
    "NS": _host,
    "PTR": _host,
    "SPF": _text,
    "TXT": _text,
}
