"""A client is sent to a derived object only once it is sure to be there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from chalicelib.derived.job import Task
from chalicelib.derived.model import DerivedKey, Done, Entombed, Foreign, Lost, Missing, Present, State
from chalicelib.derived.serving import GOOD_FOR, MOST_REMEMBERED, Gallery
from chalicelib.errors import BadRequest, Forbidden, GroundskeeperError, NotFound, TryAgain
from chalicelib.web import Answer
from tests.derived.fakes import CAT, DEFINITIONS, ORIGIN, SHARED, THUMB, stamp
from tests.hosts.fakes import request

READER = ("derived:read:*",)
THERE = Present(stamp(b"image 1"))


@dataclass
class FakeStore:
    """One state for every key, and a maker that brings it about."""

    state_: State = THERE
    reasons: Mapping[str, str] = field(default_factory=dict)
    error: GroundskeeperError | None = None
    calls: list[object] = field(default_factory=list)

    def state(self, key: DerivedKey) -> State:
        self.calls.append(key)
        return self.state_

    def link(self, key: DerivedKey) -> str:
        return f"https://s3.example/{key.source_key}/{key.leaf}"

    def make(self, task: Task) -> Done:
        self.calls.append(task)
        if self.error:
            raise self.error
        return Done(not_made=self.reasons)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def gallery(store: FakeStore, clock: Clock | None = None, *, is_shared: bool = False) -> Gallery:
    return Gallery(SHARED if is_shared else ORIGIN, lambda: DEFINITIONS, store, store, clock or Clock())


def get(shown: Gallery, path: str = f"{CAT}/thumb.jpg", scopes: tuple[str, ...] = READER) -> Answer:
    return shown.get(request(scopes=scopes), path)


def test_a_client_is_sent_where_the_object_is():
    store = FakeStore()
    answer = get(gallery(store))
    assert (answer.status, answer.headers["Location"]) == (307, f"https://s3.example/{CAT}/thumb.jpg")
    assert answer.headers["Cache-Control"] == "private, max-age=30"
    assert store.calls == [THUMB.of(CAT)]


@pytest.mark.parametrize("state", [Missing(), Lost()], ids=["missing", "lost"])
def test_what_is_not_there_is_made_first(state: State):
    store = FakeStore(state)
    assert get(gallery(store)).status == 307
    assert store.calls == [THUMB.of(CAT), Task(CAT, (THUMB,))]


@pytest.mark.parametrize(
    "state", [Missing(), Foreign(), Entombed(stamp(b""), "x")], ids=["missing", "foreign", "entombed"]
)
def test_what_cannot_be_made_is_not_found_with_the_reason(state: State):
    store = FakeStore(state, {"thumb": "its source is gone"})
    with pytest.raises(NotFound, match=r"there is no thumb\.jpg of 'cats/cat 1\.jpg': its source is gone"):
        get(gallery(store))


def test_what_others_of_the_source_lack_does_not_matter():
    assert get(gallery(FakeStore(Missing(), {"large": "it is too large"}))).status == 307


def test_a_good_answer_is_believed_for_thirty_seconds_and_no_longer():
    store, clock = FakeStore(), Clock()
    shown = gallery(store, clock)
    for seconds in (0.0, 1.0, GOOD_FOR - 1.001):
        clock.now += seconds
        get(shown)
    assert len(store.calls) == 1
    clock.now = 1_000.0 + GOOD_FOR
    get(shown)
    assert len(store.calls) == 2


def test_each_object_is_remembered_by_itself():
    store = FakeStore()
    shown = gallery(store)
    for path in ("cat/thumb.jpg", "cat/large.webp", "dog/thumb.jpg"):
        get(shown, path)
    assert len(store.calls) == 3


def test_a_good_answer_does_not_outlive_a_failure_and_a_failure_is_not_remembered():
    store, clock = FakeStore(), Clock()
    shown = gallery(store, clock)
    get(shown)
    clock.now += GOOD_FOR
    store.state_, store.error = Lost(), TryAgain("it takes longer than a client can wait")
    for _ in range(2):
        with pytest.raises(TryAgain):
            get(shown)
    store.error = None
    assert get(shown).status == 307
    assert [call for call in store.calls if isinstance(call, Task)] == [Task(CAT, (THUMB,))] * 3


def test_what_is_remembered_does_not_grow_for_ever():
    store = FakeStore()
    shown = gallery(store)
    for number in range(MOST_REMEMBERED + 1):
        get(shown, f"{number}/thumb.jpg")
    assert len(shown._seen) == 1


@pytest.mark.parametrize("scopes", [(), ("derived:read:dogs/*",), ("derived:write:*",), ("hosts:read:private",)])
def test_who_may_not_read_it_is_refused_before_anything_is_asked_of_s3(scopes: tuple[str, ...]):
    store = FakeStore(Missing())
    shown = gallery(store)
    for _ in range(2):
        with pytest.raises(Forbidden, match="the token needs the scope derived:read:PATTERN"):
            get(shown, scopes=scopes)
    assert store.calls == []


def test_what_another_was_shown_is_not_shown_to_who_may_not_read_it():
    shown = gallery(FakeStore())
    get(shown)
    with pytest.raises(Forbidden):
        get(shown, scopes=("derived:read:dogs/*",))
    assert get(shown, scopes=("derived:read:cats/*",)).status == 307


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("", id="nothing"),
        pytest.param("thumb.jpg", id="no source"),
        pytest.param("/thumb.jpg", id="an empty source"),
        pytest.param("cat/former.jpg", id="nothing that is defined"),
        pytest.param("cat/thumb.png", id="another extension than it is defined with"),
        pytest.param("cat/thumb.tombstone", id="a tombstone"),
        pytest.param("cat/thumb.jpg/", id="a folder"),
        pytest.param("cat/THUMB.jpg", id="another case"),
        pytest.param("\u2028/\udc80", id="no text at all"),
    ],
)
def test_what_is_not_a_derived_objects_key_is_not_found_and_what_there_is_is_named(path: str):
    store = FakeStore()
    with pytest.raises(NotFound, match=r"SOURCE/TRANSFORMATION\.EXTENSION, with one of …/thumb\.jpg|thumb\.jpg, large"):
        get(gallery(store), path)
    assert store.calls == []


@pytest.mark.parametrize("source", ["a b", "é", "a//b", "/", "%2F", "a?b#c", "\U0001f600", "x/thumb.jpg", "\n", "..."])
def test_sources_with_odd_keys_are_served(source: str):
    store = FakeStore(Missing())
    assert get(gallery(store), f"{source}/thumb.jpg").status == 307
    assert store.calls == [THUMB.of(source), Task(source, (THUMB,))]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("a" * 1_001, id="the tombstone's key is too long for S3"),
        pytest.param("é" * 600, id="the source's key is too long for S3"),
        pytest.param("\udc80", id="no text that S3 could have"),
        pytest.param("derived/cat/thumb.jpg", id="a derived object is nobody's source"),
        pytest.param("..", id="dots that clients take out of paths"),
        pytest.param("a/./b", id="a dot that clients take out of paths"),
    ],
)
def test_what_can_be_nobodys_source_is_the_clients_fault(source: str):
    store = FakeStore(Missing())
    with pytest.raises((BadRequest, NotFound)):
        get(gallery(store, is_shared=True), f"{source}/thumb.jpg")
    assert store.calls == []
