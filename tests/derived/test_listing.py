"""The join of two listings: right for keys made to confuse it, and with next to nothing in memory."""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.derived.listing import Family, ListedDerived, ListedSource, families

LEAVES = ["t.jpg", "0.png", "-.jpg"]
ALPHABET = ["a", "-", ".", "/", "0", "t.jpg", "/t.jpg", "é", "\uffee", "\U0001f600"]
KEYS = st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=5).map("".join)


def source(key: str) -> ListedSource:
    return ListedSource(key, f'"{key}"', 1.0, 1)


def child(source_key: str, leaf: str = "t.jpg", prefix: str = "derived/") -> ListedDerived:
    return ListedDerived(f"{prefix}{source_key}/{leaf}", source_key, leaf, '"made"', 2.0, "STANDARD")


def octets(item: ListedSource | ListedDerived) -> bytes:
    return item.key.encode()


def joined(sources: Iterable[str], children: Iterable[ListedDerived]) -> list[Family]:
    return list(families(sorted(map(source, sources), key=octets), sorted(children, key=octets)))


def shown(found: Iterable[Family]) -> dict[str, tuple[bool, list[str]]]:
    return {family.source_key: (family.source is not None, [made.leaf for made in family.children]) for family in found}


def by_dictionary(sources: Iterable[str], children: Iterable[ListedDerived]) -> list[Family]:
    made: dict[str, list[ListedDerived]] = {key: [] for key in sources}
    for one in sorted(children, key=octets):
        made.setdefault(one.source_key, []).append(one)
    return [Family(key, source(key) if key in set(sources) else None, tuple(its)) for key, its in made.items()]


def test_a_source_without_children_and_children_without_a_source_are_families():
    found = joined(["a", "b"], [child("b"), child("c")])
    assert shown(found) == {"a": (True, []), "b": (True, ["t.jpg"]), "c": (False, ["t.jpg"])}


@pytest.mark.parametrize(
    ("sources", "children"),
    [
        pytest.param(["cat", "cat-2.jpg"], ["cat", "cat-2.jpg"], id="children come in another order than sources"),
        pytest.param(["a", "a/t.jpg"], ["a", "a/t.jpg"], id="a source is called as another's child is"),
        pytest.param(["a/t.jpg"], ["a", "a/t.jpg"], id="an orphan's child is called as a source is"),
        pytest.param(["a", "a/", "a//"], ["a", "a/", "a//"], id="sources end in slashes"),
        pytest.param(["a/"], ["a"], id="a folder's marker is not the source that is gone"),
        pytest.param(["\uffee", "\U0001f600"], ["\uffee", "\U0001f600"], id="in UTF-16 the order would be another"),
        pytest.param(["a", "b"], [], id="nothing was made"),
        pytest.param([], ["a", "b"], id="all sources are gone"),
        pytest.param([], [], id="there is nothing"),
    ],
)
def test_each_child_comes_to_its_source_where(sources: list[str], children: list[str]):
    made = [child(key, leaf) for key in children for leaf in LEAVES]
    found = joined(sources, made)
    assert shown(found) == shown(by_dictionary(sources, made))
    assert len(found) == len({*sources, *children})


@given(st.sets(KEYS), st.sets(st.tuples(KEYS, st.sampled_from(LEAVES))), st.sampled_from(["", "derived/", "0"]))
def test_the_join_finds_what_a_dictionary_of_all_would(sources: set[str], made: set[tuple[str, str]], prefix: str):
    children = [child(key, leaf, prefix) for key, leaf in made]
    found = joined(sources, children)
    assert sorted(found, key=lambda family: family.source_key) == sorted(
        by_dictionary(sources, children), key=lambda family: family.source_key
    )


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_the_order_of_texts_is_that_of_their_octets(keys: list[str]):
    assert sorted(keys) == sorted(keys, key=str.encode)


