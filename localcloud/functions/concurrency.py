"""Lambda's concurrency limits: the reserved one of each function, and what is left of the account's for the others.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.runtime.configuration import Function


class ThrottledError(Exception):
    """Too many invocations run at once; `reason` is Lambda's word for the limit that was hit."""

    def __init__(self, reason: str) -> None:
        super().__init__("Rate Exceeded.")
        self.reason = reason


class Concurrency:
    """Counts what runs; `account` is how many invocations of functions without reservation run at once."""

    def __init__(self, account: int) -> None:
        self._account = account
        self._changed = threading.Condition()
        self._running: Counter[str] = Counter()
        self._unreserved = 0

    @property
    def running(self) -> int:
        """Return how many invocations run."""
        with self._changed:
            return self._running.total()

    @contextmanager
    def slot(self, function: Function) -> Iterator[None]:
        """Hold a place for one invocation; raise ThrottledError when there is none."""
        reserved = function.reserved is not None
        with self._changed:
            if function.reserved is not None and self._running[function.arn] >= function.reserved:
                raise ThrottledError("ReservedFunctionConcurrentInvocationLimitExceeded")
            if not reserved and self._unreserved >= self._account:
                raise ThrottledError("ConcurrentInvocationLimitExceeded")
            self._running[function.arn] += 1
            self._unreserved += not reserved
        try:
            yield
        finally:
            with self._changed:
                self._running[function.arn] -= 1
                self._unreserved -= not reserved
                self._changed.notify_all()
