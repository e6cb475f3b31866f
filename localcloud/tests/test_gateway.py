"""What API Gateway itself does with requests: gateway responses, compression, throttling, the authorizer's cache."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.http import routes as http_routes
from localcloud.http.failures import Failure
from localcloud.http.routes import Route
from localcloud.http.server import HttpApi
from localcloud.http.throttle import MethodThrottle
from localcloud.stacks import sam
from localcloud.stacks.kinds import RestApi
from localcloud.tests.clouds import make_function, printed, send

type Serve = Callable[..., str]
SIGNATURE = "Invalid key=value pair (missing equal-sign) in Authorization header"
PROBLEM = '{"status":401,"detail":$context.error.messageString,"type":"$context.error.responseType"}'
CUSTOM: dict[str, Any] = {
    "UNAUTHORIZED": {
        "statusCode": "401",
        "responseParameters": {
            "gatewayresponse.header.WWW-Authenticate": "'Bearer'",
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.X-Sent": "method.request.header.x-mine",
        },
        "responseTemplates": {"application/json": PROBLEM, "text/plain": "$context.error.message ($context.requestId)"},
    },
    "DEFAULT_4XX": {"responseTemplates": {"application/json": '{"detail":"$context.error.message"}'}},
    "DEFAULT_5XX": {"statusCode": "503", "responseParameters": {"gatewayresponse.header.Retry-After": "'1'"}},
}
ANSWER = """
import json
def handler(event, context):
    print(event.get('authorizationToken', event.get('path')))
    if event.get('type') == 'TOKEN':
        arn = event['methodArn'].rsplit('/', 1)[0]
        statement = {'Effect': 'Allow', 'Action': 'execute-api:Invoke', 'Resource': arn + '/open'}
        context = {'a': []} if event['authorizationToken'] == 'odd' else {}
        return {'principalId': 'me', 'policyDocument': {'Statement': [statement]}, 'context': context}
    if event['path'] == '/broken':
        raise ValueError
    query = event['queryStringParameters'] or {}
    body = 'x' * int(query.get('size', 0)) or json.dumps([event['body'], sorted(event['headers'])])
    headers = {'ETag': '"e"'} | ({'Content-Encoding': 'br'} if 'encoded' in query else {})
    return {'statusCode': int(query.get('status', 200)), 'body': body, 'headers': headers}
"""


def document(arn: str, **more: Any) -> Any:
    """Return an API: /open and /shut behind an authorizer, /broken and /any without."""
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    route = {http_routes.INTEGRATION: {"type": "aws_proxy", "uri": uri}}
    judged = {**route, "security": [{"judge": []}]}
    ttl = more.pop("ttl", 300)
    judge = {"type": "token", "authorizerUri": uri, "authorizerResultTtlInSeconds": ttl}
    return {
        "paths": {
            "/open": {"get": judged},
            "/shut": {"get": judged},
            "/broken": {"get": route},
            "/any": {"get": route, "head": route, "post": route},
        },
        "securityDefinitions": {
            "judge": {"in": "header", "name": "Authorization", "x-amazon-apigateway-authorizer": judge}
        },
        **more,
    }


@pytest.fixture
def serve(cloud: LocalCloud) -> Any:
    """Serve the API with an extension or a compression size, and return the URL."""
    made = []

    def serving(compression: int | None = None, settings: Any = (), **more: Any) -> Any:
        api = RestApi(document(make_function(cloud, ANSWER), **more), {"s"}, compression, {"s": list(settings)})
        made.append(HttpApi(cloud.functions, {"id": api}, cloud.aws.account_id, "us-east-1"))
        return made[-1].url

    yield serving
    for api in made:
        api.close()


def test_a_gateway_response_has_its_own_status_headers_and_body(serve: Serve) -> None:
    url = serve(**{"x-amazon-apigateway-gateway-responses": CUSTOM})
    status, headers, body = send(url, "GET", "/open", headers={"X-Mine": "1"})
    assert status == 401
    assert json.loads(body) == {"status": 401, "detail": "Unauthorized", "type": "UNAUTHORIZED"}
    assert headers.get_all("Content-Type") == ["application/problem+json"]
    assert (headers["WWW-Authenticate"], headers["X-Sent"]) == ("Bearer", "1")
    assert headers["x-amzn-ErrorType"] == "UnauthorizedException"


def test_the_template_is_that_of_the_type_the_client_accepts(serve: Serve) -> None:
    types = {"UNAUTHORIZED": {"responseTemplates": CUSTOM["UNAUTHORIZED"]["responseTemplates"]}}
    url = serve(**{"x-amazon-apigateway-gateway-responses": types})
    _, headers, body = send(url, "GET", "/open", headers={"Accept": "text/html, text/plain;q=0.5"})
    assert headers["Content-Type"] == "text/plain"
    assert body.decode() == f"Unauthorized ({headers['x-amzn-RequestId']})"
    for accepted in ("*/*", "text/html"):
        headers = send(url, "GET", "/open", headers={"Accept": accepted})[1]
        assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        pytest.param("/nowhere", 403, {"detail": SIGNATURE}, id="by the default for 4xx"),
        pytest.param("/shut", 403, {"detail": "User is not authorized to access this resource"}, id="a denial too"),
        pytest.param("/broken", 503, {"message": "Internal server error"}, id="by the default for 5xx"),
    ],
)
def test_a_type_that_is_not_given_falls_back_to_its_default(serve: Serve, path: str, status: int, body: Any) -> None:
    url = serve(**{"x-amazon-apigateway-gateway-responses": CUSTOM})
    answer = send(url, "GET", path, headers={"Authorization": "me"})
    assert (answer[0], json.loads(answer[2])) == (status, body)
    assert answer[1].get("Retry-After") == ("1" if status == 503 else None)


def test_what_a_function_answers_itself_is_no_gateway_response(serve: Serve) -> None:
    url = serve(**{"x-amazon-apigateway-gateway-responses": CUSTOM})
    assert send(url, "GET", "/any?status=404&size=3")[::2] == (404, b"xxx")


def test_an_unknown_path_with_a_token_is_taken_for_a_bad_signature(serve: Serve) -> None:
    """https://repost.aws/knowledge-center/api-gateway-authentication-token-errors"""
    status, headers, _ = send(serve(), "GET", "/nowhere", headers={"Authorization": "Bearer gk_x"})
    assert (status, headers["x-amzn-ErrorType"]) == (403, "IncompleteSignatureException")


