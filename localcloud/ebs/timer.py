"""A thread that does things when their time has come, in real time."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


class Timer:
    """Do what is due, one after the other, until it is closed; what is not due by then is never done."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="localcloud-ebs", daemon=True)
        self._thread.start()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something some seconds from now."""
        with self._changed:
            heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._numbers), action))
            self._changed.notify()

    def close(self) -> None:
        """Stop, once what is being done is done."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while action := self._next():
            try:
                action()
            except Exception:
                # Nobody waits for this: it is written down, and the next one gets its turn.
                log.exception("what was due failed")

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next that is due; return None once the timer is closed."""
        with self._changed:
            while not self._closed:
                left = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(left)
        return None
