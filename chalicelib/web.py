"""HTTP as every feature speaks it: a request, an answer, and errors as problem details (RFC 9457)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from chalicelib.access.model import Caller
from chalicelib.errors import BadRequest, Conflict, Forbidden, GroundskeeperError, NotFound, TryAgain
from chalicelib.telemetry import logger

PROBLEM = "application/problem+json"
RETRY_SECONDS = 5
UNSUPPORTED = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
STATUSES: Mapping[type[GroundskeeperError], HTTPStatus] = {
    BadRequest: HTTPStatus.BAD_REQUEST,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    TryAgain: HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True)
class Request:
    """What a client asks. Header names are in lower case; ``source_ip`` is the address that API Gateway saw."""

    method: str
    caller: Caller
    source_ip: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    path: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the path, decoded."""
    context: Any = None
    """Lambda's own context of the invocation."""


@dataclass(frozen=True)
class Answer:
    """What a client gets."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def request(received: Any) -> Request:
    """Return what a Chalice request asks; raise BadRequest where its path is no text."""
    context = received.context
    said = context["authorizer"]
    return Request(
        received.method,
        Caller(said["principalId"], frozenset(said["scopes"].split())),
        context["identity"]["sourceIp"],
        dict(received.query_params or {}),
        {name.lower(): value for name, value in received.headers.items()},
        received.raw_body,
        {name: _decoded(value) for name, value in (received.uri_params or {}).items()},
        received.lambda_context,
    )


def _decoded(parameter: str) -> str:
    """Decode a parameter of the path once, since API Gateway passes it on as the client has encoded it."""
    try:
        return unquote(parameter, errors="strict")
    except UnicodeDecodeError as error:
        raise BadRequest(f"the path must be UTF-8, percent-encoded: {error}") from error


def answer(handle: Callable[[], Answer]) -> Answer:
    """Return what a handler answers, or the problem that its error stands for; errors without a status pass through."""
    try:
        return handle()
    except GroundskeeperError as error:
        status = STATUSES.get(type(error))
        if status is None:
            raise
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            logger.warning("not now", extra={"reason": str(error)})
        return problem(status, str(error), error.seconds if isinstance(error, TryAgain) else RETRY_SECONDS)


def problems(event: Any, respond: Callable[[Any], Any]) -> Any:
    """Turn what Chalice itself refuses, or could not do, into a problem too (a Chalice middleware)."""
    response = respond(event)
    if response.status_code >= HTTPStatus.BAD_REQUEST and isinstance(response.body, dict):
        hint = ": send Content-Type: application/json" if response.status_code == UNSUPPORTED else ""
        made = problem(response.status_code, response.body.get("Message", "") + hint)
        response.body, response.headers = made.body, {**response.headers, **made.headers}
    return response


def problem(status: int, detail: str, retry_seconds: int = RETRY_SECONDS) -> Answer:
    """Return a problem of the kind that its status says already."""
    said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), "detail": detail}
    retry = {"Retry-After": str(retry_seconds)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Answer(int(status), json.dumps(said), {"Content-Type": PROBLEM, **retry})


def as_json(status: int, said: object) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(said), {"Content-Type": "application/json"})
