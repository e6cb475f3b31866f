"""How much sooner than Lambda the emulator acts: whoever tries a thing out, or tests it, does not wait for hours."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """How long the emulator waits where Lambda waits for long; all in seconds."""

    retry_delays: tuple[float, float] = (0.2, 0.4)
    """Before the second and the third attempt of an asynchronous invocation; Lambda waits 60 and 120."""
    throttle_delay: float = 0.2
    """Before a throttled event is tried again, doubled each time."""
    longest_throttle_delay: float = 5.0
    """Lambda's is five minutes."""
    failed_message: int | None = None
    """Until a failed message of a queue is seen again; None: after the queue's visibility timeout, as in AWS."""
    longest_window: float | None = None
    """To gather a batch of a queue's messages, at the most; None: as long as the mapping says, as in AWS."""