def test_a_wrong_method_and_an_unknown_path_are_the_same(serve: Serve) -> None:
    url = serve()
    assert send(url, "DELETE", "/any")[::2] == send(url, "GET", "/nowhere")[::2]
    assert send(url, "DELETE", "/any")[::2] == (403, b'{"message":"Missing Authentication Token"}')


def test_a_too_large_request_is_refused_in_the_apis_words(serve: Serve) -> None:
    url = serve(**{"x-amazon-apigateway-gateway-responses": CUSTOM})
    status, _, body = send(url, "POST", "/any", b"x" * (10 * 1024 * 1024 + 1))
    assert (status, json.loads(body)) == (413, {"detail": "Request Too Long"})


@pytest.mark.parametrize(
    ("accepted", "coding", "decode"),
    [
        pytest.param("gzip", "gzip", gzip.decompress, id="gzip"),
        pytest.param("deflate, gzip;q=0.5", "deflate", zlib.decompress, id="deflate is liked better"),
        pytest.param("gzip, deflate, br", "gzip", gzip.decompress, id="the first of equals"),
        pytest.param(None, None, bytes, id="nothing is said"),
        pytest.param("*", None, bytes, id="anything"),
        pytest.param("br, gzip;q=0.9", None, bytes, id="something unknown is liked best"),
        pytest.param("identity, gzip;q=0", None, bytes, id="gzip is refused"),
    ],
)
def test_a_large_answer_is_compressed_for_whoever_accepts_it(
    serve: Serve, accepted: str | None, coding: str | None, decode: Callable[[bytes], bytes]
) -> None:
    headers = {"Accept-Encoding": accepted} if accepted else {}
    _, sent, body = send(serve(compression=1024), "GET", "/any?size=1024", headers=headers)
    assert sent["Content-Encoding"] == coding
    assert decode(body) == b"x" * 1024
    assert sent["ETag"] == '"e"'
    assert int(sent["Content-Length"]) == len(body)


@pytest.mark.parametrize(
    ("method", "query"),
    [
        pytest.param("GET", "size=1023", id="too small"),
        pytest.param("GET", "size=5000&encoded=1", id="compressed already"),
        pytest.param("GET", "size=5000&status=304", id="not modified"),
        pytest.param("HEAD", "size=5000", id="HEAD"),
    ],
)
def test_some_answers_are_not_compressed(serve: Serve, method: str, query: str) -> None:
    url = serve(compression=1024)
    _, sent, body = send(url, method, f"/any?{query}", headers={"Accept-Encoding": "gzip"})
    assert sent["Content-Encoding"] == ("br" if "encoded" in query else None)
    assert body.strip(b"x") == b""
    assert not (method == "HEAD" and body)