class Watched:
    """Two listings, which know what the join has read of them and not yet given back."""

    def __init__(self, sources: Iterable[str], children: Iterable[ListedDerived]) -> None:
        self.held: list[ListedSource | ListedDerived] = []
        self.most = 0
        self._ahead: dict[str, ListedSource | ListedDerived] = {}
        self._sources = sorted(map(source, sources), key=octets)
        self._children = sorted(children, key=octets)

    def join(self) -> Iterator[Family]:
        for family in families(self._watched("sources", self._sources), self._watched("children", self._children)):
            for item in (family.source, *family.children):
                if item:
                    self.held.remove(item)
            yield family

    def _watched[T: ListedSource | ListedDerived](self, listing: str, items: Iterable[T]) -> Iterator[T]:
        for item in items:
            yield self._read(listing, item)
            ahead = [one for other, one in self._ahead.items() if other != listing]
            for one in self.held:
                assert one in ahead or position(item) < f"{family_of(one)}0", "it could have been given back"

    def _read[T: ListedSource | ListedDerived](self, listing: str, item: T) -> T:
        self._ahead[listing] = item
        self.held.append(item)
        self.most = max(self.most, len(self.held))
        return item


def family_of(item: ListedSource | ListedDerived) -> str:
    return item.key if isinstance(item, ListedSource) else item.source_key


def position(item: ListedSource | ListedDerived) -> str:
    return item.key if isinstance(item, ListedSource) else f"{item.source_key}/{item.leaf}"


@given(st.sets(KEYS), st.sets(KEYS))
def test_only_families_are_held_that_the_key_begins_with(sources: set[str], made: set[str]):
    watched = Watched(sources, map(child, made))
    assert len(list(watched.join())) == len(sources | made)
    assert not watched.held


@pytest.mark.parametrize("made", [range(5_000), range(0), range(0, 5_000, 7), range(4_000, 9_000)], ids=str)
def test_what_is_held_does_not_grow_with_the_listings(made: range):
    watched = Watched((f"{number:05}.jpg" for number in range(5_000)), (child(f"{number:05}.jpg") for number in made))
    assert sum(1 for _ in watched.join()) == len({*range(5_000), *made})
    assert watched.most <= 4


def test_a_chain_is_held_as_long_as_its_keys_can_have_children():
    keys = ["a" + "-" * length for length in range(50)]
    watched = Watched(keys, map(child, keys))
    assert [family.source_key for family in watched.join()] == keys[::-1]
    assert watched.most >= 50


@pytest.mark.parametrize(
    ("sources", "children"),
    [
        pytest.param(["b", "a"], [], id="sources go back"),
        pytest.param(["a", "a"], [], id="a source comes twice, as in a listing of versions"),
        pytest.param([], [child("b"), child("a")], id="children go back"),
        pytest.param([], [child("cat"), child("cat-2")], id="children come in the order of their sources"),
        pytest.param([], [child("a"), child("a")], id="a child comes twice"),
        pytest.param(["\U0001f600", "\uffee"], [], id="sources come in the order of UTF-16"),
    ],
)
def test_a_listing_out_of_order_is_refused_where(sources: list[str], children: list[ListedDerived]):
    with pytest.raises(ValueError, match=r"is not in the order of its keys: '.+' comes after '.+'"):
        list(families(map(source, sources), children))


@given(st.lists(KEYS), st.lists(KEYS))
def test_whatever_is_not_in_order_is_never_joined(sources: list[str], made: list[str]):
    whole = [f"{key}/t.jpg" for key in made]
    is_sorted = sources == sorted(set(sources)) and whole == sorted(set(whole))
    try:
        list(families(map(source, sources), map(child, made)))
    except ValueError:
        assert not is_sorted
    else:
        assert is_sorted


def test_a_child_whose_key_is_not_its_own_is_refused():
    stray = ListedDerived("derived/b/t.jpg", "a", "t.jpg", "", 0.0, "STANDARD")
    with pytest.raises(ValueError, match=r"'derived/b/t\.jpg' is not that of 't\.jpg' of the source 'a'"):
        list(families([], [stray]))


def test_a_join_that_is_enough_says_which_families_it_has_not_read_to_their_ends():
    told = iter([False, False, True])
    listed = list(families([source("ant"), source("cat"), source("cat-1")], [], lambda: next(told)))
    assert [(family.source_key, family.is_whole) for family in listed] == [("ant", True), ("cat", False)]
