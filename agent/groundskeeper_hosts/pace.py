"""How long to wait: jitter, so that a fleet does not come at once; backoff, so that a sick server can recover."""

from __future__ import annotations

LONGEST_BACKOFF = 900.0
LONGEST_RETRY_AFTER = 3600.0
LEAST_SPREAD = 5.0  # seconds over which those who were told the same Retry-After come back


def pause(interval: float, failures: int, retry_after: float | None, chance: float) -> float:
    """Return the seconds until the next attempt; ``chance`` is a random number from 0 to 1."""
    if not failures:
        return interval * (0.9 + 0.2 * chance)
    backoff = min(interval * 2.0 ** min(failures - 1, 16), max(interval, LONGEST_BACKOFF))
    asked = min(retry_after or 0.0, LONGEST_RETRY_AFTER)
    spread = max(0.1 * asked, LEAST_SPREAD) if asked else 0.0
    return max(backoff * (0.5 + 0.5 * chance), asked + spread * chance)
