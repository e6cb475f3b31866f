"""The count of AWS API calls that were served, by action and by caller."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """One served API request."""

    action: str
    """Service and operation, such as `route53:ChangeResourceRecordSets`."""
    caller: str
    """The access key id that signed it."""


class CallLog:
    """Count the API calls that clients make; the emulator's own calls never enter it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[Call] = Counter()

    def record(self, action: str, caller: str) -> None:
        """Add one call."""
        with self._lock:
            self._calls[Call(action, caller)] += 1

    def count(self, action: str, caller: str | None = None) -> int:
        """Return how many calls of an action were served, of one caller or of all."""
        return sum(
            number
            for call, number in self.snapshot().items()
            if call.action == action and caller in (None, call.caller)
        )

    def snapshot(self) -> dict[Call, int]:
        """Return a copy of all counts."""
        with self._lock:
            return dict(self._calls)

    def reset(self) -> None:
        """Forget all counts."""
        with self._lock:
            self._calls.clear()
