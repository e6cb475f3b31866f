"""EC2's throttle of the requests that make snapshots, which the emulator does not have by itself."""

import time
from collections import Counter
from typing import Any

from localcloud.iam import needed
from localcloud.server.faults import Faults

# Each action has a bucket of its own: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
BURST, RATE = 100, 5
THROTTLED = ("ec2:CreateSnapshot", "ec2:CreateSnapshots")


class Ec2Throttle(Faults):
    """Faults on order, and those that come of too many requests, where it is on."""

    def __init__(self) -> None:
        super().__init__()
        self.on = True
        self.refused: Counter[str] = Counter()
        self._buckets = {call: _Bucket() for call in THROTTLED}

    def fill(self) -> None:
        """Fill the buckets, as they are after some time without requests, and forget what was refused."""
        self.refused.clear()
        self._buckets = {call: _Bucket() for call in THROTTLED}

    def meet(self, request: Any) -> None:
        """Let a request meet its fault, if any. The emulator serves one request after the other."""
        call = needed.api_call(request)
        if self.on and call in self._buckets and not self._buckets[call].gives():
            self.refused[call] += 1
            self.fail(call, code="RequestLimitExceeded", status=503)
        super().meet(request)


class _Bucket:
    """A full bucket of tokens."""

    def __init__(self) -> None:
        self._level, self._at = float(BURST), time.monotonic()

    def gives(self) -> bool:
        """Take a token, if there is one; say whether there was."""
        now = time.monotonic()
        self._level = min(BURST, self._level + (now - self._at) * RATE)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True
