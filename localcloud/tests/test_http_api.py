"""The HTTP API of a deployed application, over real connections."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.stacks.deploy import Stack
from localcloud.tests.clouds import printed, send

type Call = Callable[..., Any]


@pytest.fixture(scope="module")
def served(package: Path) -> Iterator[tuple[LocalCloud, Stack]]:
    """The tiny application, deployed once for these tests: they only ask."""
    with LocalCloud() as cloud:
        yield cloud, cloud.deploy(package, "tiny", {})


@pytest.fixture
def call(served: tuple[LocalCloud, Stack]) -> Call:
    """Make a request of the deployed application; return status, headers and body."""

    def request(method: str, path: str, body: Any = None, **headers: str) -> Any:
        url = served[0].api_url
        return send(url, method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    return request


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


def test_a_preflight_request_is_answered_without_a_function(served: tuple[LocalCloud, Stack], call: Call) -> None:
    cloud, tiny = served
    before = cloud.logs(tiny.functions["APIHandler"])
    status, headers, body = call("OPTIONS", "/echo/x")
    assert (status, body) == (200, b"")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Methods"] == "GET,POST,OPTIONS"
    assert cloud.logs(tiny.functions["APIHandler"]) == before


def test_bytes_come_back_as_bytes(call: Call) -> None:
    assert call("GET", "/thing", Accept="application/x-thing")[2] == bytes(range(256))


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


def test_an_authorizers_answer_is_kept_and_applied_to_each_route(served: tuple[LocalCloud, Stack], call: Call) -> None:
    cloud, tiny = served
    assert call("GET", "/guests", Authorization="guest")[0] == 200
    assert call("GET", "/members", Authorization="guest")[0] == 403
    assert call("GET", "/guests", Authorization="guest")[0] == 200
    assert printed(cloud, tiny.functions["Gatekeeper"]).count("asked about guest") == 1


def test_a_request_over_ten_megabytes_is_refused(call: Call) -> None:
    status, _, body = call("POST", "/echo/x", b"x" * (10 * 1024 * 1024 + 1))
    assert (status, json.loads(body)) == (413, {"message": "Request Too Long"})
