"""Every change made to moto itself, each with its reason; all are undone when the server stops."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaFunction
from moto.core import errors
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.responses import ActionResult, BaseResponse
from moto.iam.access_control import PermissionResult
from moto.s3 import models as s3_models
from moto.s3.models import FakeBucket
from moto.sqs.models import Queue, SQSBackend
from moto.sts import models as sts_models

from localcloud.ground.patching import replaced
from localcloud.iam import access
from localcloud.server import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from localcloud.functions.invoke_wire import LambdaTarget
    from localcloud.ground.gate import Gate


@contextmanager
def enforced_access(seen: Callable[[Any], None], admitted: Callable[[Any], None]) -> Iterator[None]:
    """Check every request as `access` does: all services, S3 included, pass here.

    Show it to `seen` first, and to `admitted` once it may go on, which can raise `faults.Failed`.
    """
    call = BaseResponse.call_action

    def checked(request: Any, _iam_request: Any, resource: str = "*") -> None:
        seen(request)
        access.check(request, resource)
        admitted(request)

    def call_action(response: Any) -> Any:
        try:
            return call(response)
        except (access.Refused, faults.Failed) as refused:
            status, headers, body = response.serialized(ActionResult(refused))
            return 403 if status == 400 and "xml" in headers["Content-Type"] else status, headers, body

    with (
        replaced(errors, "COMMON_ERROR_CODES", [*errors.COMMON_ERROR_CODES, *access.CODES, "Throttling"]),
        replaced(ActionAuthenticatorMixin, "_authenticate_and_authorize_action", checked),
        replaced(BaseResponse, "call_action", call_action),
    ):
        yield


@contextmanager
def bucket_policies_with_conditions() -> Iterator[None]:
    """Keep moto from applying bucket policies, which it does without their conditions: `access` applies them."""
    with replaced(FakeBucket, "get_permission", lambda *_: PermissionResult.NEUTRAL):
        yield


@contextmanager
def stamped_by(now: Callable[[], datetime]) -> Iterator[None]:
    """Let objects be changed and sessions end by the cloud's clock, by which functions judge them."""

    def utcnow() -> datetime:
        return now().replace(tzinfo=None)

    with replaced(s3_models, "utcnow", utcnow), replaced(sts_models, "utcnow", utcnow):
        yield


@contextmanager
def waiting_outside(gate: Gate, stopping: Callable[[], bool]) -> Iterator[None]:
    """Make SQS's long polling step out of the gate while it waits.

    moto waits inside of ReceiveMessage, and decides before the wait which message groups are in flight:
    asking again without a wait each time keeps FIFO order right too.
    """
    receive = SQSBackend.receive_message

    def receive_message(
        backend: Any, name: str, count: int, wait: int, visibility: int, names: list[str] | None = None
    ) -> list[Any]:
        deadline = time.monotonic() + wait
        while True:
            messages: list[Any] = receive(backend, name, count, 0, visibility, names)
            left = deadline - time.monotonic()
            if messages or left <= 0 or stopping():
                return messages
            # Delays and visibility timeouts end without a sign, hence a look once a second.
            gate.wait(min(left, 1.0))

    with replaced(SQSBackend, "receive_message", receive_message):
        yield


@contextmanager
def queues_left_alone(gate: Gate) -> Iterator[None]:
    """Keep moto from pushing messages to event source mappings: they are polled, as Lambda does."""
    add = Queue.add_message

    def add_message(queue: Any, message: Any) -> None:
        mappings, queue.lambda_event_source_mappings = queue.lambda_event_source_mappings, {}
        try:
            add(queue, message)
        finally:
            queue.lambda_event_source_mappings = mappings
        gate.changed()

    with replaced(Queue, "add_message", add_message):
        yield


@contextmanager
def functions_run_elsewhere(gate: Gate, target: Callable[[], LambdaTarget]) -> Iterator[None]:
    """Hand every invocation that moto itself wants to make (S3, SNS, logs …) to the Lambda side: no Docker here."""

    def invoke(function: Any, body: str, _request: Any, _response: Any) -> str:
        arn, event = function.function_arn, json.loads(body)
        gate.afterwards(lambda: target()(arn, event))
        return ""

    with replaced(LambdaFunction, "invoke", invoke):
        yield
