"""The throttle of a stage's methods: token buckets.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.http.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from localcloud.http.routes import Route


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class MethodThrottle:
    """Counts the requests of each method of each stage; `clock` tells seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[Hashable, _Bucket] = {}

    def take(self, stage: Hashable, route: Route, settings: Sequence[Mapping[str, Any]]) -> None:
        """Let one request through, or raise Failure."""
        limits = _limits(route, settings)
        if limits is None:
            return
        rate, burst = limits
        now = self._clock()
        with self._lock:
            bucket = self._buckets.setdefault((stage, route.resource, route.method), _Bucket(burst, now))
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled_at) * rate)
            bucket.filled_at = now
            if bucket.tokens < 1:
                raise Failure("THROTTLED", "Too Many Requests")
            bucket.tokens -= 1


def _limits(route: Route, settings: Sequence[Mapping[str, Any]]) -> tuple[float, float] | None:
    """Return rate and burst of a method: its own, or else those of all methods."""
    for resource, method in ((route.resource, route.method), (route.resource, "*"), ("/*", route.method), ("/*", "*")):
        for each in settings:
            fits = _path(each.get("ResourcePath", "/*")) == resource and each.get("HttpMethod", "*") == method
            if fits and "ThrottlingRateLimit" in each and "ThrottlingBurstLimit" in each:
                return float(each["ThrottlingRateLimit"]), float(each["ThrottlingBurstLimit"])
    return None


def _path(setting: str) -> str:
    """Read a resource's path as stages write it: `/~1hosts~1{view}` for `/hosts/{view}`."""
    return setting[1:].replace("~1", "/") if setting.startswith("/~1") else setting
