"""The Lambda runtime API on loopback: what one execution environment asks for work, and answers to.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from queue import SimpleQueue

from localcloud.ground.loopback import LoopbackServer, QuietHandler

MAX_RESPONSE_BYTES = 6_291_556  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_PREFIX = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Invocation:
    """One event on its way into an execution environment; the deadline is in milliseconds since 1970."""

    request_id: str
    function_arn: str
    event: bytes
    deadline_ms: int
    trace_id: str


@dataclass(frozen=True)
class Ready:
    """The runtime has been initialised and asks for an event."""


@dataclass(frozen=True)
class Responded:
    """The handler returned."""

    request_id: str
    payload: bytes


@dataclass(frozen=True)
class Failed:
    """The handler raised."""

    request_id: str
    payload: bytes


@dataclass(frozen=True)
class TooLarge:
    """The handler returned more than Lambda takes; the runtime ends when it is told."""

    request_id: str


@dataclass(frozen=True)
class InitFailed:
    """The function could not be initialised, for instance because an import failed."""

    payload: bytes


@dataclass(frozen=True)
class Exited:
    """The process of the runtime has ended."""

    returncode: int


type Report = Ready | Responded | Failed | TooLarge | InitFailed | Exited


class RuntimeApi:
    """Serves one runtime process, and passes on what it reports, in order, through `reports`."""

    def __init__(self) -> None:
        self.reports: SimpleQueue[Report] = SimpleQueue()
        self._work: SimpleQueue[Invocation | None] = SimpleQueue()
        api = self

        class Handler(_Handler):
            runtime = api

        self._server = LoopbackServer(Handler)

    @property
    def address(self) -> str:
        """Return the value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.port}"

    def hand_over(self, invocation: Invocation) -> None:
        """Answer the runtime's pending, or next, request for work with this event."""
        self._work.put(invocation)

    def next(self) -> Invocation | None:
        """Report readiness and wait for work; None once closed."""
        self.reports.put(Ready())
        return self._work.get()

    def close(self) -> None:
        """Stop serving; a runtime that still waits is turned away."""
        self._work.put(None)
        self._server.close()


class _Handler(QuietHandler):
    runtime: RuntimeApi

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        if self.path != f"{_PREFIX}/invocation/next":
            return self._answer(HTTPStatus.NOT_FOUND)
        work = self.runtime.next()
        if work is None:
            self.close_connection = True
            return self._answer(HTTPStatus.GONE)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": work.request_id,
            "Lambda-Runtime-Deadline-Ms": str(work.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": work.function_arn,
            "Lambda-Runtime-Trace-Id": work.trace_id,
        }
        return self._answer(HTTPStatus.OK, work.event, headers)

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        body = self.read_body()
        match self.path.removeprefix(_PREFIX).strip("/").split("/"):
            case ["init", "error"]:
                self.runtime.reports.put(InitFailed(body))
            case ["invocation", request_id, "response"] if len(body) > MAX_RESPONSE_BYTES:
                self.runtime.reports.put(TooLarge(request_id))
                return self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            case ["invocation", request_id, "response"]:
                self.runtime.reports.put(Responded(request_id, body))
            case ["invocation", request_id, "error"]:
                self.runtime.reports.put(Failed(request_id, body))
            case _:
                return self._answer(HTTPStatus.NOT_FOUND)
        return self._answer(HTTPStatus.ACCEPTED, b'{"status":"OK"}')

    def _answer(self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
