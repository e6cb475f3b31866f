r"""Domain names as Route 53 reads and writes them: lower case, `\ooo` for every unusual byte.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
LONGEST_LABEL = 63
LONGEST_NAME = 255
_PIECES = re.compile(r"\\([0-3][0-7]{2})|(.)", re.DOTALL)


class BadName(ValueError):
    """A text that is no domain name; `faults` are Route 53's words for what is wrong with it."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Name:
    """A fully qualified domain name: its labels, most specific first, in lower case."""

    labels: tuple[bytes, ...]

    @cached_property
    def _text(self) -> str:
        return "".join(f"{_escaped(label)}." for label in self.labels) or "."

    def __str__(self) -> str:
        return self._text

    @cached_property
    def order(self) -> bytes:
        """The key that sorts names as ListResourceRecordSets does: labels reversed, each with its dot."""
        return b"".join(label + b"." for label in reversed(self.labels))

    def within(self, zone: Name) -> bool:
        """Tell whether this is the zone's apex or a name below it."""
        return len(self.labels) >= len(zone.labels) and (
            self.labels[len(self.labels) - len(zone.labels) :] == zone.labels
        )


@lru_cache(maxsize=65536)
def parse(text: str) -> Name:
    """Read a name, with or without its last dot; raise `BadName`."""
    faults: list[str] = []
    labels = [bytearray()]
    for octal, character in _PIECES.findall(text):
        if octal:
            labels[-1].append(int(octal, 8))
        elif character == ".":
            labels.append(bytearray())
        elif "!" <= character <= "~" and character != "\\":
            labels[-1].extend(character.encode())
        else:
            faults.append(_fatal("UnsupportedCharacter", "Value contains unsupported characters", character))
    if len(labels) > 1 and not labels[-1]:
        labels.pop()
    if not all(labels):
        faults.append(_fatal("DomainLabelEmpty", "Domain label is empty", text))
    faults += [
        _fatal("DomainLabelTooLong", "Domain label is too long", _escaped(bytes(label)))
        for label in labels
        if len(label) > LONGEST_LABEL
    ]
    if sum(len(label) + 1 for label in labels) + 1 > LONGEST_NAME:
        faults.append(_fatal("DomainNameTooLong", "Domain name is too long", text))
    if faults:
        raise BadName(faults)
    return Name(tuple(bytes(label).lower() for label in labels))


def _escaped(label: bytes) -> str:
    return "".join(chr(byte) if byte in PLAIN else f"\\{byte:03o}" for byte in label)


def _fatal(problem: str, meaning: str, value: str) -> str:
    return f"FATAL problem: {problem} ({meaning}) encountered with '{value}'"
