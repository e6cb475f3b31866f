"""Asynchronous invocation: events wait in Lambda's own queue, are tried again, and are kept when all fails.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

WORKERS = 8


@dataclass(frozen=True)
class Event:
    """One event on its way to a function."""

    request_id: str
    function_arn: str
    payload: bytes
    born: float
    """When it was accepted, on the monotonic clock."""
    attempts: int = 0
    """How often the function has run for it."""
    throttled: int = 0
    """How often there was no place for it to run."""

    def tried(self) -> Event:
        """Return the event after one more run."""
        return replace(self, attempts=self.attempts + 1)

    def put_off(self) -> Event:
        """Return the event after it found no place to run."""
        return replace(self, throttled=self.throttled + 1)


@dataclass(frozen=True)
class Again:
    """What an attempt returns to be tried again, in so many seconds."""

    event: Event
    delay: float


class AsyncEvents:
    """Calls `attempt(event)` for every event, on worker threads, again as long as it says so."""

    def __init__(self, attempt: Callable[[Event], Again | None]) -> None:
        self._attempt = attempt
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="async-event")
        self._due: list[tuple[float, int, Event]] = []
        self._order = itertools.count()
        self._running = 0
        self._open = True
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._dispatch, name="async-events", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """Return how many events wait or run."""
        with self._changed:
            return len(self._due) + self._running

    def put(self, event: Event, delay: float = 0.0) -> None:
        """Accept an event, to be tried after some seconds."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + delay, next(self._order), event))
            self._changed.notify_all()

    def close(self) -> None:
        """Stop; events that still wait are dropped."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._thread.join()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _dispatch(self) -> None:
        with self._changed:
            while self._open:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0 and self._running < WORKERS:
                    self._running += 1
                    self._workers.submit(self._run, heapq.heappop(self._due)[2])
                else:
                    self._changed.wait(None if self._running >= WORKERS else wait)

    def _run(self, event: Event) -> None:
        again = None
        try:
            again = self._attempt(event)
        except Exception:
            # The invoker was answered long ago: this is the only place to tell.
            log.exception("an asynchronous invocation of %s was lost", event.function_arn)
        with self._changed:
            if again:
                self.put(again.event, again.delay)
            self._running -= 1
            self._changed.notify_all()
