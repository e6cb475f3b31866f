"""The errors that Lambda itself reports for a function, in its words, as invocation payloads.

Source: https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
"""

from __future__ import annotations

import json
import signal

from localcloud.runtime.runtime_api import MAX_RESPONSE_BYTES


def timed_out(request_id: str, seconds: float) -> bytes:
    """Return the error of an invocation that took too long."""
    return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds")


def exited(request_id: str, returncode: int) -> bytes:
    """Return the error of an invocation whose process ended; a negative return code is a signal."""
    if returncode < 0:
        words = f"Runtime exited with error: signal: {signal.strsignal(-returncode)}".lower().replace(
            "runtime", "Runtime"
        )
    elif returncode:
        words = f"Runtime exited with error: exit status {returncode}"
    else:
        words = "Runtime exited without providing a reason"
    return _error("Runtime.ExitError", f"RequestId: {request_id} Error: {words}")


def too_large() -> bytes:
    """Return the error of an invocation that returned more than Lambda takes."""
    words = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    return _error("Function.ResponseSizeTooLarge", words)


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
