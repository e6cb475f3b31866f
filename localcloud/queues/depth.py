"""How full a queue is and when to look again, seen in moto itself, without a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.utils import unix_time_millis
from moto.sqs.models import sqs_backends

if TYPE_CHECKING:
    from localcloud.ground.gate import Gate

LONGEST_WAIT = 1.0  # what changes without a sign (a visibility timeout set to 0) is seen after a second


class QueueState:
    """Looks at queues by ARN; a queue that is gone is an empty one."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def size(self, arn: str) -> int:
        """Return how many messages there are: visible, in flight and delayed ones."""
        with self._gate:
            return len(self._messages(arn))

    def visibility_timeout(self, arn: str) -> float:
        """Return the queue's visibility timeout in seconds."""
        with self._gate:
            queue = self._queue(arn)
            return float(queue.visibility_timeout) if queue else 30.0

    def show_again(self, arn: str, handles: set[str], seconds: int) -> None:
        """Let received messages become visible again after some seconds."""
        with self._gate:
            for message in self._messages(arn):
                if message.receipt_handle in handles:
                    message.change_visibility(seconds)
            self._gate.changed()

    def wait(self, arn: str, seconds: float) -> bool:
        """Tell whether a message can be received now; if not, wait for one for some seconds.

        Returns early, without a message, whenever anything changes in any queue.
        """
        with self._gate:
            left = self._until_visible(arn)
            if left > 0 and seconds > 0:
                self._gate.wait(min(left, seconds))
                left = self._until_visible(arn)
            return left <= 0

    def _until_visible(self, arn: str) -> float:
        now = unix_time_millis()
        messages = self._messages(arn)
        # A message of a FIFO queue waits for the ones of its group that are in flight.
        held = {message.group_id for message in messages if message.group_id and message.visible_at > now}
        times = [max(m.visible_at, m.delayed_until) - now for m in messages if m.group_id not in held]
        return min([LONGEST_WAIT, *(float(left) / 1000 for left in times)])

    def _messages(self, arn: str) -> list[Any]:
        queue = self._queue(arn)
        return list(queue._messages) if queue else []

    def _queue(self, arn: str) -> Any:
        *_, region, account, name = arn.split(":")
        return sqs_backends[account][region].queues.get(name)
