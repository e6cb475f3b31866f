"""The one lock in front of moto, which is not thread safe, and the place where its consequences wait their turn."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

log = logging.getLogger(__name__)


class Gate:
    """Let one thread at a time into moto; run what it caused (deliveries, events) after it has left.

    Entering again from the same thread is allowed.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._held = _Held()
        self._owed = 0

    def __enter__(self) -> Self:
        self._lock.acquire()
        self._held.depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.depth -= 1
        outermost = self._held.depth == 0
        self._lock.release()
        if outermost:
            self._run_what_waits()

    @property
    def busy(self) -> bool:
        """Tell whether something that moto has caused waits or runs."""
        with self._lock:
            return self._owed > 0

    def afterwards(self, action: Callable[[], None]) -> None:
        """Run an action once this thread has left moto: it may take long, and may call the server itself."""
        if self._held.depth == 0:
            action()
        else:
            self._held.waiting.append(action)
            self._owed += 1

    def changed(self) -> None:
        """Wake every thread that waits in `wait`."""
        with self._lock:
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Step out of moto until something changes, for some seconds at the most."""
        self._changed.wait(seconds)

    @contextmanager
    def left(self) -> Iterator[None]:
        """Step out of moto for a piece of work in the middle of a request."""
        depth = self._held.depth
        for _ in range(depth):
            self._lock.release()
        self._held.depth = 0
        try:
            yield
        finally:
            for _ in range(depth):
                self._lock.acquire()
            self._held.depth = depth

    def _run_what_waits(self) -> None:
        waiting, self._held.waiting = self._held.waiting, []
        for action in waiting:
            try:
                action()
            except Exception:
                # The request that caused this has been answered already: nobody is left to raise to.
                log.exception("a delivery failed")
            finally:
                with self._lock:
                    self._owed -= 1


class _Held(threading.local):
    """What one thread holds of the gate."""

    def __init__(self) -> None:
        self.depth = 0
        self.waiting: list[Callable[[], None]] = []
