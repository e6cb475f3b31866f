"""Scopes for derived objects: patterns of keys, which may hold anything."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.access.model import Caller, checked_scopes


def may_read(pattern: str, key: str) -> bool:
    return Caller("token", frozenset({f"derived:read:{pattern}"})).may_read_derived(key)


@pytest.mark.parametrize(
    ("pattern", "key", "may"),
    [
        ("photos/*", "photos/cat.jpg", True),
        ("photos/*", "photos/2024/cat.jpg", True),
        ("photos/*", "photos/line\nbreak.jpg", True),
        ("photos/*", "photos/with a space é.jpg", True),
        ("photos/*", "photos", False),
        ("photos/*", "Photos/cat.jpg", False),
        ("photos/*", "x/photos/cat.jpg", False),
        ("*.jpg", "photos/cat.jpg", True),
        ("*.jpg", "photos/cat.jpg\n", False),
        ("photos/cat.jpg", "photos/cat.jpg", True),
        ("photos/cat.jpg", "photos/cat.jpg/x", False),
        ("[ab]", "[ab]", True),
        ("[ab]", "a", False),
        ("[!a]*", "b", False),
        ("[*", "[anything", True),
        ("photos/?", "photos/?", True),
        ("photos/?", "photos/x", False),
        ("photos/.", "photos/x", False),
        ("a\\b", "a\\b", True),
        ("*", "", True),
    ],
)
def test_a_star_stands_for_anything_and_all_else_for_itself(pattern: str, key: str, may: bool):
    assert may_read(pattern, key) is may


@given(st.text(min_size=1).filter(lambda key: "*" not in key), st.text())
def test_a_pattern_without_a_star_covers_one_key(key: str, other: str):
    assert may_read(key, key)
    assert may_read(key, other) is (key == other)


@given(st.text(st.characters(exclude_characters="*?[")), st.text())
def test_a_prefix_with_a_star_covers_what_begins_so(prefix: str, key: str):
    assert may_read(f"{prefix}*", prefix + key)
    assert may_read(f"{prefix}*", key) is key.startswith(prefix) is fnmatchcase(key, f"{prefix}*")


def test_many_stars_are_matched_in_no_time():
    assert may_read("*a" * 100 + "*", "a" * 1000)
    assert not may_read("*a" * 100 + "b", "a" * 1000)


def test_reading_and_asking_are_two_scopes():
    reader = Caller("token", frozenset({"derived:read:a/*", "claims:write:*"}))
    writer = Caller("token", frozenset({"derived:write:a/*", "hosts:read:private"}))
    assert (reader.may_read_derived("a/x"), reader.may_derive("a/x")) == (True, False)
    assert (writer.may_read_derived("a/x"), writer.may_derive("a/x")) == (False, True)


@pytest.mark.parametrize("kind", ["derived:read:", "derived:write:"])
def test_a_pattern_of_keys_is_ascii_without_a_space(kind: str):
    for good in ("*", "photos/*", "a", "[x]?/{y}~", "a:b"):
        assert checked_scopes([kind + good]) == (kind + good,)
    for bad in ("", "a b", "a\tb", "a\n", "é", "a\u00a0b", "\x7f"):
        with pytest.raises(ValueError, match=r"there is no scope .*derived:read:PATTERN and derived:write:PATTERN"):
            checked_scopes([kind + bad])
