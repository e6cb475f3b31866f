"""The join of two listings, of sources and of what was made of them, in memory that does not grow with either.

S3 lists keys in the order of their UTF-8 octets
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html), which is the order of Python's texts.
The two orders differ all the same: the source ``cat`` comes before ``cat-2.jpg``, but its child ``cat/t.jpg`` after
``cat-2.jpg/t.jpg``, and between the children of ``a`` may stand those of the source ``a/t.jpg``. So a family stays open
until both listings have passed all that its children's keys can be: ``<source key>0``, as 0 follows on the slash. What
is open at any time is a chain: each is the beginning of the next, and of the key that is looked at.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter


@dataclass(frozen=True, slots=True)
class ListedSource:
    """A source as a listing shows it; ``modified`` is in seconds since the epoch, ``size`` in bytes."""

    key: str
    etag: str
    modified: float
    size: int


@dataclass(frozen=True, slots=True)
class ListedDerived:
    """A derived object as a listing shows it: its whole key, which ends in ``<source key>/<leaf>``."""

    key: str
    source_key: str
    leaf: str
    etag: str
    modified: float
    storage_class: str


@dataclass(frozen=True)
class Family:
    """A source, or None where there is none, and what was made of it, in the order of the keys."""

    source_key: str
    source: ListedSource | None
    children: tuple[ListedDerived, ...]
    is_whole: bool = True
    """Whether the listing was read to the family's end."""


type _Placed = tuple[str, ListedSource | ListedDerived]


def families(
    sources: Iterable[ListedSource], derived: Iterable[ListedDerived], enough: Callable[[], bool] = lambda: False
) -> Iterator[Family]:
    """Yield one family for each source, and for each source key that has children only, as they end.

    Both listings are read side by side, no further than is needed, until it is enough: then those families that have
    begun are yielded as far as they were read.

    Raises:
        ValueError: a listing is not in the order of its keys, or says one twice, or a key does not end as it should.
            That may come late, after families that lack a source or a child: take nothing away on the word of a
            listing before its end.
    """
    chain: list[_Open] = []
    for position, item in merge(_sources(sources), _derived(derived), key=itemgetter(0)):
        while chain and chain[-1].end <= position:
            yield chain.pop().family()
        if enough():
            yield from (family.family(is_whole=False) for family in reversed(chain))
            return
        if isinstance(item, ListedSource):
            chain.append(_Open(item.key, item))
        else:
            _opened(chain, item.source_key).children.append(item)
    yield from (family.family() for family in reversed(chain))


@dataclass(slots=True)
class _Open:
    key: str
    source: ListedSource | None
    children: list[ListedDerived] = field(default_factory=list)

    @property
    def end(self) -> str:
        return f"{self.key}0"

    def family(self, *, is_whole: bool = True) -> Family:
        return Family(self.key, self.source, tuple(self.children), is_whole)


def _opened(chain: list[_Open], source_key: str) -> _Open:
    """Return the open family of a child; all sources before the child were seen, so it has none where none is open."""
    at = bisect_left(chain, len(source_key), key=lambda family: len(family.key))
    if at == len(chain) or chain[at].key != source_key:
        chain.insert(at, _Open(source_key, None))
    return chain[at]


def _sources(sources: Iterable[ListedSource]) -> Iterator[_Placed]:
    return _ordered("sources", ((source.key, source) for source in sources))


def _derived(derived: Iterable[ListedDerived]) -> Iterator[_Placed]:
    return _ordered("derived objects", ((_position(child), child) for child in derived))


def _position(child: ListedDerived) -> str:
    position = f"{child.source_key}/{child.leaf}"
    if not child.key.endswith(position):
        raise ValueError(f"the key {child.key!r} is not that of {child.leaf!r} of the source {child.source_key!r}")
    return position


def _ordered(what: str, listing: Iterable[_Placed]) -> Iterator[_Placed]:
    before: str | None = None
    for key, item in listing:
        if before is not None and key <= before:
            raise ValueError(f"the listing of {what} is not in the order of its keys: {key!r} comes after {before!r}")
        before = key
        yield key, item
