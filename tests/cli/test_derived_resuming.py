"""A campaign that is broken off is gone on with: nothing is left out, whatever the keys."""

import shlex
import subprocess
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.derived.keys import Keys, Origin
from chalicelib.derived.listing import Family, ListedDerived, ListedSource, families
from chalicelib.derived.model import DerivedKey
from cli.derived.campaign import Looked, Step
from cli.derived.resuming import Bookmark, alone, from_behind, go_on, quoted, still_open
from cli.derived.running import marked

ALPHABET = ["a", "-", ".", "/", "0", "t.jpg", "/t.jpg", "é", "\U0001f600"]
KEYS = st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=5).map("".join)
PREFIX = "derived/"
ORIGIN = Origin("sources", "derived", Keys(PREFIX))


class Buckets:
    """Sources, and one child for each source key that has been derived."""

    def __init__(self, sources: set[str], derived: set[str]) -> None:
        self._sources = sorted(sources)
        self._derived = sorted(f"{key}/t.jpg" for key in derived)

    def sources(self, prefix: str, after: str = "") -> Iterator[ListedSource]:
        behind = self._sources[bisect_right(self._sources, after) :]
        return (ListedSource(key, "e", 1.0, 1) for key in behind if key.startswith(prefix))

    def listed(self, prefix: str, after: str = "") -> Iterator[ListedDerived]:
        for key in self._derived[bisect_right(self._derived, after) :]:
            if key.startswith(prefix) and (found := ORIGIN.keys.parse(PREFIX + key)):
                yield ListedDerived(PREFIX + key, found.source_key, found.leaf, "e", 1.0, "STANDARD")

    def children(self, source_key: str) -> list[DerivedKey]:
        return [DerivedKey(source_key, "t", "jpg")] if f"{source_key}/t.jpg" in self._derived else []

    def families(self, after: str, prefix: str) -> Iterator[Family]:
        return from_behind(
            after,
            prefix,
            families(self.sources(prefix, after), self.listed(prefix, after)),
            lambda key: alone(_Sources(self), self, ORIGIN, key),
        )


class _Sources:
    def __init__(self, buckets: Buckets) -> None:
        self.listed = buckets.sources


def shown(found: Iterator[Family]) -> dict[str, tuple[bool, int]]:
    return {family.source_key: (family.source is not None, len(family.children)) for family in found}


@given(st.sets(KEYS, max_size=8), st.sets(KEYS, max_size=8), st.sampled_from(["", "a", "a/", "-"]), st.data())
def test_what_is_done_before_and_after_a_break_is_everything_and_each_family_is_whole(
    sources: set[str], derived: set[str], prefix: str, data: st.DataObject
):
    buckets = Buckets(sources, derived)
    everything = list(buckets.families("", prefix))
    done = data.draw(st.integers(0, len(everything)))
    bookmark = Bookmark()
    for family in everything[:done]:
        bookmark.done(family.source_key)
    again = shown(buckets.families(bookmark.after, prefix))
    assert again.items() <= shown(iter(everything)).items()
    assert {family.source_key for family in everything[:done]} | again.keys() == shown(iter(everything)).keys()


@given(st.sets(KEYS, max_size=8), st.sets(KEYS, max_size=8), st.sampled_from(["", "a", "a/"]))
def test_the_families_of_a_prefix_are_those_whose_source_begins_with_it(
    sources: set[str], derived: set[str], prefix: str
):
    found = shown(Buckets(sources, derived).families("", prefix))
    assert found.keys() == {key for key in sources | derived if key.startswith(prefix)}
    assert found == {key: (key in sources, int(key in derived)) for key in found}


def test_the_sources_that_may_be_open_at_a_key_are_its_beginnings_before_what_comes_before_a_zero():
    assert still_open("a/b-1.jpg") == ["a", "a/b", "a/b-1"]
    assert still_open("a0b") == still_open("") == []


def test_a_derived_object_is_nobodys_source_when_it_is_looked_at_alone():
    same = Origin("sources", "sources", Keys("a/"))
    buckets = Buckets({"a/b"}, set())
    assert alone(_Sources(buckets), buckets, same, "a/b") is None
    assert alone(_Sources(buckets), buckets, ORIGIN, "a/b") is not None


def test_a_source_that_has_only_neighbours_is_no_family():
    buckets = Buckets({"ab"}, {"a/b"})
    assert alone(_Sources(buckets), buckets, ORIGIN, "a") is None


def test_the_bookmark_stays_before_what_is_held_and_goes_on_when_that_is_done():
    bookmark = Bookmark("a")
    bookmark.hold("b")
    bookmark.done("c")
    assert bookmark.after == "a"
    bookmark.done("b")
    assert bookmark.after == "c"


def test_the_bookmark_does_not_go_back_where_a_family_ends_late():
    bookmark = Bookmark()
    for key in ("a/b", "a"):
        bookmark.done(key)
    assert bookmark.after == "a/b"


def test_the_bookmark_waits_behind_failures_for_a_success_and_before_what_is_being_dealt_with():
    good, bad = (Step(Looked("a"))), [Step(Looked(key, failure="no")) for key in ("b", "c")]
    bookmark, seen = Bookmark(), list[str]()
    for _ in marked(chain([good], bad, [Step(Looked("d"))]), bookmark):
        seen.append(bookmark.after)
    assert (seen, bookmark.after) == (["", "a", "a", "a"], "d")


@pytest.mark.parametrize(
    ("words", "after", "command"),
    [
        (["derived", "repair", "x/"], "x/a b", "derived repair x/ --start-after 'x/a b'"),
        (["derived", "audit"], "", "derived audit"),
        (["derived", "audit", "--start-after", "a", ""], "b", "derived audit '' --start-after b"),
        (["derived", "audit", "--start-after=a", "--local"], "b", "derived audit --local --start-after b"),
        (["derived", "audit", "--", "--start-after"], "-b", "derived audit --start-after -b -- --start-after"),
    ],
    ids=["quoted", "from the beginning", "replaced", "replaced in one word", "before the end of options"],
)
def test_the_command_that_goes_on_is_the_one_that_was_begun_with_another_bookmark(
    words: list[str], after: str, command: str
):
    assert go_on(words, after) == f"groundskeeper {command}"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), max_size=3))
def test_a_shell_reads_quoted_words_as_they_were(words: list[str]):
    line = " ".join(map(quoted, words))
    assert line.isprintable()
    said = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
    assert said.decode() == "".join(f"{word}\0" for word in words or [""])


def test_plain_words_are_left_plain():
    assert quoted("photos/cat.jpg") == shlex.quote("photos/cat.jpg") == "photos/cat.jpg"
