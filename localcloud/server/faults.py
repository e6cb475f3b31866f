"""Faults on order: the next requests of a call fail, or are carried out and their answers lost.

What a client meets then: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from moto.core import errors
from moto.core.responses import ActionResult
from moto.s3.exceptions import S3ClientError

from localcloud.iam import needed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MET = "localcloud.fault"
"""What a request has met, in its WSGI environment; None for nothing."""


class Failed(S3ClientError):  # type: ignore[misc]  # moto is untyped here
    """A request that is not carried out; S3's own kind of error, for moto's S3 lets no other through."""


@dataclass
class _Fault:
    call: str
    region: str | None
    code: str | None
    status: int
    after: bool
    times: int
    skip: int


@dataclass(frozen=True)
class _Answer:
    status: str
    headers: list[tuple[str, str]]
    body: bytes


class _Dropped:
    """No answer."""


class Faults:
    """Keep the faults that were ordered, and let requests meet them in that order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: list[_Fault] = []

    def fail(
        self,
        call: str,
        *,
        region: str | None = None,
        code: str | None = None,
        status: int = 400,
        after: bool = False,
        times: int = 1,
        skip: int = 0,
    ) -> None:
        """Answer the next requests of a call, such as `ec2:CreateSnapshots`, with an error; `calls` names them so.

        With a region only requests there meet the error.
        Without a code the connection is closed with no answer at all. With `after` the request is carried out
        first, whatever comes of it, and its own answer is lost. Faults of one call are met in the order in which
        they were ordered. SDKs try again: after a closed connection, a status of 500 or more and codes of
        throttling, and each attempt is a request; `times` says how many are met. Requests that are refused for
        their signature or permissions meet no fault, and neither do the emulator's own.
        """
        service, _, operation = call.partition(":")
        if not (service and operation and times > 0 and skip >= 0):
            raise ValueError(f"{call}: a call such as ec2:CreateSnapshots is wanted, and at least one time")
        with self._lock:
            self._ordered.append(_Fault(call, region, code, status, after, times, skip))

    @property
    def pending(self) -> list[str]:
        """Return the calls of the faults that have not been met yet, once for each time."""
        with self._lock:
            return [each.call for each in self._ordered for _ in range(each.times)]

    def clear(self) -> None:
        """Forget what has been ordered."""
        with self._lock:
            self._ordered.clear()

    def meet(self, request: Any) -> None:
        """Let a request meet its fault, if any; raise `Failed` where it must not be carried out."""
        environ = request.normalized_request.environ
        if MET in environ:
            return  # S3 looks at some requests twice
        fault = environ[MET] = self._next(needed.api_call(request), request.region)
        if fault is None:
            return
        error = Failed(fault.code or "Unanswered", "This failure was ordered.")
        answer = _answer(request, error, fault.status)
        environ[MET] = answer if fault.code else _Dropped()
        if not fault.after:
            raise error

    def _next(self, call: str, region: str) -> _Fault | None:
        with self._lock:
            fault = next((f for f in self._ordered if f.call == call and f.region in (None, region)), None)
            if fault is None:
                return None
            if fault.skip:
                fault.skip -= 1
                return None
            fault.times -= 1
            if not fault.times:
                self._ordered.remove(fault)
            return fault


def serve(environ: WSGIEnvironment, start_response: StartResponse, application: WSGIApplication) -> Iterable[bytes]:
    """Serve a request, and let its fault have the last word."""
    said: list[Any] = []

    def started(*response: Any) -> Callable[[bytes], object]:
        said.append(response)
        return lambda _: None  # nothing here writes so

    body = b"".join(application(environ, started))
    match environ.get(MET):
        case _Answer(status, headers, error):
            start_response(status, headers)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [error]
        case _Dropped():
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionError("closed, as was ordered")
        case _:
            start_response(*said[-1])
            return [body]


def _answer(request: Any, error: Failed, status: int) -> _Answer:
    if error.code not in errors.COMMON_ERROR_CODES:
        errors.COMMON_ERROR_CODES.append(error.code)  # or moto warns of a code that a service's description lacks
    _, headers, body = request.serialized(ActionResult(error))
    kept = [(name, str(value)) for name, value in headers.items() if name.lower() not in ("status", "content-length")]
    return _Answer(f"{status} {HTTPStatus(status).phrase}", kept, body if isinstance(body, bytes) else body.encode())
