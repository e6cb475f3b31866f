"""API Gateway's part: serves the REST APIs of deployed stacks on loopback.

A route answers below its stage's path, as on AWS (`/api/hosts`), and at the root too (`/hosts`), as behind a
custom domain name: so a client needs to know the port only.
"""

from __future__ import annotations

import json
import logging
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from localcloud.functions.concurrency import ThrottledError
from localcloud.ground.loopback import LoopbackServer, QuietHandler
from localcloud.http import proxy as http_events
from localcloud.http import routes as http_routes
from localcloud.http.authorizers import Authorizers
from localcloud.http.compression import compressed, decompressed
from localcloud.http.failures import Failure, answer
from localcloud.http.proxy import MalformedAnswerError, Place, Request, Response
from localcloud.http.throttle import MethodThrottle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localcloud.functions.service import Functions
    from localcloud.http.routes import Match, Routes
    from localcloud.runtime.environment import Answer
    from localcloud.stacks.kinds import RestApi

log = logging.getLogger(__name__)

MAX_REQUEST_BYTES = 10 * 1024 * 1024  # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
MAX_EVENT_BYTES = 6 * 1024 * 1024
INTEGRATION_SECONDS = 29.0
NAMED = "/_aws/execute-api"
"""Below it a path names its API and stage, as a host name does on AWS: `/_aws/execute-api/ID/STAGE/…`."""


class HttpApi:
    """Serves the APIs in `rest_apis`, as they come and go; raises OSError when the port is taken."""

    def __init__(
        self,
        functions: Functions,
        rest_apis: Mapping[str, RestApi],
        account: str,
        region: str,
        port: int = 0,
        integration_seconds: float = INTEGRATION_SECONDS,
    ) -> None:
        self._functions = functions
        self._rest_apis = rest_apis
        self._account = account
        self._region = region
        self._limit = integration_seconds
        self._authorizers = Authorizers(functions)
        self._throttle = MethodThrottle()
        api = self

        class Handler(_Handler):
            gateway = api

        self._server = LoopbackServer(Handler, port)

    @property
    def url(self) -> str:
        """Return the URL at which routes answer without their stage's path."""
        return f"http://127.0.0.1:{self._server.port}"

    def close(self) -> None:
        """Stop serving and release the port."""
        self._server.close()

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        places = list(self._places(request.path))
        for place, routes in places:
            if match := routes.find(request.method, place.resource_path):
                return self._guarded(request, match, place, routes)
        return answer(_no_route(request), places[0][1].gateway_responses if places else {}, request)

    def _places(self, path: str) -> Iterator[tuple[Place, Routes]]:
        """Yield where a path may lead: to the API it names, below a stage, then at the root; the newest API first."""
        apis = [(name, api, http_routes.read(api.body)) for name, api in reversed(list(self._rest_apis.items()))]
        for name, api, routes in apis:
            for stage in api.stages:
                if path.startswith(prefix := f"{NAMED}/{name}/{stage}/"):
                    yield Place(name, stage, self._account, f"/{path.removeprefix(prefix)}"), routes
        for name, api, routes in apis:
            for stage in api.stages:
                if path == f"/{stage}" or path.startswith(f"/{stage}/"):
                    below = path.removeprefix(f"/{stage}") or "/"
                    yield Place(name, stage, self._account, below), routes
        for name, api, routes in apis:
            for stage in api.stages:
                yield Place(name, stage, self._account, path), routes

    def _guarded(self, request: Request, match: Match, place: Place, routes: Routes) -> Response:
        try:
            return self._through(request, match, place, routes)
        except Failure as failure:
            return answer(failure, routes.gateway_responses, request)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return answer(_internal(500), routes.gateway_responses, request)

    def _through(self, request: Request, match: Match, place: Place, routes: Routes) -> Response:
        if len(request.body) > MAX_REQUEST_BYTES:
            raise Failure("REQUEST_TOO_LARGE", "Request Too Long")
        route, api = match.route, self._rest_apis[place.api_id]
        self._throttle.take((place.api_id, place.stage), route, api.method_settings.get(place.stage, []))
        context = {}
        if route.authorizer:
            token = request.header(route.authorizer.header)
            context = self._authorizers.judge(route.authorizer, token, self._method_arn(request, place))
        if route.function_arn is None:
            return Response(route.mock_status, list(route.mock_headers.items()), b"")
        request = decompressed(request, api.minimum_compression)
        event = http_events.event(request, match, place, routes.binary_types, context)
        response = self._response(route.function_arn, event, request, routes)
        return compressed(response, request, api.minimum_compression)

    def _response(self, function_arn: str, event: dict[str, Any], request: Request, routes: Routes) -> Response:
        try:
            made = self._invoke(function_arn, event)
            if made.failed:
                raise _internal(502)
            return http_events.response(made.payload, request.header("Accept"), routes.binary_types)
        except ThrottledError as error:
            raise _internal(500) from error
        except MalformedAnswerError as error:
            log.warning("%s %s: %s", request.method, request.path, error)
            raise _internal(502) from error

    def _invoke(self, function_arn: str, event: dict[str, Any]) -> Answer:
        """Invoke, and wait for 29 seconds at the most; the function goes on beyond them, unheard."""
        payload = json.dumps(event).encode()
        if len(payload) > MAX_EVENT_BYTES:
            raise Failure("REQUEST_TOO_LARGE", "Request Too Long")
        outcome: SimpleQueue[Answer | Exception] = SimpleQueue()

        def run() -> None:
            try:
                outcome.put(self._functions.invoke(function_arn, payload))
            except Exception as error:
                outcome.put(error)

        threading.Thread(target=run, name="http-request", daemon=True).start()
        try:
            made = outcome.get(timeout=self._limit)
        except Empty:
            raise Failure("INTEGRATION_TIMEOUT", "Endpoint request timed out") from None
        if isinstance(made, Exception):
            raise made
        return made

    def _method_arn(self, request: Request, place: Place) -> str:
        where = f"arn:aws:execute-api:{self._region}:{self._account}:{place.api_id}"
        return f"{where}/{place.stage}/{request.method}{place.resource_path}"


class _Handler(QuietHandler):
    gateway: HttpApi

    def serve(self) -> None:
        """Answer a request of any method."""
        url = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=url.path,
            query=url.query,
            headers=self._headers(),
            body=self.read_body(),
            source_ip=self.client_address[0],
        )
        self._send(self.gateway.answer(request), request.id)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve  # noqa: N815 - http.server's names

    def _headers(self) -> list[tuple[str, str]]:
        forwarded = [
            ("X-Forwarded-For", self.client_address[0]),
            ("X-Forwarded-Port", str(self.request.getsockname()[1])),
            ("X-Forwarded-Proto", "http"),
        ]
        return [*self.headers.items(), *forwarded]

    def _send(self, response: Response, request_id: str) -> None:
        self.send_response(response.status)
        for name, value in response.headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("x-amzn-RequestId", request_id)
        if response.status not in (204, 304):
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD" and response.status not in (204, 304):
            self.wfile.write(response.body)


def _no_route(request: Request) -> Failure:
    """Return how API Gateway refuses what it has no route for.

    Where a header Authorization came along it takes that for a signature, and says that it cannot read it
    (https://repost.aws/knowledge-center/api-gateway-authentication-token-errors).
    """
    if request.header("Authorization") is None:
        return Failure("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
    return Failure("INVALID_SIGNATURE", "Invalid key=value pair (missing equal-sign) in Authorization header")


def _internal(status: int) -> Failure:
    """Return the failure of a function: API Gateway tells nothing of it."""
    return Failure("DEFAULT_5XX", "Internal server error", status)
