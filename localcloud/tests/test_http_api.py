"""The HTTP API of a deployed application, over real connections."""

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from localcloud import http_routes
from localcloud.cloud import LocalCloud
from localcloud.http_api import HttpApi
from localcloud.http_events import MalformedAnswerError, response
from localcloud.resources import RestApi
from localcloud.stack import Stack
from localcloud.tests.clouds import make_function, printed

type Call = Callable[..., Any]


@pytest.fixture
def call(cloud: LocalCloud, tiny: Stack) -> Any:
    """Make a request of the deployed application; return status, headers and body."""

    def request(method: str, path: str, body: Any = None, **headers: Any) -> Any:
        return send(cloud.api_url, method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    return request


def send(url: str, method: str, path: str, body: Any = None, headers: Any = None) -> Any:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_a_route_answers_below_its_stage_and_at_the_root(call: Call) -> None:
    for prefix in ("", "/api"):
        status, headers, body = call("GET", f"{prefix}/echo/you?x=1&y=a%20b&x=2")
        seen = json.loads(body)
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert (seen["name"], seen["greeting"]) == ("you", "hello")
        assert seen["query"] == {"x": "2", "y": "a b"}
        assert seen["context"]["path"] == f"{prefix}/echo/you"
        assert seen["context"]["resourcePath"] == "/echo/{name}"
        assert seen["context"]["stage"] == "api"
        assert seen["context"]["identity"]["sourceIp"] == "127.0.0.1"
        assert headers["x-amzn-RequestId"] == seen["context"]["requestId"]


def test_a_path_parameter_stays_encoded_as_rest_apis_leave_it(call: Call) -> None:
    assert json.loads(call("GET", "/echo/a%2Fb%20c")[2])["name"] == "a%2Fb%20c"


def test_headers_and_body_arrive(call: Call) -> None:
    seen = json.loads(call("POST", "/echo/x", "{}", Content_Type="application/json", X_Mine="1")[2])
    assert seen["body"] == "{}"
    assert seen["headers"]["x-mine"] == "1"
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"


def test_a_literal_path_goes_before_a_parameter(call: Call) -> None:
    assert json.loads(call("GET", "/echo/special")[2]) == {"special": True}


def test_a_greedy_parameter_takes_the_rest_of_the_path(call: Call) -> None:
    assert json.loads(call("GET", "/files/a/b/c.txt")[2]) == {"proxy": "a/b/c.txt"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "/nowhere", id="no such path"),
        pytest.param("DELETE", "/echo/x", id="no such method"),
        pytest.param("GET", "/", id="no root"),
    ],
)
def test_an_unknown_route_answers_as_api_gateway_does(call: Call, method: str, path: str) -> None:
    status, headers, body = call(method, path)
    assert (status, json.loads(body)) == (403, {"message": "Missing Authentication Token"})
    assert headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def test_a_preflight_request_is_answered_without_a_function(cloud: LocalCloud, tiny: Stack, call: Call) -> None:
    status, headers, body = call("OPTIONS", "/echo/x")
    assert (status, body) == (200, b"")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Methods"] == "GET,POST,OPTIONS"
    assert printed(cloud, tiny.functions["APIHandler"]) == []


def test_bytes_come_back_as_bytes(call: Call) -> None:
    assert call("GET", "/thing", Accept="application/x-thing")[2] == bytes(range(256))


def test_bytes_stay_base64_for_a_client_that_does_not_ask_for_their_type_first() -> None:
    answer = json.dumps({"statusCode": 200, "body": "AAEC", "isBase64Encoded": True}).encode()
    kinds = frozenset({"image/png"})
    assert response(answer, "image/png, */*", kinds).body == b"\x00\x01\x02"
    assert response(answer, "text/html, image/png", kinds).body == b"AAEC"
    assert response(answer, None, kinds).body == b"AAEC"
    assert response(answer, None, frozenset({"*/*"})).body == b"\x00\x01\x02"


def test_bytes_are_sent_as_bytes(call: Call) -> None:
    headers = {"Content_Type": "application/x-thing", "Accept": "application/x-thing"}
    assert call("POST", "/thing", b"\x00\xff\x80", **headers)[2] == b"\x00\xff\x80"


