"""What the job asks of the engine."""

from collections.abc import Sequence
from typing import Protocol

from chalicelib.derived.engine import workshop
from chalicelib.derived.engine.kinds import sniff
from chalicelib.derived.engine.limits import Limits
from chalicelib.derived.engine.outcome import Outcome
from chalicelib.derived.engine.source import Readable
from chalicelib.derived.model import Kind, Transformation

BASE_MEMORY = 400_000_000  # bytes that a function takes before it renders anything
LARGEST_SOURCE = 100_000_000  # bytes of an image or a document; a video is not read whole
LONGEST = 40.0  # seconds for all pictures of one source


class Opened(Readable, Protocol):
    """A source whose first bytes have been read."""

    head: bytes


class Renderer:
    """Renders within what a function with so many bytes of memory can spare."""

    def __init__(self, memory: int) -> None:
        self._limits = Limits(memory - BASE_MEMORY, LONGEST, LARGEST_SOURCE)

    def kind(self, head: bytes) -> Kind | None:
        """Return what a source is, from its first bytes; None for what cannot be rendered."""
        found = sniff(head)
        return found.kind if found else None

    def version(self, head: bytes) -> str:
        """Return the name and version of the library that renders a source."""
        found = sniff(head)
        return workshop.engine(found) if found else ""

    def render(
        self, opened: Opened, wanted: Sequence[Transformation], beside: Sequence[Transformation]
    ) -> dict[str, Outcome]:
        """Return what each transformation makes of a source, by its name; what reading raises passes through."""
        found = sniff(opened.head)
        return workshop.render(opened, found, wanted, self._limits, beside) if found else {}
