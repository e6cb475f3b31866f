"""What passes between API Gateway and a function: proxy events and proxy answers, version 1.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import binascii
import json
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localcloud.http.routes import Match

type Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Request:
    """An HTTP request as it came in."""

    method: str
    path: str
    """Still percent-encoded, without the query."""
    query: str
    headers: Headers
    body: bytes
    source_ip: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def header(self, name: str) -> str | None:
        """Return the last value of a header."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[-1] if values else None


@dataclass(frozen=True)
class Response:
    """An HTTP response to be sent."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Place:
    """Where in API Gateway a request arrived."""

    api_id: str
    stage: str
    account: str
    resource_path: str
    """The request's path below the stage."""


class MalformedAnswerError(Exception):
    """A function's answer is not one that API Gateway can pass on."""


def event(
    request: Request, match: Match, place: Place, binary_types: frozenset[str], authorizer: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the event for the function behind a route."""
    encoded = is_binary(request.header("Content-Type"), binary_types)
    many_headers, many_queries = _grouped(request.headers), _grouped(parse_qsl(request.query, True))
    body = base64.b64encode(request.body).decode() if encoded else request.body.decode(errors="replace")
    return {
        "resource": match.route.resource,
        "path": place.resource_path,
        "httpMethod": request.method,
        "headers": _last(many_headers),
        "multiValueHeaders": many_headers,
        "queryStringParameters": _last(many_queries),
        "multiValueQueryStringParameters": many_queries,
        "pathParameters": dict(match.parameters) or None,
        "stageVariables": None,
        "requestContext": _context(request, match, place, authorizer),
        "body": body if request.body else None,
        "isBase64Encoded": bool(request.body) and encoded,
    }


def response(answer: bytes, accept: str | None, binary_types: frozenset[str]) -> Response:
    """Return what a function's answer says; raise MalformedAnswerError."""
    try:
        made = json.loads(answer)
        status = int(made["statusCode"])
        body, encoded = made.get("body"), made.get("isBase64Encoded") or False
        headers = _answer_headers(made)
        if not isinstance(body, str | None) or not isinstance(encoded, bool) or not 100 <= status <= 599:
            raise MalformedAnswerError(f"malformed proxy answer: {made!r:.200}")
        content = (body or "").encode()
        # API Gateway decodes only for a client whose first Accept type is one of the API's binary types.
        if encoded and is_binary((accept or "").split(",")[0], binary_types):
            content = base64.b64decode(content, validate=True)
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error) as error:
        raise MalformedAnswerError(f"malformed proxy answer: {answer[:200]!r}") from error
    return Response(status, headers, content)


def is_binary(media_type: str | None, binary_types: frozenset[str]) -> bool:
    """Tell whether a media type is one of those that travel as bytes."""
    plain = (media_type or "").split(";")[0].strip().lower()
    return "*/*" in binary_types or plain in binary_types


def _answer_headers(made: Mapping[str, Any]) -> Headers:
    many = {name.lower(): (name, values) for name, values in (made.get("multiValueHeaders") or {}).items()}
    single = made.get("headers") or {}
    headers = [(name, _text(value)) for name, value in single.items() if name.lower() not in many]
    headers += [(name, _text(value)) for name, values in many.values() for value in values]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return headers


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise MalformedAnswerError(f"a header's value is {value!r}")
    return str(value)


def _context(request: Request, match: Match, place: Place, authorizer: Mapping[str, Any]) -> dict[str, Any]:
    now = time.time()
    agent = request.header("User-Agent")
    host = request.header("Host") or "localhost"
    identity: dict[str, Any] = dict.fromkeys(
        (
            "accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType",
            "cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn",
        )
    )  # fmt: skip
    context = {
        "accountId": place.account,
        "apiId": place.api_id,
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "extendedRequestId": request.id.replace("-", "")[:15] + "=",
        "httpMethod": request.method,
        "identity": identity | {"sourceIp": request.source_ip, "userAgent": agent},
        "path": request.path,
        "protocol": "HTTP/1.1",
        "requestId": request.id,
        "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": f"{hash(match.route.resource) & 0xFFFFFF:06x}",
        "resourcePath": match.route.resource,
        "stage": place.stage,
    }
    return context | ({"authorizer": dict(authorizer)} if authorizer else {})


def _grouped(pairs: Headers) -> dict[str, list[str]] | None:
    grouped: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        grouped[name].append(value)
    return dict(grouped) or None


def _last(grouped: dict[str, list[str]] | None) -> dict[str, str] | None:
    return {name: values[-1] for name, values in grouped.items()} if grouped else None
