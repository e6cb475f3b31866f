"""What API Gateway makes of functions that answer oddly, late or not at all."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.http import routes as http_routes
from localcloud.http.proxy import MalformedAnswerError, response
from localcloud.http.server import HttpApi
from localcloud.stacks.deploy import Stack
from localcloud.stacks.kinds import RestApi
from localcloud.tests.clouds import make_function, send


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


def test_when_the_stack_is_deleted_so_are_its_routes(cloud: LocalCloud, tiny: Stack) -> None:
    assert send(cloud.api_url, "OPTIONS", "/echo/x")[0] == 200
    cloud.delete_stack(tiny.name)
    assert send(cloud.api_url, "OPTIONS", "/echo/x")[0] == 403


def test_bytes_stay_base64_for_a_client_that_does_not_ask_for_their_type_first() -> None:
    answer = json.dumps({"statusCode": 200, "body": "AAEC", "isBase64Encoded": True}).encode()
    kinds = frozenset({"image/png"})
    assert response(answer, "image/png, */*", kinds).body == b"\x00\x01\x02"
    assert response(answer, "text/html, image/png", kinds).body == b"AAEC"
    assert response(answer, None, kinds).body == b"AAEC"
    assert response(answer, None, frozenset({"*/*"})).body == b"\x00\x01\x02"
