"""Local token buckets, so that Route 53's throttles are seldom met."""

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


class Pace:
    """Route 53's two throttles, which are an account's, kept five percent below AWS's own.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html: 10 requests a second, burst
    50; 100 change tokens a second, burst 1,500 (CREATE and DELETE cost 1, UPSERT 2).
    """

    def __init__(self, requests: TokenBucket | None = None, tokens: TokenBucket | None = None) -> None:
        self._requests = requests or TokenBucket(9.5, 47)
        self._tokens = tokens or TokenBucket(95, 1_425)

    def request(self) -> None:
        """Wait until one more request may be sent."""
        self._requests.take(1)

    def change(self, tokens: int) -> None:
        """Wait until a change of so many tokens may be sent."""
        self._tokens.take(tokens)
