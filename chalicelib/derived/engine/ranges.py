"""A source that is read in ranges, as the file that a demuxer wants to move about in."""

import io
from collections import OrderedDict
from collections.abc import Callable

BLOCK = 1 << 20
_KEPT = 8


class Ranges:
    """A file whose bytes are read in blocks of 1 MiB, of which the last few are kept."""

    def __init__(self, read_range: Callable[[int, int], bytes], size: int) -> None:
        self._read_range, self._size = read_range, size
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def read(self, length: int = -1) -> bytes:
        """Return the next bytes; fewer than asked for at the end."""
        end = self._size if length < 0 else min(self._at + length, self._size)
        parts = []
        while self._at < end:
            number, offset = divmod(self._at, BLOCK)
            if not (part := self._block(number)[offset : offset + end - self._at]):
                break
            parts.append(part)
            self._at += len(part)
        return b"".join(parts)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place, and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            start = number * BLOCK
            self._blocks[number] = self._read_range(start, min(BLOCK, self._size - start))
            if len(self._blocks) > _KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]
