"""What S3 is made to tell: of all sources that rules are about, once each, and everybody else's configuration stays."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.derived.definitions import Definitions, Rule
from chalicelib.derived.model import Kind, Transformation
from chalicelib.errors import BadRequest
from cli.derived import telling
from cli.derived.definitions import changed

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:gk-transforms"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:gk-lost-objects"
EVENTBRIDGE: dict[str, Any] = {"EventBridgeConfiguration": {}}


def definitions(rules: dict[str, list[str]], **transformations: Transformation) -> Definitions:
    return Definitions(transformations, tuple(Rule(prefix, tuple(names)) for prefix, names in rules.items()))


def transformation(name: str, **changes: Any) -> Transformation:
    return Transformation(name, Kind.IMAGE, **{"width": 300, "height": 300, **changes})


def ours(*prefixes: str, stack: str = "gk") -> telling.Configuration:
    return telling.of_sources(stack, QUEUE, definitions({prefix: ["t"] for prefix in prefixes}))


def entry(id_: str, prefix: str = "", events: tuple[str, ...] = ("s3:ObjectCreated:Put",), suffix: str = "") -> Any:
    rules = [{"Name": "Prefix", "Value": prefix}, {"Name": "Suffix", "Value": suffix}]
    made = {"Id": id_, "LambdaFunctionArn": "arn:aws:lambda:eu-west-1:1:function:f", "Events": list(events)}
    return {**made, "Filter": {"Key": {"FilterRules": [rule for rule in rules if rule["Value"]]}}}


@pytest.mark.parametrize(
    ("rules", "prefixes"),
    [
        ({"a/": ["t"], "b/": ["t"]}, ["a/", "b/"]),
        ({"a/b/": ["t"], "a/": ["t"], "a-": ["t"]}, ["a-", "a/"]),
        ({"a/": ["t"], "": ["t"]}, [""]),
        ({"a/": [], "b/": ["t"]}, ["b/"]),
        ({"a/": [], "a/b": ["t"]}, ["a/b"]),
        ({}, []),
    ],
    ids=["apart", "the shorter of two", "all keys", "one that makes nothing", "below one that makes nothing", "none"],
)
def test_s3_tells_of_the_fewest_prefixes_that_rules_make_something_of(rules: dict[str, list[str]], prefixes: list[str]):
    assert telling.prefixes(definitions(rules)) == prefixes


@given(st.lists(st.text("ab/", max_size=4), max_size=6, unique=True))
def test_every_rules_prefix_is_told_of_exactly_once(given_prefixes: list[str]):
    found = telling.prefixes(definitions({prefix: ["t"] for prefix in given_prefixes}))
    assert all(sum(prefix.startswith(each) for each in found) == 1 for prefix in given_prefixes)
    assert set(found) <= set(given_prefixes)


def test_the_prefix_of_all_keys_is_no_filter():
    (made,) = ours("")["QueueConfigurations"]
    assert "Filter" not in made
    assert made["Events"] == ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]


def test_a_prefix_is_encoded_as_s3_wants_it_in_filters():
    """docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html: a space is a plus."""
    (made,) = ours("my photos/\u00e9t\u00e9/")["QueueConfigurations"]
    assert made["Filter"]["Key"]["FilterRules"] == [{"Name": "prefix", "Value": "my+photos/%C3%A9t%C3%A9/"}]


def test_what_others_have_configured_stays_as_it_is():
    theirs = entry("their own", "logs/")
    there = {**EVENTBRIDGE, "LambdaFunctionConfigurations": [theirs]}
    made = telling.replaced(there, [ours("photos/")], "gk")
    assert made == {**there, **ours("photos/")}
    assert telling.replaced(made, [], "gk") == there


def test_connecting_again_replaces_what_the_stack_has_put_there_before():
    there = telling.replaced({}, [ours("a/", "b/")], "gk")
    assert telling.replaced(there, [ours("c/")], "gk") == ours("c/")


def test_a_stack_whose_name_begins_like_ours_is_somebody_else():
    theirs = ours("a/", stack="gk-prod")
    made = telling.replaced(theirs, [ours("b/")], "gk")
    assert [each["Id"] for each in made["QueueConfigurations"]] == ["gk-prod.sources-1", "gk.sources-1"]


@pytest.mark.parametrize(
    ("prefix", "events", "suffix"),
    [
        ("", ("s3:ObjectCreated:Put",), ""),
        ("photos/2026/", ("s3:ObjectRemoved:*",), ""),
        ("ph", ("s3:TestEvent", "s3:ObjectCreated:*"), ".jpg"),
    ],
)
def test_a_configuration_that_s3_would_refuse_beside_ours_is_named(prefix: str, events: tuple[str, ...], suffix: str):
    there = {"LambdaFunctionConfigurations": [entry("thumbs", prefix, events, suffix)]}
    with pytest.raises(BadRequest, match=r"the notification 'thumbs' already.*narrow its prefix, or let it tell"):
        telling.replaced(there, [ours("photos/")], "gk")


@pytest.mark.parametrize(
    ("prefix", "events"),
    [
        ("logs/", ("s3:ObjectCreated:*",)),
        ("photos/", ("s3:ObjectTagging:*",)),
        ("", ("s3:ReducedRedundancyLostObject",)),
    ],
    ids=["other keys", "other events", "losses"],
)
def test_a_configuration_of_other_keys_or_events_stands_beside_ours(prefix: str, events: tuple[str, ...]):
    there = {"LambdaFunctionConfigurations": [entry("theirs", prefix, events)]}
    assert telling.replaced(there, [ours("photos/")], "gk") == {**there, **ours("photos/")}


def test_more_than_s3_takes_is_refused():
    with pytest.raises(BadRequest, match="S3 takes 100 notifications for a bucket, and these would be 101"):
        telling.replaced({}, [ours(*(f"{number:03}/" for number in range(101)))], "gk")


def test_nothing_changes_where_s3_only_spells_it_otherwise():
    (mine,) = ours("photos/")["QueueConfigurations"]
    spelled = {
        **mine,
        "Events": mine["Events"][::-1],
        "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "photos/"}]}},
    }
    assert telling.lines({"QueueConfigurations": [spelled]}, ours("photos/")) == []


def test_losses_are_told_of_below_the_prefix_of_derived_objects():
    made = telling.of_losses("gk", TOPIC, "derived/")
    assert telling.lines({}, made) == [
        f"+ gk.lost-objects: s3:ReducedRedundancyLostObject of keys derived/* to {TOPIC}"
    ]


@pytest.mark.parametrize(("prefix", "tells"), [("", True), ("der", True), ("derived/x", True), ("photos/", False)])
def test_it_is_known_whether_s3_tells_of_derived_objects(prefix: str, tells: bool):
    assert telling.tells_of(ours(prefix), "derived/") is tells


def test_definitions_that_change_say_which_transformations_and_what_becomes_of_what_they_made():
    old = definitions(
        {"": ["same", "box"], "a/": ["same"]}, **{name: transformation(name) for name in ("same", "box", "gone")}
    )
    new = definitions(
        {"": ["box"], "b/": []},
        same=transformation("same"),
        box=transformation("box", width=9),
        new=transformation("new"),
    )
    assert changed(old, new) == [
        ("+", "new: new"),
        ("~", "box: changed; all that it has made is stale, and is made anew"),
        ("-", "gone: removed; what it has made stays, and is left alone"),
        ("+", "sources below b/ get nothing: a new rule"),
        ("~", "sources of all other keys get box now"),
        ("-", "sources below a/ have no rule of their own any more"),
    ]
    assert changed(old, old) == []
