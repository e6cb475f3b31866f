"""Which transformations a source gets: rules, and what is wrong with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.derived import definitions
from chalicelib.derived.definitions import Definitions, Rule
from chalicelib.derived.model import Kind, Transformation
from chalicelib.errors import BadDefinition

RULES = """transformations:
  small: {kind: image, box: 1x1}
  large: {kind: image, box: 9x9}
sources:
"""


@pytest.mark.parametrize(
    ("rules", "faults"),
    [
        pytest.param(
            "- prefix: a/\n  transformations:\n  - small\n  - smal",
            ["line 8: sources[0].transformations[1]: no transformation is called 'smal': did you mean small?"],
            id="a transformation is unknown",
        ),
        pytest.param(
            "- {prefix: a/, transformations: [small]}\n- {prefix: a/, transformations: [large]}",
            ["line 6: sources[1].prefix: is that of the rule on line 5 too: make one of the two"],
            id="two rules have the same prefix",
        ),
        pytest.param(
            '- {prefix: "", transformations: []}\n- {prefix: "", transformations: []}',
            ["line 6: sources[1].prefix: is that of the rule on line 5 too: make one of the two"],
            id="two rules have the empty prefix",
        ),
        pytest.param(
            "- prefix: a/\n  transformations: [small, large, small]",
            ["line 6: sources[0].transformations[2]: small is named twice: leave one out"],
            id="a transformation is named twice",
        ),
        pytest.param(
            "- prefix:\n  transformations: [small]",
            ['line 5: sources[0].prefix: wants what keys begin with, such as photos/, or "" for all'],
            id="a prefix is empty, and nobody said so",
        ),
        pytest.param(
            f"- prefix: {'é' * 513}\n  transformations: [small]",
            ["line 5: sources[0].prefix: wants what keys begin with"],
            id="a prefix is longer than a key can be",
        ),
        pytest.param(
            "- transformations: [small]\n- prefix: a/",
            [
                "line 5: sources[0].prefix: is missing",
                "line 6: sources[1].transformations: is missing",
            ],
            id="a field is missing",
        ),
        pytest.param(
            "- prefix: a/\n  transformations: small",
            ["line 6: sources[0].transformations: wants a list of transformations' names such as"],
            id="a list is none",
        ),
        pytest.param(
            "  a/: [small]", ["line 5: sources: wants a list of rules, each with prefix and"], id="rules are a mapping"
        ),
        pytest.param("", ["line 4: sources: wants a list of rules"], id="rules are announced and do not come"),
        pytest.param(
            "- {prefix: a/, prefixes: b, transformations: [small]}",
            ["line 5: sources[0].prefixes: is no field: did you mean prefix?"],
            id="a field is unknown",
        ),
    ],
)
def test_a_rule_is_refused_where(rules: str, faults: list[str]):
    with pytest.raises(BadDefinition) as caught:
        definitions.read(RULES + rules)
    assert [fault[: len(wanted)] for fault, wanted in zip(caught.value.faults, faults, strict=True)] == faults


PREFIXES = st.text("ab/", max_size=4)


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("photos/private/a.jpg", []),
        ("photos/a.jpg", ["small", "large"]),
        ("photos/", ["small", "large"]),
        ("photos", ["small"]),
        ("a.jpg", ["small"]),
        ("", ["small"]),
    ],
)
def test_the_longest_prefix_decides(key: str, wanted: list[str]):
    rules = '- {prefix: photos/, transformations: [small, large]}\n- {prefix: "", transformations: [small]}\n'
    read = definitions.read(f"{RULES}{rules}- {{prefix: photos/private/, transformations: []}}")
    assert [made.name for made in read.wanted(key)] == wanted


def test_without_rules_nothing_is_wanted():
    assert definitions.read("transformations:\n  t: {kind: image, box: 1x1}").wanted("a.jpg") == ()


@given(st.sets(PREFIXES), PREFIXES)
def test_the_rule_that_decides_is_what_a_look_at_all_finds(prefixes: set[str], key: str):
    made = {prefix: Transformation(f"t{at}", Kind.IMAGE, 1, 1) for at, prefix in enumerate(prefixes)}
    rules = tuple(Rule(prefix, (transformation.name,)) for prefix, transformation in made.items())
    found = Definitions({one.name: one for one in made.values()}, rules).wanted(key)
    longest = max(filter(key.startswith, prefixes), key=len, default=None)
    assert found == (() if longest is None else (made[longest],))
