"""Route 53's throttles, kept locally, so that they are seldom met."""

from chalicelib.pace import TokenBucket


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
