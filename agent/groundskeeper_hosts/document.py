"""A document of the server, read line by line; one bad line and none of it is believed."""

from __future__ import annotations

from dataclasses import dataclass

from groundskeeper_hosts.checks import address_fault, name_fault
from groundskeeper_hosts.errors import Refused

LOCALHOST = ("127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback")


@dataclass(frozen=True)
class Document:
    """What a document says: lines `address TAB name`, how many there were, and our own names, which were left out."""

    lines: bytes
    entries: int
    left_out: tuple[str, ...]

    @property
    def installable(self) -> int:
        """How many entries there are without our own names."""
        return self.lines.count(b"\n")


def parse(body: bytes, suffixes: tuple[str, ...], own: frozenset[str]) -> Document:
    """Read a document. Raises Refused, with the line's number, for anything but comments and good entries.

    The lines that name this machine itself are left out, not refused: a member of the fleet finds itself in the list.
    Nothing that the server sent is passed on as it came; the lines are written anew from what was understood.
    """
    good, own_found, entries = [], set(), 0
    for number, line in enumerate(_text(body).split("\n")[:-1], 1):
        if line.startswith("#") or line in LOCALHOST:
            continue
        address, name = _entry(number, line, suffixes)
        entries += 1
        if name.lower() in own:
            own_found.add(name)
        else:
            good.append(f"{address}\t{name}\n")
    return Document("".join(good).encode("ascii"), entries, tuple(sorted(own_found)))


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Refused(f"the document is not UTF-8 text (line {line})") from error
    if text and not text.endswith("\n"):
        raise Refused("the document's last line is not whole")
    return text


def _entry(number: int, line: str, suffixes: tuple[str, ...]) -> tuple[str, str]:
    address, tab, name = line.partition("\t")
    fault = "not `address TAB name`" if not tab else address_fault(address) or name_fault(name, suffixes)
    if fault:
        raise Refused(f"line {number} of the document, {line[:80]!r}: {fault}; nothing of the document was installed")
    return address, name
