"""One event source mapping of a queue: polls it as Lambda does and invokes the function with batches.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html (windows, batches, visibility) and
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html (concurrency, throttling).
"""

from __future__ import annotations

import logging
import threading
import time
from itertools import batched
from typing import TYPE_CHECKING, Any

from localcloud.functions.concurrency import ThrottledError
from localcloud.functions.destinations import queue_url
from localcloud.queues.messages import Batch, event, failed_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localcloud.functions.pace import Pace
    from localcloud.functions.role_clients import RoleClients
    from localcloud.functions.service import Functions
    from localcloud.queues.depth import QueueState
    from localcloud.queues.messages import Message
    from localcloud.runtime.configuration import LambdaState, QueueMapping
    from localcloud.runtime.environment import Answer

log = logging.getLogger(__name__)

CONCURRENT_BATCHES = 5  # what Lambda begins with
PATIENCE = 1.0  # seconds before a queue that could not be read is tried again
THROTTLED_PAUSE = 0.1
AT_ONCE = 10  # SQS takes and gives so many messages in one call


class Poller:
    """Serves one mapping on a thread of its own until stopped."""

    def __init__(
        self,
        mapping: QueueMapping,
        state: LambdaState,
        queues: QueueState,
        functions: Functions,
        clients: RoleClients,
        pace: Pace,
    ) -> None:
        self.mapping = mapping
        self.problem: str | None = None
        """What kept a batch from being read or settled the last time, if anything did."""
        self._state = state
        self._queues = queues
        self._functions = functions
        self._clients = clients
        self._pace = pace
        self._left_over: list[Message] = []
        self._places = threading.Semaphore(mapping.concurrency or CONCURRENT_BATCHES)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._poll, name=f"poller-{mapping.uuid[:8]}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more messages; a batch at work goes on. Whoever stops pollers wakes the gate, then joins."""
        self._stopped.set()

    def join(self) -> None:
        """Wait until the poller has stopped."""
        self._thread.join(timeout=5)

    def _poll(self) -> None:
        while not self._stopped.is_set():
            # A place first: with a maximum concurrency Lambda does not even receive what it could not run.
            if self._places.acquire(timeout=0.5) and not self._poll_once():
                self._places.release()

    def _poll_once(self) -> bool:
        """Gather a batch and let it be served; return whether there was one."""
        try:
            messages = self._gather()
        except Exception as error:
            self._complain(error)
            self._stopped.wait(PATIENCE)
            return False
        if messages:
            threading.Thread(target=self._serve, args=(messages,), name="queue-batch", daemon=True).start()
        return bool(messages)

    def _gather(self) -> list[Message]:
        """Return a batch: what there is, or all that comes until it is full or the window closes."""
        arn = self.mapping.queue_arn
        if not self._left_over and not self._queues.wait(arn, PATIENCE):
            return []
        batch = Batch(arn, self.mapping.batch_size, self._left_over)
        end = None
        while batch.room and not self._stopped.is_set():
            if end is None and batch.messages:
                end = time.monotonic() + self._window  # the first message opens the window
            left = 0.0 if end is None else end - time.monotonic()
            if self._queues.wait(arn, left):
                batch.add(self._receive(min(batch.room, AT_ONCE)))
            elif left <= 0:
                break
        self._left_over = batch.left_over
        return batch.messages

    def _receive(self, most: int) -> list[Message]:
        sqs, url = self._queue()
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=most,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def _serve(self, messages: list[Message]) -> None:
        """Invoke the function with a batch and settle each message."""
        try:
            failed = self._invoke(messages)
            self._delete([message for message in messages if message["MessageId"] not in failed])
            self._hurry([message for message in messages if message["MessageId"] in failed])
            self.problem = None
        except Exception as error:
            # The messages become visible again by themselves; there is nobody to raise to.
            self._complain(error)
        finally:
            self._places.release()

    def _invoke(self, messages: list[Message]) -> set[str]:
        """Return the ids of the messages that failed."""
        everything = {message["MessageId"] for message in messages}
        answer = self._answer(event(messages, self.mapping.queue_arn))
        if answer is None or answer.failed:
            return everything
        return failed_ids(messages, answer.payload, self.mapping.partial)

    def _answer(self, batch: dict[str, Any]) -> Answer | None:
        """Invoke; while throttled try again until the messages become visible anyhow, then return None."""
        deadline = time.monotonic() + self._queues.visibility_timeout(self.mapping.queue_arn)
        while time.monotonic() < deadline and not self._stopped.is_set():
            try:
                return self._functions.invoke(self.mapping.function_arn, batch)
            except ThrottledError:
                self._stopped.wait(THROTTLED_PAUSE)
        return None

    def _delete(self, messages: Sequence[Message]) -> None:
        sqs, url = self._queue()
        for some in batched(messages, AT_ONCE):
            sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(some)
                ],
            )

    def _complain(self, error: Exception) -> None:
        self.problem = f"{type(error).__name__}: {error}"
        log.warning("%s is not served to %s: %s", self.mapping.queue_arn, self.mapping.function_arn, error)

    def _hurry(self, messages: Sequence[Message]) -> None:
        if self._pace.failed_message is not None:
            handles = {message["ReceiptHandle"] for message in messages}
            self._queues.show_again(self.mapping.queue_arn, handles, self._pace.failed_message)

    @property
    def _window(self) -> float:
        limit = self._pace.longest_window
        return self.mapping.window if limit is None else min(self.mapping.window, limit)

    def _queue(self) -> tuple[Any, str]:
        sqs = self._clients.of(self._state.function(self.mapping.function_arn), "sqs")
        return sqs, queue_url(sqs, self.mapping.queue_arn)
