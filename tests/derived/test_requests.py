"""A request is taken or refused as its schema says, and a refusal says what is wrong with it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from chalicelib.derived import requests
from chalicelib.derived.definitions import Definitions
from chalicelib.derived.job import Task
from chalicelib.derived.keys import Keys, Origin
from chalicelib.derived.model import Kind, Transformation
from chalicelib.errors import BadRequest
from tests.derived.fakes import CAT, DEFINITIONS, LARGE, ORIGIN, POSTER, SHARED, THUMB

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/derived-request.schema.json").read_text())
NAME_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


class EveryName(dict[str, Transformation]):
    """Transformations by every name that one may have: which there are, the schema cannot know."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and 0 < len(name) <= 63 and set(name) <= set(NAME_LETTERS)

    def __missing__(self, name: str) -> Transformation:
        return Transformation(name, Kind.IMAGE, 1, 1)


EVERYTHING = Definitions(EveryName(), ())
TEXTS = st.text(st.characters(codec="utf-8"))
NAMES = st.text(NAME_LETTERS, min_size=1, max_size=63)
NEARLY_NAMES = NAMES | st.sampled_from(["", "a" * 64, "Thumb", "thumb\n", "thumb.jpg", "thümb"]) | st.integers()
NAMED = st.lists(NAMES, min_size=1, max_size=3) | st.lists(NEARLY_NAMES, max_size=3)
JUNK: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just([]) | st.just({})
)
LONG = st.sampled_from([["a"] * 64, ["a"] * 65])
REQUESTS = st.one_of(
    JUNK,
    st.lists(JUNK),
    TEXTS,
    st.fixed_dictionaries(
        {},
        optional={
            "bucket": st.sampled_from(["photos", "my.photos-2", "Photos", "ab", "photos\n", "p" * 64]) | JUNK,
            "key": TEXTS | st.sampled_from(["a", "a" * 900, "a" * 1025]) | JUNK,
            "transformations": NAMED | LONG | JUNK | TEXTS,
        },
    ),
    st.fixed_dictionaries({"key": st.just("a")}, optional={"keys": JUNK, "Key": JUNK, "Bucket": JUNK}),
)


def refusal(said: Any, origin: Origin, definitions: Definitions) -> str:
    try:
        requests.task(said, origin, definitions)
    except BadRequest as error:
        return str(error)
    return ""


@given(REQUESTS)
@example({"key": "a", "transformations": ["a", "a"]})
@example({"key": "a", "transformations": None})
@example({"key": "a", "bucket": None})
@example({"key": ""})
@example({"key": " "})
@example({"key": "\0"})
@example({"key": "a", "transformations": [[]]})
def test_the_schema_and_the_parser_agree(said: Any):
    """But for what the stack alone knows: its bucket's name and its transformations, both of which are as asked for."""
    asked = said.get("bucket") if isinstance(said, dict) else None
    may_be = isinstance(asked, str) and 3 <= len(asked) <= 63 and set(asked) <= set(f"{NAME_LETTERS}.")
    origin = Origin(cast("str", asked) if may_be else "photos", "derived", Keys(""))
    is_valid = Draft202012Validator(SCHEMA).is_valid(said)
    assert is_valid == (not refusal(said, origin, EVERYTHING)), refusal(said, origin, EVERYTHING)


def test_the_schema_is_one_and_its_examples_are_valid():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["examples"]
    for said in SCHEMA["examples"]:
        Draft202012Validator(SCHEMA).validate(said)


@pytest.mark.parametrize(
    ("said", "task"),
    [
        pytest.param({"key": CAT}, Task(CAT, (THUMB, POSTER), whole_family=True), id="all that the rules want"),
        pytest.param({"key": CAT, "transformations": ["large"]}, Task(CAT, (LARGE,)), id="what is named"),
        pytest.param(
            {"key": CAT, "transformations": ["large", "thumb", "large"]}, Task(CAT, (LARGE, THUMB)), id="named twice"
        ),
        pytest.param({"key": CAT, "bucket": "photos"}, Task(CAT, (THUMB, POSTER), True), id="with the bucket"),
    ],
)
def test_a_request_asks_for(said: Mapping[str, Any], task: Task):
    assert requests.task(said, ORIGIN, DEFINITIONS) == task
    assert requests.task(requests.spell(task, "photos"), ORIGIN, DEFINITIONS) == task


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([], 'the request must be a JSON object such as {"key": "photos/cat.jpg"}'),
        ({}, '"key" must be the key of an object in the bucket of sources'),
        ({"key": 1}, '"key" must be the key of an object in the bucket of sources'),
        ({"key": "a\ud800"}, '"key" is no text that S3 could have'),
        ({"key": "é" * 513}, '"key" has 1026 bytes, and S3\'s keys have 1024 at most'),
        ({"key": "é" * 512}, "the source's key is too long"),
        ({"key": "a", "bucket": "else"}, "\"bucket\" must be 'photos', the bucket of sources, and is 'else'"),
        ({"key": "derived/a"}, "\"key\" is 'derived/a', which is a derived object itself"),
        ({"key": "a", "transformations": []}, '"transformations" must be a list of 1 to 64 names'),
        ({"key": "a", "transformations": ["x"]}, "there is no transformation 'x': there are thumb, large, poster"),
        ({"key": "a", "transformation": "x"}, "there is no field 'transformation': there are bucket, key"),
    ],
    ids=str,
)
def test_a_refusal_names_the_field_and_what_it_must_be(said: Any, reason: str):
    assert refusal(said, SHARED, DEFINITIONS).startswith(reason)


@pytest.mark.parametrize(
    "body", ["", "{", b"\xff", "[" * 100_000, "1" * 5_000, '"\\u00"'], ids=lambda body: str(body)[:9]
)
def test_what_is_not_json_is_refused(body: str | bytes):
    with pytest.raises(BadRequest, match="the request is not JSON"):
        requests.parse(body)