def test_without_a_compression_size_nothing_is_compressed_or_decompressed(serve: Serve) -> None:
    url = serve()
    assert send(url, "GET", "/any?size=5000", headers={"Accept-Encoding": "gzip"})[1]["Content-Encoding"] is None
    seen = json.loads(send(url, "POST", "/any", gzip.compress(b"hello"), {"Content-Encoding": "gzip"})[2])
    assert seen[0] != "hello"
    assert "Content-Encoding" in seen[1]


@pytest.mark.parametrize(("coding", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_request_reaches_the_function_as_it_was(
    serve: Serve, coding: str, encode: Callable[[bytes], bytes]
) -> None:
    seen = json.loads(send(serve(compression=0), "POST", "/any", encode(b"hello"), {"Content-Encoding": coding})[2])
    assert seen[0] == "hello"


@pytest.mark.parametrize(("coding", "body"), [("gzip", b"hello"), ("br", b"hello")])
def test_a_request_that_is_not_compressed_as_it_says_is_refused(serve: Serve, coding: str, body: bytes) -> None:
    status, _, answer = send(serve(compression=0), "POST", "/any", body, {"Content-Encoding": coding})
    assert (status, json.loads(answer)) == (415, {"message": "Unsupported Media Type"})


def test_an_answer_larger_than_lambda_takes_is_a_bad_gateway(serve: Serve) -> None:
    assert send(serve(), "GET", f"/any?size={6 * 1024 * 1024 + 200}")[0] == 502


def test_a_stages_throttle_lets_a_burst_through_and_then_the_rate() -> None:
    now = [0.0]
    throttle = MethodThrottle(lambda: now[0])
    route = Route("/hosts/{view}", "GET", None, None)
    everywhere = {"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 3}

    def passed(route: Route, *settings: Any) -> int:
        for count in range(10):
            try:
                throttle.take("s", route, settings)
            except Failure:
                return count
        return 10

    assert passed(route, everywhere) == 3
    assert passed(route, everywhere) == 0
    assert passed(Route("/claims", "GET", None, None), everywhere) == 3
    now[0] = 2.0
    assert passed(route, everywhere) == 2
    own = {"HttpMethod": "PUT", "ResourcePath": "/~1hosts~1{view}", "ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 1}
    assert passed(Route("/hosts/{view}", "PUT", None, None), everywhere, own) == 1
    assert passed(Route("/free", "GET", None, None)) == 10


def test_a_throttled_client_is_told_to_come_back(serve: Serve) -> None:
    limits = {"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 1}
    url = serve(settings=[limits])
    assert send(url, "GET", "/any")[0] == 200
    assert send(url, "GET", "/any")[::2] == (429, b'{"message":"Too Many Requests"}')


def test_a_token_is_judged_once_for_all_routes_of_the_stage(cloud: LocalCloud, serve: Serve) -> None:
    url = serve()
    answers = [send(url, "GET", path, headers={"authorization": "me"})[0] for path in ("/open", "/shut", "/open")]
    assert answers == [200, 403, 200]
    assert printed(cloud, "f").count("me") == 1


def test_without_a_time_to_live_every_request_is_judged(cloud: LocalCloud, serve: Serve) -> None:
    url = serve(ttl=0)
    for _ in range(2):
        assert send(url, "GET", "/open", headers={"Authorization": "me"})[0] == 200
    assert printed(cloud, "f").count("me") == 2


def test_an_authorizer_may_pass_on_plain_values_only(serve: Serve) -> None:
    status, _, body = send(serve(), "GET", "/open", headers={"Authorization": "odd"})
    assert (status, json.loads(body)) == (500, {"message": None})


def test_a_template_sets_compression_throttle_and_gateway_responses(cloud: LocalCloud) -> None:
    limits = {"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2}
    properties = {
        "StageName": "s",
        "DefinitionBody": document(make_function(cloud, ANSWER), swagger="2.0"),
        "MinimumCompressionSize": 100,
        "MethodSettings": [limits],
        "GatewayResponses": {
            "THROTTLED": {"StatusCode": 503, "ResponseParameters": {"Headers": {"Retry-After": "'9'"}}}
        },
    }
    template = {
        "Transform": sam.TRANSFORM,
        "Resources": {"Api": {"Type": "AWS::Serverless::Api", "Properties": properties}},
    }
    body = json.dumps(template)
    cloud.client("cloudformation").create_stack(StackName="api", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    for _ in range(2):
        _, sent, _ = send(cloud.api_url, "GET", "/s/any?size=100", headers={"Accept-Encoding": "gzip"})
        assert sent["Content-Encoding"] == "gzip"
    status, sent, _ = send(cloud.api_url, "GET", "/s/any")
    assert (status, sent["Retry-After"]) == (503, "9")
