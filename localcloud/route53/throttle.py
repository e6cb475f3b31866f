"""Route 53's throttling: token buckets for requests and for changes, and one write at a time per zone.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Bucket:
    """A token bucket; it starts full."""

    burst: float
    refill: float
    """Tokens a second."""
    clock: Callable[[], float]
    """Seconds."""
    _held: float = field(init=False)
    _seen: float = field(init=False)

    def __post_init__(self) -> None:
        self._held, self._seen = self.burst, self.clock()

    @property
    def tokens(self) -> float:
        """The tokens in the bucket now."""
        now = self.clock()
        self._held = min(self.burst, self._held + (now - self._seen) * self.refill)
        self._seen = now
        return self._held

    def take(self, tokens: float) -> None:
        """Remove tokens; the caller has looked whether there are enough."""
        self._held = self.tokens - tokens


# (burst, refill a second); an action that is not listed has the account's own limits.
ACCOUNT = (50, 10)
ACTIONS = {
    "AssociateVPCWithHostedZone": (20, 5),
    "CreateHealthCheck": (50, 0.5),
    "CreateHostedZone": (40, 2),
    "CreateReusableDelegationSet": (40, 2),
    "DeleteHealthCheck": (15, 3),
    "DeleteHostedZone": (40, 5),
    "DeleteReusableDelegationSet": (40, 5),
    "DisassociateVPCFromHostedZone": (10, 5),
    "GetHealthCheckStatus": (4, 1),
}
CHANGES = (1500, 100)


class Throttle:
    """Decide which Route 53 requests AWS would refuse for now; off until it is switched on.

    AWS documents that a request takes a token from the account's and from the action's bucket, and that a
    throttled request is one that finds either empty. It does not say what a refused request costs: here it
    costs nothing in any bucket. A batch that is refused for its change tokens, or rejected as invalid, has
    cost its request token, and no change token.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._busy_until: dict[str, float] = {}
        self.on = False
        self.seconds_per_batch = 0.0
        """How long a change batch keeps its zone busy."""

    def admits_request(self, account: str, action: str) -> bool:
        """Take a request's tokens; tell whether the request may go on."""
        if not self.on:
            return True
        buckets = [
            self._bucket(account, "", ACCOUNT),
            self._bucket(account, action, ACTIONS.get(action, ACCOUNT)),
        ]
        admitted = all(bucket.tokens >= 1 for bucket in buckets)
        if admitted:
            for bucket in buckets:
                bucket.take(1)
        return admitted

    def admits_changes(self, account: str, tokens: int) -> bool:
        """Tell whether the account has as many change tokens now."""
        return not self.on or self._bucket(account, "changes", CHANGES).tokens >= tokens

    def take_changes(self, account: str, tokens: int) -> None:
        """Take the tokens of a batch that was carried out."""
        if self.on:
            self._bucket(account, "changes", CHANGES).take(tokens)

    def is_busy(self, zone_id: str) -> bool:
        """Tell whether an earlier batch on the zone is still being processed."""
        return self._clock() < self._busy_until.get(zone_id, float("-inf"))

    def keep_busy(self, zone_id: str) -> None:
        """Let a batch that was carried out occupy its zone for a while."""
        self._busy_until[zone_id] = self._clock() + self.seconds_per_batch

    def _bucket(self, account: str, name: str, limits: tuple[float, float]) -> Bucket:
        return self._buckets.setdefault((account, name), Bucket(*limits, clock=self._clock))
