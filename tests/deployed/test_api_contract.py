"""docs/openapi.yaml is true: the API does what it says, all of it, and nothing besides."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from schemathesis.config import SchemathesisConfig

from chalicelib.access import model as access
from chalicelib.errors import BadRequest
from chalicelib.hosts import claim_requests, claims
from chalicelib.hosts.claim_service import _shown
from chalicelib.hosts.model import Entry, ViewContent
from chalicelib.hosts.render import FORMATS
from chalicelib.inventory.model import Claim, View
from localcloud.cloud import LocalCloud
from tests.deployed import api as shared
from tests.deployed.conftest import Deployment, eventually, launch

# Methods that are not described are tried below: this tool expects a 405, which API Gateway does not have.
# What the query says besides is not looked at, and tokens that are no good are the matter of test_api_security.py.
CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "phases": {"coverage": {"unexpected-methods": []}},
        "generation": {"allow-extra-parameters": False, "with-security-parameters": False},
    }
)
schema = schemathesis.openapi.from_path(shared.DOCUMENT, config=CONFIG)
COMPONENTS = shared.described()["components"]


@pytest.fixture(scope="module")
def api(cloud: LocalCloud) -> Iterator[Deployment]:
    """Return a stack that is this file's own, since it claims names at random: any name, and many in a second."""
    domain = "contract.example"
    parameters = {
        "ApiRequestsPerSecond": "10000",
        "ApiBurst": "5000",
        "ReservedNames": "",
        "SourceBucket": shared.source_bucket(cloud, "photos/cat.jpg"),
    }
    with shared.stack(Deployment(cloud, domain, cloud.create_zone(domain), parameters)) as made:
        yield shared.settled(made)


@pytest.fixture(scope="module")
def token(api: Deployment) -> str:
    return api.token(*shared.EVERY_SCOPE)