def test_a_redirect_with_several_cookies_passes(call: Call) -> None:
    status, headers, _ = call("GET", "/moved")
    assert (status, headers["Location"]) == (302, "/elsewhere")
    assert headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_an_authorizer_lets_a_friend_in_and_passes_its_context_on(call: Call) -> None:
    status, _, body = call("GET", "/members", Authorization="friend")
    context = json.loads(body)
    assert status == 200
    assert (context["principalId"], context["since"], context["vip"]) == ("friend", "7", "true")


@pytest.mark.parametrize(
    ("token", "status", "body"),
    [
        pytest.param(None, 401, {"message": "Unauthorized"}, id="no token"),
        pytest.param("guest", 403, {"Message": "User is not authorized to access this resource"}, id="elsewhere only"),
        pytest.param("broken", 500, {"message": None}, id="a broken authorizer"),
    ],
)
def test_an_authorizer_keeps_others_out(call: Call, token: str | None, status: int, body: Any) -> None:
    headers = {"Authorization": token} if token else {}
    answer = call("GET", "/members", **headers)
    assert (answer[0], json.loads(answer[2])) == (status, body)


def test_an_authorizers_answer_is_kept_and_applied_to_each_route(cloud: LocalCloud, tiny: Stack, call: Call) -> None:
    assert call("GET", "/guests", Authorization="guest")[0] == 200
    assert call("GET", "/members", Authorization="guest")[0] == 403
    assert call("GET", "/guests", Authorization="guest")[0] == 200
    assert printed(cloud, tiny.functions["Gatekeeper"]) == ["asked about guest"]


def test_a_request_over_ten_megabytes_is_refused(call: Call) -> None:
    status, _, body = call("POST", "/echo/x", b"x" * (10 * 1024 * 1024 + 1))
    assert (status, json.loads(body)) == (413, {"message": "Request Too Long"})


def rest_api(arn: str) -> Any:
    """Return the API of one function behind /f."""
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    integration = {"type": "aws_proxy", "uri": uri}
    return {"paths": {"/f": {"x-amazon-apigateway-any-method": {http_routes.INTEGRATION: integration}}}}


@pytest.fixture
def serve(cloud: LocalCloud) -> Any:
    """Serve a function at /f and return the URL."""
    made = []

    def serving(source: str, **limits: Any) -> Any:
        arn = make_function(cloud, source)
        apis = {"id": RestApi(rest_api(arn), {"s"})}
        made.append(HttpApi(cloud.functions, apis, cloud.aws.account_id, "us-east-1", **limits))
        return made[-1].url

    yield serving
    for api in made:
        api.close()


def test_a_slow_function_is_given_up_after_the_integration_timeout(serve: Callable[..., str]) -> None:
    url = serve("import time\ndef handler(event, context): time.sleep(5)\n", integration_seconds=0.3)
    status, _, body = send(url, "GET", "/f")
    assert (status, json.loads(body)) == (504, {"message": "Endpoint request timed out"})


@pytest.mark.parametrize(
    "result",
    [
        pytest.param("'text'", id="no object"),
        pytest.param("{'body': 'x'}", id="no status"),
        pytest.param("{'statusCode': 200, 'body': {'a': 1}}", id="a body that is no text"),
        pytest.param("{'statusCode': 'many'}", id="a status that is no number"),
        pytest.param("{'statusCode': 200, 'headers': {'X': ['a']}}", id="a header that is no text"),
        pytest.param("1 / 0", id="an exception"),
    ],
)
def test_a_malformed_answer_is_a_bad_gateway(serve: Callable[..., str], result: str) -> None:
    url = serve(f"def handler(event, context): return {result}\n")
    status, _, body = send(url, "GET", "/f")
    assert (status, json.loads(body)) == (502, {"message": "Internal server error"})


def test_a_throttled_function_is_a_server_error(cloud: LocalCloud, serve: Callable[..., str]) -> None:
    url = serve("def handler(event, context): return {'statusCode': 200}\n")
    assert send(url, "PUT", "/f")[0] == 200
    cloud.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    assert send(url, "PUT", "/f")[0] == 500


def test_an_answer_may_not_claim_to_be_base64_when_it_is_not() -> None:
    answer = json.dumps({"statusCode": 200, "body": "%%", "isBase64Encoded": True}).encode()
    with pytest.raises(MalformedAnswerError):
        response(answer, "image/png", frozenset({"image/png"}))


def test_when_the_stack_is_deleted_so_are_its_routes(cloud: LocalCloud, tiny: Stack, call: Call) -> None:
    assert call("GET", "/echo/x")[0] == 200
    cloud.delete_stack(tiny.name)
    assert call("GET", "/echo/x")[0] == 403
