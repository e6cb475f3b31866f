"""API Gateway's part: serves the REST APIs of deployed stacks on loopback.

A route answers below its stage's path, as on AWS (`/api/hosts`), and at the root too (`/hosts`), as behind a
custom domain name: so a client needs to know the port only.
"""

from __future__ import annotations

import json
import logging
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from localcloud.functions.concurrency import ThrottledError
from localcloud.ground.loopback import LoopbackServer, QuietHandler
from localcloud.http import proxy as http_events
from localcloud.http import routes as http_routes
from localcloud.http.authorizers import Authorizers, Refused
from localcloud.http.proxy import MalformedAnswerError, Place, Request, Response

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
        for place, routes in self._places(request.path):
            if match := routes.find(request.method, place.resource_path):
                return self._through(request, match, place, routes)
        return _error(403, {"message": "Missing Authentication Token"}, "MissingAuthenticationTokenException")

    def _places(self, path: str) -> Iterator[tuple[Place, Routes]]:
        """Yield where a path may lead: below a stage first, then at the root; the newest API first."""
        apis = [(name, api, http_routes.read(api.body)) for name, api in reversed(list(self._rest_apis.items()))]
        for name, api, routes in apis:
            for stage in api.stages:
                if path == f"/{stage}" or path.startswith(f"/{stage}/"):
                    below = path.removeprefix(f"/{stage}") or "/"
                    yield Place(name, stage, self._account, below), routes
        for name, api, routes in apis:
            for stage in api.stages:
                yield Place(name, stage, self._account, path), routes

    def _through(self, request: Request, match: Match, place: Place, routes: Routes) -> Response:
        route = match.route
        try:
            context = {}
            if route.authorizer:
                token = request.header(route.authorizer.header)
                context = self._authorizers.judge(route.authorizer, token, self._method_arn(request, place))
            if route.function_arn is None:
                return Response(route.mock_status, list(route.mock_headers.items()), b"")
            event = http_events.event(request, match, place, routes.binary_types, context)
            made = self._invoke(route.function_arn, event)
            if made is None:
                return _error(504, {"message": "Endpoint request timed out"}, "InternalServerErrorException")
            if made.failed:
                return _error(502, {"message": "Internal server error"}, "InternalServerErrorException")
            return http_events.response(made.payload, request.header("Accept"), routes.binary_types)
        except Refused as refusal:
            return _error(refusal.status, refusal.body, refusal.kind)
        except ThrottledError:
            return _error(500, {"message": "Internal server error"}, "InternalServerErrorException")
        except MalformedAnswerError as error:
            log.warning("%s %s: %s", request.method, request.path, error)
            return _error(502, {"message": "Internal server error"}, "InternalServerErrorException")

    def _invoke(self, function_arn: str, event: dict[str, object]) -> Answer | None:
        """Invoke, and wait for 29 seconds at the most; the function goes on beyond them, unheard."""
        payload = json.dumps(event).encode()
        if len(payload) > MAX_EVENT_BYTES:
            raise Refused(413, {"message": "Request Too Long"}, "RequestTooLargeException")
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
            return None
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
        if int(self.headers.get("Content-Length") or 0) > MAX_REQUEST_BYTES:
            self.read_body()  # a client that still sends would not see the answer
            self._send(_error(413, {"message": "Request Too Long"}, "RequestTooLargeException"))
            return
        url = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=url.path,
            query=url.query,
            headers=self._headers(),
            body=self.read_body(),
            source_ip=self.client_address[0],
        )
        try:
            response = self.gateway.answer(request)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            response = _error(500, {"message": "Internal server error"}, "InternalServerErrorException")
        self._send(response, request.id)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve  # noqa: N815 - http.server's names

    def _headers(self) -> list[tuple[str, str]]:
        forwarded = [
            ("X-Forwarded-For", self.client_address[0]),
            ("X-Forwarded-Port", str(self.request.getsockname()[1])),
            ("X-Forwarded-Proto", "http"),
        ]
        return [*self.headers.items(), *forwarded]

    def _send(self, response: Response, request_id: str = "") -> None:
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


def _error(status: int, body: Mapping[str, object], kind: str) -> Response:
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", kind)]
    return Response(status, headers, json.dumps(body, separators=(",", ":")).encode())
