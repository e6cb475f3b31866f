"""The marked block inside a hosts file, as pure functions on bytes; what is outside the block is never interpreted.

A file whose last line had no newline gets one in front of the block. The block's first line then says so, and the
newline counts as part of the block: taking the block out gives the file back byte for byte.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from groundskeeper_hosts.errors import Refused

BEGIN = b"# BEGIN groundskeeper: do not edit; `groundskeeper-hosts uninstall` takes this block out\n"
BEGIN_JOINED = BEGIN.replace(b"groundskeeper:", b"groundskeeper (the file had no last newline):", 1)
END = b"# END groundskeeper\n"

# Tolerant of spaces, endings and the text that follows: an edited marker must be seen, or a second block would come.
_MARKER = re.compile(rb"^[ \t]*#[ \t]*(BEGIN|END)[ \t]+groundskeeper(?![A-Za-z0-9_.-])[^\n]*\n?", re.MULTILINE)


class Split(NamedTuple):
    """A file's bytes: before the block, the block with its markers (or nothing), after it."""

    before: bytes
    block: bytes
    after: bytes

    @property
    def outside(self) -> bytes:
        """What is not ours."""
        return self.before + self.after

    @property
    def digest(self) -> str:
        """SHA-256 of the block, in hex; "" without a block."""
        return hashlib.sha256(self.block).hexdigest() if self.block else ""

    @property
    def entries(self) -> int:
        """How many name/address pairs the block holds."""
        return len(self.lines)

    @property
    def lines(self) -> list[bytes]:
        """The block's lines without markers and comments."""
        return [line for line in self.block.split(b"\n") if line.strip() and not line.lstrip().startswith(b"#")]


def split(content: bytes) -> Split:
    """Find the block. Raises Refused for half a block, two blocks, nested or reversed markers."""
    marks = list(_MARKER.finditer(content))
    if not marks:
        return Split(content, b"", b"")
    kinds = [mark[1] for mark in marks]
    if kinds != [b"BEGIN", b"END"]:
        raise Refused(_broken(content, marks))
    start, end = marks[0].start(), marks[1].end()
    if content[start : marks[0].end()].startswith(BEGIN_JOINED.rstrip()) and end == len(content):
        start -= content[:start].endswith(
            b"\n"
        )  # the newline that we added; needed as soon as something follows the block
    return Split(content[:start], content[start:end], content[end:])


def put(content: bytes, lines: bytes) -> bytes:
    """Return the content with a block that holds these lines, in the old block's place or at the end."""
    before, _, after = split(content)
    joined = bool(before) and not before.endswith(b"\n")
    return before + (b"\n" + BEGIN_JOINED if joined else BEGIN) + lines + END + after


def remove(content: bytes) -> bytes:
    """Return the content without the block."""
    return split(content).outside


def _broken(content: bytes, marks: list[re.Match[bytes]]) -> str:
    lines = (content.count(b"\n", 0, mark.start()) + 1 for mark in marks[:6])
    seen = ", ".join(f"{mark[1].decode()} in line {line}" for mark, line in zip(marks, lines))
    return f"markers of the groundskeeper block are not one BEGIN and then one END ({seen}): mend the file by hand"
