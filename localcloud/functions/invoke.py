"""Lambda's Invoke API in terms of the function service: what boto3's `invoke` gets back."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from localcloud.functions.concurrency import ThrottledError
from localcloud.functions.invoke_wire import InvokeAnswer, InvokeRequest

if TYPE_CHECKING:
    from localcloud.functions.service import Functions

MAX_SYNCHRONOUS_BYTES = 6 * 1024 * 1024
MAX_ASYNCHRONOUS_BYTES = 1024 * 1024


def answer(functions: Functions, request: InvokeRequest) -> InvokeAnswer:
    """Serve one call of Invoke.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """
    asynchronous = request.invocation_type == "Event"
    limit = MAX_ASYNCHRONOUS_BYTES if asynchronous else MAX_SYNCHRONOUS_BYTES
    if len(request.payload) > limit:
        kind = request.invocation_type
        words = f"{len(request.payload)} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
        return _refused(413, "RequestTooLargeException", words)
    try:
        json.loads(request.payload)
    except ValueError as error:
        return _refused(400, "InvalidRequestContentException", f"Could not parse request body into json: {error}")
    if request.invocation_type == "DryRun":
        return InvokeAnswer(status=204)
    if asynchronous:
        functions.invoke_async(request.function_arn, request.payload)
        return InvokeAnswer(status=202)
    return _synchronous(functions, request)


def _synchronous(functions: Functions, request: InvokeRequest) -> InvokeAnswer:
    try:
        made = functions.invoke(request.function_arn, request.payload)
    except ThrottledError as error:
        return _refused(429, "TooManyRequestsException", str(error), Reason=error.reason, Type="User")
    return InvokeAnswer(
        payload=made.payload,
        function_error="Unhandled" if made.failed else None,
        log_tail=base64.b64encode(made.tail.encode()).decode() if request.wants_log_tail else None,
    )


def _refused(status: int, kind: str, message: str, **more: str) -> InvokeAnswer:
    body = {**more, "Message": message, "message": message}
    return InvokeAnswer(payload=json.dumps(body).encode(), status=status, error_type=kind)
