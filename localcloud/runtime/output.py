"""A process's output, cut into lines as it comes, and read dry on demand."""

from __future__ import annotations

import os
import select
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 65_536


class Output:
    """Read one end of a pipe on a thread of its own and pass on each line, decoded, without its end.

    The runtime client joins the lines of a traceback by carriage returns; they become lines of one record again.
    """

    def __init__(self, pipe: int, sink: Callable[[str], None]) -> None:
        self._pipe = pipe
        self._sink = sink
        self._rest = b""
        self._ended = False
        self._reading = threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="function-output", daemon=True)
        self._thread.start()

    def drain(self) -> None:
        """Pass on everything that has been written so far."""
        with self._reading:
            while not self._ended and self._readable(0):
                self._read()

    def join(self) -> None:
        """Wait, for a moment, until the writers have closed their end; then pass on what was left."""
        self._thread.join(timeout=1)

    def _follow(self) -> None:
        while not self._ended:
            self._readable(None)
            self.drain()

    def _readable(self, timeout: float | None) -> bool:
        return bool(select.select([self._pipe], [], [], timeout)[0])

    def _read(self) -> None:
        chunk = os.read(self._pipe, _CHUNK)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk:
            self._ended = True
            os.close(self._pipe)
            lines = [self._rest] if self._rest else []
        for line in lines:
            self._sink(line.decode(errors="replace").replace("\r", "\n"))