def answered_as_described(method: str, path: str) -> Any:
    """Return the test of one operation."""

    @schema.include(method=method.upper(), path=path).parametrize()
    @settings(max_examples=50, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def test(case: schemathesis.Case[Any], api: Deployment, token: str):
        case.body = usable(case.body, api)
        authorized = {"Authorization": f"Bearer {token}"}
        answer = case.call_and_validate(base_url=api.api_url, headers=authorized, allow_redirects=False)
        assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR

    return test


def usable(body: Any, api: Deployment) -> Any:
    """Return a body with what no schema can know: what the stack has, and that loopback is no address to observe."""
    if not isinstance(body, dict):
        return body
    if is_described(body, "DerivedRequest"):
        named = {"bucket": api.parameters["SourceBucket"], "transformations": ["square"]}
        # A character may need four bytes, of which a derived object's key may have 1024.
        return {name: named.get(name, value[:200]) for name, value in body.items()}
    return {name: "10.1.2.3" if value == "observed" else value for name, value in body.items()}


# One function for each, since schemathesis gives all that it makes of one function the same node id, and the workers
# of a parallel run would take them for one test.
for _method, _path in sorted(shared.operations(shared.described())):
    _id = shared.described()["paths"][_path][_method]["operationId"]
    globals()[f"test_requests_of_every_kind_are_answered_as_described_{_id}"] = answered_as_described(_method, _path)


def test_documents_with_an_instance_and_a_claim_are_as_described(cloud: LocalCloud, api: Deployment, token: str):
    id_ = launch(cloud, "described")
    assert api.ask("PUT", "/claims/described-too", token, json={"private": "fd00::88"}).status_code == 201
    eventually(lambda: shared.told(api, "described") and shared.told(api, "described-too"))
    for format_, name in (("json", "Document"), ("prometheus", "PrometheusTargets")):
        text = shared.document(api, format_=format_)
        assert id_ in text
        assert "fd00::88" in text
        _conforms(json.loads(text), name)


@pytest.mark.parametrize(("method", "status"), [("GET", 307), ("HEAD", 200)])
def test_what_leads_to_a_picture_is_as_described(api: Deployment, token: str, method: str, status: int):
    answer = api.ask(method, "/derived/photos/cat.jpg/square.webp", token)
    assert answer.status_code == status
    schema["/derived/{key}"][method].validate_response(answer)


def test_methods_that_are_not_described_are_refused(api: Deployment, token: str):
    paths = shared.described()["paths"]
    tried = [(method, path) for path in paths for method in shared.METHODS if method not in paths[path]]
    for method, path in tried:
        where = path.format(view="private", name="untouched", key="photos/cat.jpg/square.webp")
        answer = api.ask(method, where, token, json={"private": "10.0.0.1"})
        assert answer.status_code == HTTPStatus.NOT_FOUND, (method, path)
        if method != "head":
            shared.is_problem(answer, 404)
    assert len(tried) > len(paths)


def test_the_document_is_valid():
    validate(shared.described())


def test_the_document_has_the_routes_of_the_template_and_no_others():
    assert shared.operations(shared.described()) == shared.operations(shared.packaged())


def test_the_document_asks_for_a_token_where_the_template_does():
    document, template = shared.described(), shared.packaged()
    asks = {(m, p) for m, p in shared.operations(template) if template["paths"][p][m].get("security")}
    said = {(m, p) for m, p in shared.operations(document) if document["paths"][p][m].get("security", True)}
    assert said == asks
    assert asks == {(m, p) for m, p in shared.operations(template) if p != "/healthz"}


def test_what_the_gateway_itself_answers_is_described():
    document = shared.described()
    for said in shared.packaged()["x-amazon-apigateway-gateway-responses"].values():
        template = said["responseTemplates"]["application/json"]
        body = json.loads(template.replace("$context.error.messageString", '"why"'))
        _conforms(body, "Problem")
        if not (status := said.get("statusCode")):
            continue
        assert body["status"] == status
        assert body["title"] in (HTTPStatus(status).phrase, "Content Too Large")  # Python 3.12 has the older phrase
        for method, path in shared.operations(document):
            open_to_all = path == "/healthz" and status in (401, 403)
            if status != HTTPStatus.NOT_FOUND and not open_to_all:  # the 404 is that of paths that there are not
                assert str(status) in document["paths"][path][method]["responses"], (method, path, status)


def test_formats_and_views_are_those_of_the_code():
    parameters = COMPONENTS["parameters"]
    assert parameters["Format"]["schema"]["enum"] == list(FORMATS)
    assert set(parameters["View"]["schema"]["enum"]) == {view.value for view in View}
    content = shared.described()["paths"]["/hosts/{view}"]["get"]["responses"]["200"]["content"]
    assert set(content) == {type_.partition(";")[0] for type_, _ in FORMATS.values()}
    for name in FORMATS:
        assert f"* `{name}`: " in parameters["Format"]["description"]


def test_the_examples_of_documents_are_what_the_code_makes():
    content = shared.described()["paths"]["/hosts/{view}"]["get"]["responses"]["200"]["content"]
    examples = {name: e["value"] for said in content.values() for name, e in said["examples"].items()}
    id_ = "i-0123456789abcdef0"
    db = [Entry(address, "db.fleet.example", id_) for address in ("10.0.0.5", "fd00::5")]
    itself = Entry("10.0.0.5", f"{id_}.fleet.example", id_)
    shown = {"hosts": (*db, itself), "prometheus": (db[0], itself)}
    for name, example in examples.items():
        viewed = ViewContent("groundskeeper-prod", View.PRIVATE, 9100, shown.get(name, (db[0],)))
        text = FORMATS[name][1](viewed)
        assert example == (text if isinstance(example, str) else json.loads(text)), name
    assert set(examples) == set(FORMATS)


def test_scopes_are_those_of_the_code():
    said = COMPONENTS["securitySchemes"]["token"]["description"]
    patterns = {f"{kind}PATTERN" for kind in (access.WRITE, access.READ_DERIVED, access.DERIVE)}
    for scope in (f"{access.READ}private", f"{access.READ}public", access.FORCE, *patterns):
        assert f"`{scope}`" in said
    document = shared.described()
    needed = {
        scope
        for method, path in shared.operations(document)
        for each in document["paths"][path][method].get("security", [])
        for scope in each["token"]
    }
    assert needed == {f"{access.READ}{{view}}", access.FORCE, *patterns}


def test_leases_and_fields_are_those_of_the_code():
    wish, shown = COMPONENTS["schemas"]["Wish"], COMPONENTS["schemas"]["Claim"]
    lease = wish["properties"]["lease"]
    assert (lease["minimum"], lease["default"], lease["maximum"]) == (
        claim_requests.SHORTEST,
        claim_requests.DEFAULT,
        claim_requests.LONGEST,
    )
    assert set(wish["properties"]) == set(claim_requests.FIELDS)
    assert (
        f"may claim {claims.MOST_CLAIMS} names" in shared.described()["paths"]["/claims/{name}"]["put"]["description"]
    )
    claim = Claim("0a1b2c3d4e5f", "host-1", {View.PRIVATE: "10.0.0.5"}, 300, 1_800_000_300.0)
    made = _shown("db", claim, dict.fromkeys(View, "fleet.example"))
    assert set(made) == set(shown["properties"]) == set(shown["required"])
    _conforms(made, "Claim")


@pytest.mark.parametrize("wish", [{}, {"private": None}, {"private": "127.0.0.1"}, {"private": "10.0.0.1", "x": 1}])
def test_the_document_refuses_what_the_code_refuses(wish: dict[str, Any]):
    with pytest.raises(Exception, match=r"."):
        _conforms(wish, "Wish")
    with pytest.raises(BadRequest):
        claim_requests.read(json.dumps(wish).encode(), "token", "", 0.0)


def is_described(value: object, name: str) -> bool:
    return bool(_validator(name).is_valid(value))


def _conforms(value: object, name: str) -> None:
    _validator(name).validate(value)


def _validator(name: str) -> Any:
    said = {"$ref": f"#/components/schemas/{name}", "components": COMPONENTS}
    return OAS31Validator(said, format_checker=OAS31Validator.FORMAT_CHECKER)
