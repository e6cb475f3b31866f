"""What API Gateway itself answers when a request does not get through: gateway responses.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from localcloud.http.proxy import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.http.proxy import Request

JSON = "application/json"
# Status, and the value of the header x-amzn-ErrorType, of each type of response.
TYPES = {
    "ACCESS_DENIED": (403, "AccessDeniedException"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "AuthorizerConfigurationException"),
    "DEFAULT_5XX": (500, "InternalServerErrorException"),
    "INTEGRATION_FAILURE": (504, "InternalServerErrorException"),
    "INTEGRATION_TIMEOUT": (504, "InternalServerErrorException"),
    "INVALID_SIGNATURE": (403, "IncompleteSignatureException"),
    "MISSING_AUTHENTICATION_TOKEN": (403, "MissingAuthenticationTokenException"),
    "REQUEST_TOO_LARGE": (413, "RequestTooLargeException"),
    "THROTTLED": (429, "TooManyRequestsException"),
    "UNAUTHORIZED": (401, "UnauthorizedException"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "UnsupportedMediaTypeException"),
}


class Failure(Exception):
    """A request that ends in the gateway; `type` is the type of gateway response."""

    def __init__(self, type_: str, message: str | None, status: int | None = None) -> None:
        super().__init__(message)
        self.type = type_
        self.message = message
        self.status = status or TYPES[type_][0]


def answer(failure: Failure, customized: Mapping[str, Any], request: Request) -> Response:
    """Return the response to a failure as an API's gateway responses, those it has, shape it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
    """
    fallback = "DEFAULT_4XX" if failure.status < 500 else "DEFAULT_5XX"
    custom = customized.get(failure.type) or customized.get(fallback) or {}
    media_type, template = _template(custom.get("responseTemplates") or {}, request)
    known = _variables(failure, request)
    headers = {"Content-Type": media_type, "x-amzn-ErrorType": TYPES[failure.type][1]}
    for target, source in (custom.get("responseParameters") or {}).items():
        name = target.removeprefix("gatewayresponse.header.")
        headers = {each: value for each, value in headers.items() if each.lower() != name.lower()}
        headers[name] = _value(str(source), request, known)
    body = _filled(template, known) if template is not None else _plain(failure)
    return Response(int(custom.get("statusCode") or failure.status), list(headers.items()), body.encode())


def _template(templates: Mapping[str, str], request: Request) -> tuple[str, str | None]:
    """Choose the template of the first type that the client accepts, or else the one for JSON, if there is one."""
    for accepted in (request.header("Accept") or "").split(","):
        media_type = accepted.split(";")[0].strip().lower()
        if media_type in templates:
            return media_type, templates[media_type]
    return JSON, templates.get(JSON)


def _plain(failure: Failure) -> str:
    # AWS writes this one message, and only here, with a capital.
    name = "Message" if failure.type == "ACCESS_DENIED" else "message"
    return json.dumps({name: failure.message}, separators=(",", ":"))


def _variables(failure: Failure, request: Request) -> dict[str, str]:
    """Return the context variables; https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html."""
    return {
        "context.error.message": failure.message or "",
        "context.error.messageString": json.dumps(failure.message),
        "context.error.responseType": failure.type,
        "context.httpMethod": request.method,
        "context.identity.sourceIp": request.source_ip,
        "context.path": request.path,
        "context.requestId": request.id,
    }


def _filled(template: str, known: Mapping[str, str]) -> str:
    """Put variables in, and nothing else: these templates are not processed by the template engine."""
    return re.sub(r"\$(context(?:\.\w+)+)", lambda found: known.get(found[1], ""), template)


def _value(source: str, request: Request, known: Mapping[str, str]) -> str:
    if source.startswith("'") and source.endswith("'"):
        return source[1:-1]
    if source.startswith("method.request.header."):
        return request.header(source.removeprefix("method.request.header.")) or ""
    return known.get(source, "")
