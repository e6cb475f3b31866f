"""How a campaign that was broken off is gone on with: from behind the key up to which everything is done.

Families come in the order in which they end (chalicelib/derived/listing.py), so that when ``a/b`` is done, ``a`` may
not be. Which sources those can be is seen from the key alone: they are looked at again, apart from the listing.
"""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

from chalicelib.derived.keys import Origin
from chalicelib.derived.listing import Family, ListedDerived, ListedSource
from chalicelib.derived.model import DerivedKey

WHERE = {"--stack", "--region", "--profile"}
OPTION = "--start-after"


class Sources(Protocol):
    """The bucket of sources."""

    def listed(self, prefix: str) -> Iterator[ListedSource]:
        """Yield the objects below a prefix, in the order of their keys."""


class Store(Protocol):
    """Where derived objects are."""

    def listed(self, prefix: str) -> Iterator[ListedDerived]:
        """Yield what is derived below a prefix of sources, in the order of the keys."""

    def children(self, source_key: str) -> Sequence[DerivedKey]:
        """Return all that is kept of a source."""


class Bookmark:
    """The key up to which everything is done, while sources are done in about the order of their keys."""

    def __init__(self, after: str = "") -> None:
        self.after = self._furthest = after
        self._held: set[str] = set()

    def hold(self, source_key: str) -> None:
        """Note that a source has been passed and not been done: the bookmark stays before it."""
        self._held.add(source_key)

    def done(self, source_key: str) -> None:
        """Note that a source is done."""
        self._held.discard(source_key)
        self._furthest = max(self._furthest, source_key)
        if not self._held:
            self.after = self._furthest


def still_open(key: str) -> list[str]:
    """Return the source keys before a key whose families may end behind it."""
    return [key[:at] for at in range(1, len(key)) if key[at] < "0"]


def from_behind(
    after: str, prefix: str, listed: Iterable[Family], alone: Callable[[str], Family | None]
) -> Iterator[Family]:
    """Yield the families of a prefix that a bookmark has not passed, each whole.

    Args:
        after: the bookmark; empty for the beginning.
        prefix: what sources' keys begin with.
        listed: the families from a listing that begins behind the bookmark.
        alone: gives the family of one source, or None where there is none.
    """
    for key in still_open(after):
        if key.startswith(prefix) and (family := alone(key)):
            yield family
    for family in listed:
        # Of a family that begins before the bookmark only a part is listed, and ``still_open`` has named it. A child of
        # `photos`, such as `photos/large.jpg`, is listed below the prefix `photos/l`, too.
        if family.source_key > after and family.source_key.startswith(prefix):
            yield family


def alone(sources: Sources, store: Store, origin: Origin, source_key: str) -> Family | None:
    """Return the family of one source, or None where there is neither source nor child; raise TryAgain."""
    if origin.is_derived(origin.source_bucket, source_key):
        return None
    source = next(sources.listed(source_key), None)
    children = [next(store.listed(f"{source_key}/{child.leaf}"), None) for child in store.children(source_key)]
    found = Family(
        source_key,
        source if source and source.key == source_key else None,
        tuple(child for child in children if child and child.source_key == source_key),
    )
    return found if found.source or found.children else None


def go_on(words: Sequence[str], after: str) -> str:
    """Return the command that goes on from a bookmark; ``words`` are those with which this one was begun."""
    kept = list(_without_bookmark(words))
    at = kept.index("--") if "--" in kept else len(kept)
    if after:
        kept[at:at] = [OPTION, after]
    return " ".join(["groundskeeper", *map(quoted, kept)])


def follow_up(words: Sequence[str], *command: str) -> str:
    """Return another command for the stack that this one, begun with ``words``, was for."""
    kept: list[str] = []
    for word, value in pairwise((*words, "")):
        name, equals, _ = word.partition("=")
        if name in WHERE:
            kept += [word] if equals else [word, value]
        elif word == "--local":
            kept.append(word)
    return " ".join(["groundskeeper", "derived", *map(quoted, (*command, *kept))])


def quoted(word: str) -> str:
    """Return a word as a shell reads it; what a terminal would not show is spelled out."""
    if word.isprintable():
        return shlex.quote(word)
    spelled = "".join(each if each.isprintable() else "".join(map(_octal, each.encode())) for each in _escaped(word))
    return f"$'{spelled}'"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("'", "\\'")


def _octal(byte: int) -> str:
    return f"\\{byte:03o}"


def _without_bookmark(words: Sequence[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        if word == "--":
            yield word
            yield from rest
        elif word == OPTION:
            next(rest, None)
        elif not word.startswith(f"{OPTION}="):
            yield word
