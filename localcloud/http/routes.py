"""The routes of a REST API, read from the OpenAPI document (Swagger 2.0) that a template holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"


@dataclass(frozen=True)
class Authorizer:
    """A Lambda authorizer that judges a token.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
    """

    function_arn: str
    header: str
    cache_seconds: float
    validation: str | None
    """What a token must match before the function is asked."""


@dataclass(frozen=True)
class Route:
    """What one method of one path does."""

    resource: str
    """The path as the document has it, such as `/hosts/{name}`."""
    method: str
    function_arn: str | None
    """The function behind it; None for a mock, which answers by itself."""
    authorizer: Authorizer | None
    mock_status: int = 200
    mock_headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """A route that fits a request, with the path's parameters still percent-encoded, as REST APIs pass them on."""

    route: Route
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Routes:
    """All routes of one API."""

    routes: tuple[Route, ...]
    binary_types: frozenset[str]
    gateway_responses: Mapping[str, Any]

    def find(self, method: str, path: str) -> Match | None:
        """Return the route for a request: literal segments before parameters before greedy parameters."""
        matches = [
            Match(route, dict(zip(_names(route.resource), found.groups(), strict=True)))
            for route in self.routes
            if route.method in (method, "ANY") and (found := _pattern(route.resource).fullmatch(path))
        ]
        return min(matches, key=lambda match: _rank(match.route), default=None)


def read(document: Mapping[str, Any]) -> Routes:
    """Read a document whose references are resolved."""
    authorizers = {
        name: _authorizer(definition) for name, definition in document.get("securityDefinitions", {}).items()
    }
    routes = [
        _route(path, method, operation, authorizers)
        for path, operations in document.get("paths", {}).items()
        for method, operation in operations.items()
        if INTEGRATION in operation
    ]
    return Routes(
        tuple(routes),
        frozenset(document.get("x-amazon-apigateway-binary-media-types", ())),
        document.get("x-amazon-apigateway-gateway-responses", {}),
    )


def _route(path: str, method: str, operation: Mapping[str, Any], authorizers: Mapping[str, Authorizer | None]) -> Route:
    integration = operation[INTEGRATION]
    named = [authorizers.get(name) for each in operation.get("security", []) for name in each]
    answer = integration.get("responses", {}).get("default", {})
    return Route(
        resource=path,
        method="ANY" if method == ANY else method.upper(),
        function_arn=_function(integration["uri"]) if integration["type"].lower() == "aws_proxy" else None,
        authorizer=next((each for each in named if each), None),
        mock_status=int(answer.get("statusCode", 200)),
        mock_headers={
            name.removeprefix("method.response.header."): str(value).strip("'")
            for name, value in answer.get("responseParameters", {}).items()
        },
    )


def _authorizer(definition: Mapping[str, Any]) -> Authorizer | None:
    """Read a token authorizer; other kinds of security are not emulated, and let everyone in."""
    details = definition.get("x-amazon-apigateway-authorizer", {})
    if details.get("type", "").lower() != "token":
        return None
    return Authorizer(
        function_arn=_function(details["authorizerUri"]),
        header=definition.get("name", "Authorization"),
        cache_seconds=float(details.get("authorizerResultTtlInSeconds", 300)),
        validation=details.get("identityValidationExpression"),
    )


def _function(uri: str) -> str:
    """Return the ARN inside of an integration's URI `…/functions/ARN/invocations`."""
    return uri.split("/functions/")[-1].removesuffix("/invocations")


def _names(resource: str) -> list[str]:
    return re.findall(r"\{([^}+]+)\+?\}", resource)


def _pattern(resource: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", resource)
    return re.compile("".join(_part(part) for part in parts))


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    return "(.+)" if part.endswith("+}") else "([^/]+)"


def _rank(route: Route) -> tuple[list[int], bool]:
    """Return the order of preference: segment by segment, then the method before ANY."""
    segments = route.resource.split("/")
    return [2 if each.endswith("+}") else "{" in each for each in segments], route.method == "ANY"
