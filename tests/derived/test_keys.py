"""A key alone says what it is and how to make it again; every other text is not ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.derived.keys import LONGEST, Keys
from chalicelib.derived.model import TOMBSTONE, DerivedKey, Format
from chalicelib.errors import BadRequest
from tests.derived.fakes import LARGE, ORIGIN, SHARED, THUMB

EXTENSIONS = [*(each.extension for each in Format), TOMBSTONE]
PREFIXES = st.sampled_from([Keys(""), Keys("derived/"), Keys("a/b/")])
NAMES = st.text("abz019-", min_size=1, max_size=63)
DERIVED = st.builds(DerivedKey, st.text(min_size=1), NAMES, st.sampled_from(EXTENSIONS))
PIECES = st.sampled_from(
    ["derived/", "a/b/", "/", "cat", ".", "t.jpg", "t.tombstone", "T.jpg", "t.exe", "é", "\n", "-"]
)


@given(PREFIXES, DERIVED)
def test_what_is_spelt_is_read_back(keys: Keys, key: DerivedKey):
    assert keys.parse(keys.spell(key)) == key


@given(PREFIXES, st.text() | st.lists(PIECES).map("".join))
def test_every_text_is_a_derived_key_or_not_ours(keys: Keys, text: str):
    found = keys.parse(text)
    assert found is None or keys.spell(found) == text


@given(PREFIXES, DERIVED)
def test_a_derived_key_may_be_a_source_in_its_turn_and_both_are_told_apart(keys: Keys, key: DerivedKey):
    outer = THUMB.of(keys.spell(key))
    assert keys.parse(keys.spell(outer)) == outer
    assert keys.spell(outer) != keys.spell(key)


@given(DERIVED, DERIVED)
def test_two_things_never_have_one_key(one: DerivedKey, other: DerivedKey):
    keys = ORIGIN.keys
    assert (keys.spell(one) == keys.spell(other)) is (one == other)


@pytest.mark.parametrize(
    ("key", "source"),
    [
        pytest.param("derived/cat.jpg/thumb.jpg", "cat.jpg", id="a plain one"),
        pytest.param("derived/a/t.jpg/thumb.jpg", "a/t.jpg", id="a source called as a child is"),
        pytest.param("derived/derived/cat/thumb.jpg", "derived/cat", id="a source called as the prefix is"),
        pytest.param("derived/a//thumb.jpg", "a/", id="a source that ends in a slash"),
        pytest.param("derived///thumb.jpg", "/", id="a source that is a slash"),
        pytest.param("derived/../thumb.jpg", "..", id="dots mean nothing to S3"),
        pytest.param("derived/ \n%2F+/thumb.jpg", " \n%2F+", id="nothing is decoded twice"),
        pytest.param("derived/thumb.jpg", None, id="no source"),
        pytest.param("derived//thumb.jpg", None, id="an empty source"),
        pytest.param("cat.jpg/thumb.jpg", None, id="beside the prefix"),
        pytest.param("Derived/cat.jpg/thumb.jpg", None, id="a prefix in another case"),
        pytest.param("derived/cat.jpg/thumb.jpg/", None, id="a folder"),
        pytest.param("derived/cat.jpg/thumb.jpg\n", None, id="a line's end behind"),
        pytest.param("derived/cat.jpg/thumb.jpeg", None, id="an extension that nothing has"),
        pytest.param("derived/cat.jpg/.jpg", None, id="no name"),
        pytest.param("derived/cat.jpg/Thumb.jpg", None, id="a name with a capital"),
        pytest.param("derived/cat.jpg/th\u0435mb.jpg", None, id="a name with a Cyrillic letter"),
        pytest.param("derived/cat.jpg/\u0663.jpg", None, id="a name of an Arabic digit"),
        pytest.param(f"derived/cat.jpg/{'t' * 64}.jpg", None, id="a name of 64 characters"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_source_is_read_from(key: str, source: str | None):
    found = ORIGIN.keys.parse(key)
    assert (found.source_key if found else None) == source


@pytest.mark.parametrize("letter", ["a", "é", "\u20ac", "\U0001f600"])
def test_a_key_has_1024_bytes_of_utf8_at_the_most_and_so_has_its_tombstone(letter: str):
    rest = LONGEST - len("derived//thumb.tombstone")
    fits = letter * (rest // len(letter.encode()))
    fits += "a" * (rest - len(fits.encode()))
    key = ORIGIN.keys.of(fits, THUMB)
    assert len(ORIGIN.keys.spell(THUMB.of(fits).tombstone).encode()) == LONGEST
    assert len(key.encode()) < LONGEST
    with pytest.raises(BadRequest, match="S3's keys have 1024 at most"):
        ORIGIN.keys.of(fits + "a", THUMB)


def test_all_children_of_a_source_are_below_its_folder_and_its_neighbours_are_not():
    folder = ORIGIN.keys.folder("cat")
    assert all(ORIGIN.keys.of("cat", each).startswith(folder) for each in (THUMB, LARGE))
    assert ORIGIN.keys.spell(THUMB.of("cat").tombstone).startswith(folder)
    assert not any(ORIGIN.keys.of(each, THUMB).startswith(folder) for each in ("cat-2", "cat.jpg", "ca", "Cat"))


@pytest.mark.parametrize(
    ("bucket", "key", "is_derived"),
    [("photos", "derived/x", True), ("photos", "derived/", True), ("photos", "derive", False), ("else", "x", False)],
)
def test_below_the_prefix_everything_counts_as_derived(bucket: str, key: str, is_derived: bool):
    assert SHARED.is_derived(bucket, key) is is_derived
    assert not ORIGIN.is_derived("photos", key)
