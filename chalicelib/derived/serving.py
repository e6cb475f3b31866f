"""A client asks for a derived object: it is sent where the object is, once it is sure to be there."""

import time
from collections.abc import Callable
from typing import Protocol

from chalicelib.derived import requests
from chalicelib.derived.definitions import Definitions
from chalicelib.derived.job import Task
from chalicelib.derived.keys import Origin
from chalicelib.derived.model import DerivedKey, Done, Present, State
from chalicelib.errors import BadRequest, Forbidden, NotFound
from chalicelib.web import Answer, Request

GOOD_FOR = 30.0  # seconds that an answer is believed, here and by the client; links last longer
MOST_REMEMBERED = 10_000
CACHING = {"Cache-Control": f"private, max-age={GOOD_FOR:.0f}"}
# Clients take such segments out of every path, links included (RFC 3986, section 6.2.2.3).
UNLINKABLE = frozenset({".", ".."})


class Store(Protocol):
    """Where derived objects are."""

    def state(self, key: DerivedKey) -> State:
        """Return what a key holds; raise TryAgain."""

    def link(self, key: DerivedKey) -> str:
        """Return a URL by which anybody can read it for a while."""


class Maker(Protocol):
    """Who makes derived objects, and waits until they are made."""

    def make(self, task: Task) -> Done:
        """Do a task; return what became of it; raise TryAgain where it takes too long."""


class Gallery:
    """Serves derived objects, and has those made that are not there."""

    def __init__(
        self,
        origin: Origin,
        definitions: Callable[[], Definitions],
        store: Store,
        maker: Maker,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._origin, self._definitions, self._store, self._maker, self._clock = (
            origin,
            definitions,
            store,
            maker,
            clock,
        )
        self._seen: dict[DerivedKey, float] = {}

    def get(self, request: Request, path: str) -> Answer:
        """Send a client to a derived object; ``path`` is its key without the prefix. HEAD says that it is there.

        Raises:
            NotFound: it is none of ours, its source is gone, or it can never be made.
            BadRequest: no source can have that key, or no link can lead to it.
            Forbidden: the token may not read what is derived of this source.
            TryAgain: it takes too long to make it.
        """
        task = self._task(path)
        # Before anything is looked at: the answer must not tell whether there is such a source.
        if not request.caller.may_read_derived(task.source_key):
            raise Forbidden(
                f"the token needs the scope derived:read:PATTERN, with a pattern that {task.source_key!a} matches"
            )
        key = task.wanted[0].of(task.source_key)
        if self._clock() >= self._seen.get(key, 0.0):
            self._make_sure(key, task)
        if request.method == "HEAD":  # the link would be signed for GET
            return Answer(200, headers=CACHING)
        return Answer(307, headers={"Location": self._store.link(key), **CACHING})

    def _task(self, path: str) -> Task:
        definitions = self._definitions()
        key = self._origin.keys.parse(self._origin.keys.prefix + path)
        maker = definitions.transformations.get(key.transformation) if key else None
        if key is None or maker is None or not key.is_by(maker):
            known = ", ".join(each.of("…").leaf for each in definitions.transformations.values())
            raise NotFound(
                f"{path!a} is not the key of a derived object: SOURCE/TRANSFORMATION.EXTENSION, with one of {known}"
            )
        if not UNLINKABLE.isdisjoint(key.source_key.split("/")):
            raise BadRequest(f"no link can lead to {path!a}, for its segments of dots: read it from S3 itself")
        return requests.task({"key": key.source_key, "transformations": [maker.name]}, self._origin, definitions)

    def _make_sure(self, key: DerivedKey, task: Task) -> None:
        if not isinstance(self._store.state(key), Present) and (
            reason := self._maker.make(task).not_made.get(key.transformation)
        ):
            raise NotFound(f"there is no {key.leaf} of {key.source_key!a}: {reason}")
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.clear()
        self._seen[key] = self._clock() + GOOD_FOR
