"""YAML as a tree whose every node knows its line, and whose scalars keep their text: ``no`` and ``1:30`` are just that.

What would surprise or harm is refused: tags, several documents, and trees that are deeper, or with every alias written
out larger, than people write.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

LARGEST = 256 * 1024  # bytes of UTF-8
DEEPEST = 16  # lists and mappings within each other
MOST_NODES = 100_000  # with those that aliases repeat: ten lines of aliases can stand for a billion
_NEW_LINE = re.compile(r"\r\n?|\n")
_TAB = "; lines are indented with spaces, never with tabs"
_COLON = "; a text with a colon and a space in it wants quotes"
_HINTS = {"found character '\\t' that cannot start any token": _TAB, "mapping values are not allowed here": _COLON}


class Malformed(Exception):
    """A text is not YAML as it is read here: at which line, and why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason = line, reason


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; None where nothing stands, not even quotes."""

    line: int
    text: str | None
    size: int = 1


@dataclass(frozen=True, slots=True)
class Items:
    """A list; ``size`` is its number of nodes, itself included."""

    line: int
    items: tuple["Node", ...]
    size: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """A mapping as it is written: a key may come twice, and be anything."""

    line: int
    pairs: tuple[tuple["Node", "Node"], ...]
    size: int


type Node = Scalar | Items | Pairs


def read(text: str | bytes) -> Node:
    """Return the root of the one document in a text; raise Malformed where there is none, or it is not well-formed."""
    return _Tree(_events(_decoded(text))).document()


def _decoded(text: str | bytes) -> str:
    octets = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if len(octets) > LARGEST:
        raise Malformed(1, f"the file has {len(octets)} bytes, and {LARGEST} are the most")
    if isinstance(text, str):
        return text
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        reason = f"the byte {text[error.start]:#04x} is not UTF-8: save the file as UTF-8"
        raise Malformed(line, reason) from None


def _events(text: str) -> Iterator[tuple[int, Any]]:
    """Yield PyYAML's events with their lines: one by one and without recursion, so that limits hold in time."""
    import yaml

    starts = [0, *(found.end() for found in _NEW_LINE.finditer(text))]
    try:
        loader = yaml.SafeLoader(text)
        while loader.check_event():
            event = loader.get_event()  # type: ignore[no-untyped-call]
            yield bisect_right(starts, event.start_mark.index), event
    except yaml.reader.ReaderError as error:
        reason = f"the character {chr(error.character)!a} has no place in YAML, but as an escape in double quotes"
        raise Malformed(bisect_right(starts, error.position), reason) from None
    except yaml.MarkedYAMLError as error:
        raise _malformed(error, starts) from None
    except (ValueError, OverflowError):  # PyYAML lets them out: "\UFFFFFFFF", or a version of 5,000 digits
        line = bisect_right(starts, loader.get_mark().index)
        raise Malformed(line, "an escape or a number here is out of range") from None


def _malformed(error: "yaml.MarkedYAMLError", starts: list[int]) -> Malformed:
    reason, mark = error.problem or "", error.problem_mark or error.context_mark
    if error.context and error.context_mark:
        reason = f"{error.context} that begins on line {bisect_right(starts, error.context_mark.index)}: {reason}"
    line = bisect_right(starts, mark.index) if mark else 1
    return Malformed(line, f"is not YAML: {reason}{_HINTS.get(error.problem or '', '')}")


class _Tree:
    """Makes nodes of events."""

    def __init__(self, events: Iterator[tuple[int, Any]]) -> None:
        import yaml

        self._yaml = yaml
        self._events = events
        self._anchors: dict[str | None, Node] = {}

    def document(self) -> Node:
        next(self._events)  # the stream begins
        line, event = next(self._events)
        if isinstance(event, self._yaml.StreamEndEvent):
            raise Malformed(line, "the file is empty")
        root = self._node(*next(self._events), depth=0)
        next(self._events)  # the document ends
        line, event = next(self._events)
        if not isinstance(event, self._yaml.StreamEndEvent):
            raise Malformed(line, "a second document begins, and one is the most: leave the --- out")
        return root

    def _node(self, line: int, event: Any, depth: int) -> Node:
        if isinstance(event, self._yaml.AliasEvent):
            return self._repeated(line, event.anchor)
        if event.tag is not None:
            raise Malformed(line, f"the tag {event.tag!a} means nothing here: leave it out")
        if depth == DEEPEST:
            raise Malformed(line, f"is more than {DEEPEST} levels deep")
        node = (
            self._scalar(line, event) if isinstance(event, self._yaml.ScalarEvent) else self._nest(line, event, depth)
        )
        if node.size > MOST_NODES:
            raise Malformed(line, f"has more than {MOST_NODES} parts, with those that aliases repeat")
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _scalar(self, line: int, event: Any) -> Scalar:
        if any("\ud800" <= character <= "\udfff" for character in event.value):
            raise Malformed(line, "has one half of a surrogate pair, which is no character: write it as \\UXXXXXXXX")
        return Scalar(line, event.value if event.value or event.style else None)

    def _nest(self, line: int, event: Any, depth: int) -> Items | Pairs:
        inner = tuple(self._inner(depth + 1))
        size = 1 + sum(node.size for node in inner)
        if isinstance(event, self._yaml.SequenceStartEvent):
            return Items(line, inner, size)
        return Pairs(line, tuple(zip(inner[::2], inner[1::2], strict=True)), size)

    def _inner(self, depth: int) -> Iterator[Node]:
        for line, event in self._events:
            if isinstance(event, self._yaml.CollectionEndEvent):
                return
            yield self._node(line, event, depth)

    def _repeated(self, line: int, anchor: str | None) -> Node:
        if anchor not in self._anchors:
            raise Malformed(line, f"*{anchor} stands for nothing that is complete before it: write &{anchor} there")
        return self._anchors[anchor]
