"""The Lambda service: invokes functions, at once or later, within the concurrency limits."""

from __future__ import annotations

import json
import logging
import time
import uuid
from typing import TYPE_CHECKING, Any

from localcloud.functions import destinations
from localcloud.functions.async_queue import Again, AsyncEvents, Event
from localcloud.functions.concurrency import Concurrency, ThrottledError
from localcloud.functions.destinations import Outcome
from localcloud.runtime.environment import Answer
from localcloud.runtime.role_sessions import CannotAssumeRoleError

if TYPE_CHECKING:
    from localcloud.functions.pace import Pace
    from localcloud.functions.role_clients import RoleClients
    from localcloud.runtime.configuration import Function, LambdaState
    from localcloud.runtime.environments import Fleet

log = logging.getLogger(__name__)


class Functions:
    """Runs functions in `fleet` as `state` says they are configured."""

    def __init__(
        self,
        state: LambdaState,
        fleet: Fleet,
        clients: RoleClients,
        pace: Pace,
        account_concurrency: int = 64,
    ) -> None:
        self._state = state
        self._fleet = fleet
        self._clients = clients
        self._pace = pace
        self._concurrency = Concurrency(account_concurrency)
        self._events = AsyncEvents(self._attempt)

    @property
    def busy(self) -> bool:
        """Tell whether any invocation runs or any asynchronous one is pending."""
        return self._concurrency.running > 0 or self._events.pending > 0

    def invoke(self, function: str, event: object, request_id: str | None = None) -> Answer:
        """Invoke a function by name or ARN and wait; `event` is JSON as bytes, or anything JSON can hold.

        Raise UnknownFunctionError or ThrottledError; the function's own failure is in the answer.
        """
        found = self._state.function(function)
        with self._concurrency.slot(found):
            return self._run(found, request_id or str(uuid.uuid4()), _payload(event))

    def invoke_async(self, function: str, event: object) -> str:
        """Accept an event for a function and return the request id; raise UnknownFunctionError."""
        found = self._state.function(function)
        accepted = Event(str(uuid.uuid4()), found.arn, _payload(event), time.monotonic())
        self._events.put(accepted)
        return accepted.request_id

    def close(self) -> None:
        """End all invocations and drop what is pending."""
        self._fleet.close()
        self._events.close()

    def _run(self, function: Function, request_id: str, payload: bytes) -> Answer:
        try:
            with self._fleet.lend(function) as sandbox:
                return sandbox.invoke(request_id, function.arn, payload)
        except CannotAssumeRoleError as error:
            problem = {"errorType": "AccessDeniedException", "errorMessage": str(error)}
            return Answer(request_id, json.dumps(problem).encode(), failed=True)

    def _attempt(self, event: Event) -> Again | None:
        """Try an asynchronous event once; tell whether and when to try it again."""
        function = self._state.function(event.function_arn)
        step = self._step(function, event)
        if isinstance(step, Again):
            return step
        self._finish(function, step)
        return None

    def _step(self, function: Function, event: Event) -> Again | Outcome:
        if function.reserved == 0:  # Lambda gives such events up without a retry
            return Outcome("RetriesExhausted", event)
        if time.monotonic() - event.born > function.on_event.get("MaximumEventAgeInSeconds", 21_600):
            return Outcome("EventAgeExceeded", event)
        try:
            answer = self.invoke(event.function_arn, event.payload, event.request_id)
        except ThrottledError:
            delay = self._pace.throttle_delay * 2**event.throttled
            return Again(event.put_off(), min(delay, self._pace.longest_throttle_delay))
        tried = event.tried()
        if not answer.failed:
            return Outcome("Success", tried, answer)
        if tried.attempts <= function.on_event.get("MaximumRetryAttempts", 2):
            return Again(tried, self._pace.retry_delays[tried.attempts - 1])
        return Outcome("RetriesExhausted", tried, answer)

    def _finish(self, function: Function, outcome: Outcome) -> None:
        """Send the outcome where the function's configuration says."""

        def client(service: str) -> Any:
            return self._clients.of(function, service)

        kind = "OnSuccess" if outcome.condition == "Success" else "OnFailure"
        configured = function.on_event.get("DestinationConfig", {}).get(kind, {})
        if target := configured.get("Destination"):
            destinations.send_record(client, target, outcome)
        if kind == "OnFailure" and function.dead_letters:
            destinations.send_dead_letter(client, function.dead_letters, outcome)


def _payload(event: object) -> bytes:
    return event if isinstance(event, bytes) else json.dumps(event).encode()
