"""What the engine reads from."""

from typing import Protocol


class Readable(Protocol):
    """The bytes of a source, wherever they are."""

    @property
    def size(self) -> int:
        """Return how many bytes there are."""
        ...

    def read_all(self) -> bytes:
        """Return everything."""
        ...

    def read_range(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes from ``start``; fewer only at the end."""
        ...
