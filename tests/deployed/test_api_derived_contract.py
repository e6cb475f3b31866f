"""What docs/openapi.yaml says of derived objects is what the code has, and its examples are what the code makes."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from chalicelib.access.model import Caller
from chalicelib.derived import catalogue, definitions, requests, serving
from chalicelib.derived.aws.store import LINK_SECONDS
from chalicelib.derived.keys import LONGEST, Keys, Origin
from chalicelib.derived.model import Animation, Fit, Format, Kind
from chalicelib.derived.triggers import Triggers
from chalicelib.errors import BadRequest
from chalicelib.web import Request
from tests.conftest import PACKAGE
from tests.deployed import api as shared

ORIGIN = Origin("my-photos", "my-photos-derived", Keys("derived/"))
EVERY_FIELD = """
transformations:
  still: {kind: video-still, box: 1x1, second: 2.5}
  page: {kind: pdf-page, box: 8192x8192, page: 2, fit: pad, background: "#ABCDEF"}
  moving: {kind: image, box: 16x16, format: webp, animation: keep, copyright: keep}
  exact: {kind: image, box: 16x16, format: png}
"""
SCHEMAS = shared.described()["components"]["schemas"]


def conforms(value: object, name: str) -> None:
    said = {"$ref": f"#/components/schemas/{name}", "components": shared.described()["components"]}
    OAS31Validator(said).validate(value)


def operation(method: str, path: str) -> dict[str, Any]:
    return dict(shared.described()["paths"][path][method])


def example(path: str, method: str = "get", status: str = "200") -> Any:
    return operation(method, path)["responses"][status]["content"]["application/json"]["example"]


def test_the_example_of_transformations_is_what_the_code_makes():
    shown = example("/transformations")
    used = set(shown["transformations"])
    known = definitions.read(definitions.packaged())
    chosen = {name: each for name, each in known.transformations.items() if name in used}
    rules = tuple(definitions.Rule(each["prefix"], tuple(each["transformations"])) for each in shown["sources"])
    assert catalogue.transformations(definitions.Definitions(chosen, rules)) == shown
    conforms(shown, "Transformations")


def test_every_field_of_a_transformation_is_described_as_the_code_shows_it():
    shown = catalogue.transformations(definitions.read(EVERY_FIELD))
    conforms(shown, "Transformations")
    described = SCHEMAS["Transformation"]["properties"]
    assert {field for each in shown["transformations"].values() for field in each} == set(described)
    for field, values in (("kind", Kind), ("fit", Fit), ("format", Format), ("animation", Animation)):
        assert described[field]["enum"] == [each.value for each in values]


def test_the_example_of_formats_is_what_the_code_makes():
    assert catalogue.formats() == example("/formats")
    conforms(catalogue.formats(), "Formats")


def test_the_example_of_a_request_is_answered_with_the_example_of_an_answer():
    sent: list[Any] = []
    parts: Any = SimpleNamespace(
        origin=ORIGIN,
        definitions=lambda: definitions.read(definitions.packaged()),
        queue=SimpleNamespace(ask=sent.extend),
    )
    content = operation("post", "/derived")["requestBody"]["content"]["application/json"]
    caller = Caller("0a1b2c3d4e5f", frozenset({"derived:write:photos/*"}))
    for name, each in content["examples"].items():
        body = json.dumps(each["value"]).encode()
        answer = Triggers(parts).post(Request("POST", caller, "203.0.113.7", {}, {}, body))
        assert answer.status == 202
        conforms(json.loads(answer.body), "DerivedAccepted")
        if name == "some":
            assert json.loads(answer.body) == example("/derived", "post", "202")
    assert len(sent) == len(content["examples"])


def test_the_limits_of_a_request_are_those_of_the_code():
    described = SCHEMAS["DerivedRequest"]
    assert set(described["properties"]) == set(requests.FIELDS)
    assert described["properties"]["transformations"]["maxItems"] == requests.MOST_TRANSFORMATIONS
    assert SCHEMAS["SourceKey"]["maxLength"] == LONGEST


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"key": ""},
        {"key": None},
        {"key": "a" * 1025},
        {"key": "x", "transformations": []},
        {"key": "x", "transformations": "square"},
        {"key": "x", "transformations": [1]},
        {"key": "x", "transformations": ["SQUARE"]},
        {"key": "x", "size": "300x300"},
    ],
)
def test_the_document_refuses_what_the_code_refuses(asked: dict[str, Any]):
    with pytest.raises(Exception, match=r"."):
        conforms(asked, "DerivedRequest")
    with pytest.raises(BadRequest):
        requests.task(asked, ORIGIN, definitions.read(definitions.packaged()))


def test_a_link_lasts_as_long_as_it_says_and_so_does_the_answer_with_it():
    said = " ".join(operation("get", "/derived/{key}")["responses"]["307"]["description"].split())
    assert LINK_SECONDS == 5 * 60
    assert "for five minutes at most" in said
    const = shared.described()["components"]["headers"]["LinkCacheControl"]["schema"]["const"]
    assert {"Cache-Control": const} == serving.CACHING


def test_the_extensions_of_derived_keys_are_those_of_the_code():
    pattern = shared.described()["components"]["parameters"]["DerivedKey"]["schema"]["pattern"]
    assert pattern.endswith(f"({'|'.join(format_.extension for format_ in Format)})$")


def test_the_key_is_a_greedy_parameter_of_the_template():
    template = json.loads((PACKAGE / "sam.json").read_text())
    paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    assert [path for path in paths if "+}" in path] == ["/derived/{key+}"]
