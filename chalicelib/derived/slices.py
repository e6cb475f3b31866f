"""The daily audit: a slice of all sources each day, for losses that nobody was told of."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from itertools import batched
from typing import Protocol

from chalicelib import reconcile
from chalicelib.derived.audit import Inspected
from chalicelib.derived.listing import Family
from chalicelib.errors import UnsafePlan

AT_ONCE = 256  # families that are looked at in one go, by some threads


class Position(Protocol):
    """How far the audit has come."""

    def read(self) -> str:
        """Return the source's key behind which it goes on."""

    def write(self, after: str) -> None:
        """Keep that key."""


@dataclass
class Slice:
    """What one day's audit has found: how many sources it looked at, and what of them can be put right."""

    after: str
    sources: int = 0
    to_repair: list[Inspected] = field(default_factory=list)
    unread: dict[str, Exception] = field(default_factory=dict)
    """Sources that could not be looked at, and why."""
    is_last: bool = True
    error: UnsafePlan | None = None


def audit(
    families: Callable[[str, Callable[[], bool]], Iterable[Family]],
    inspect: Callable[[Family], Inspected],
    position: Position,
    repair: Callable[[Iterable[Inspected]], None],
    has_time: Callable[[], bool],
    executor: Executor,
) -> Slice:
    """Look at sources from where the last audit stopped until time is up, and have put right what is wrong.

    What has no source is taken away only if that is not suspiciously much (reconcile.guard). At the end of all sources
    the next audit begins anew.
    """
    found = Slice(after=position.read())

    def enough() -> bool:
        found.is_last = has_time()
        return not found.is_last

    for batch in batched(families(found.after, enough), AT_ONCE):
        for family, seen in zip(batch, executor.map(partial(_seen, inspect), batch), strict=True):
            if isinstance(seen, Exception):
                found.unread[family.source_key] = seen
            elif seen.to_repair:
                found.to_repair.append(seen)
        found.sources += len(batch)
        found.after = max([found.after, *(family.source_key for family in batch)], key=str.encode)
    repair(list(_guarded(found)))  # guarded, too, where nobody reads what would be repaired
    position.write("" if found.is_last else found.after)
    return found


def _seen(inspect: Callable[[Family], Inspected], family: Family) -> Inspected | Exception:
    """Return what an audit finds of a family: one that cannot be read must not end the audit of all others."""
    try:
        return inspect(family)
    except Exception as error:
        return error


def _guarded(found: Slice) -> Iterator[Inspected]:
    """Yield what may be put right: without what would be deleted, where that is too much."""
    orphaned = [each for each in found.to_repair if each.is_orphaned]
    try:
        reconcile.guard(len(orphaned), found.sources)
    except UnsafePlan as error:
        found.error = error
        yield from (each for each in found.to_repair if not each.is_orphaned)
    else:
        yield from found.to_repair
