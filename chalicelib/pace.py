"""A local token bucket, so that AWS's throttles are seldom met."""

import time
from collections.abc import Callable


class TokenBucket:
    """A bucket that holds at most ``burst`` tokens and is refilled at ``rate`` tokens a second."""

    def __init__(
        self,
        rate: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._burst, self._clock, self._sleep = rate, burst, clock, sleep
        self._level, self._at = burst, clock()

    def take(self, tokens: float) -> None:
        """Wait until there are so many tokens, at most one burst, and take them."""
        tokens = min(tokens, self._burst)
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        self._level -= tokens
        if self._level < 0:
            self._sleep(-self._level / self._rate)
