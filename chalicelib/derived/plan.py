"""The plan of derived objects: what to make, what to take away, what to leave alone, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from chalicelib.derived.model import Child, Entombed, Foreign, Lost, Missing, Present, Source, Stamp, Transformation


@dataclass(frozen=True, slots=True)
class Make:
    """Make a derived object by a transformation, in the place of what is there."""

    child: Child
    transformation: Transformation
    because: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Take a derived object away, and its tombstone."""

    child: Child
    because: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Change nothing, for a reason that somebody should know."""

    child: Child
    because: str


type Change = Make | Delete | Leave


def plan(source: Source | None, children: Iterable[Child], *, keeps_orphans: bool = False) -> list[Change]:
    """Return what makes the derived objects of one source right: nothing for those that are.

    Args:
        source: the source as it is now; None where it is gone.
        children: what is wanted of it, or has been made of it, as it is now.
        keeps_orphans: whether derived objects outlive their source.
    """
    changes = [_without_source(child, keeps_orphans) if source is None else _of(source, child) for child in children]
    return [change for change in changes if change]


def _of(source: Source, child: Child) -> Change | None:
    wanted = child.transformation
    if source.is_derived:
        return _of_derived(child)
    if wanted is None:
        return Leave(child, f"no transformation is defined that makes {child.key.leaf}")
    match child.state:
        case Foreign():
            return Leave(child, "an object that is not ours has its key")
        case Missing():
            return Make(child, wanted, "it is missing")
        case Lost():
            return Make(child, wanted, "S3 has lost it")
        case Present(stamp):
            reason = _why_stale(source, wanted, stamp)
            return Make(child, wanted, reason) if reason else None
        case Entombed(stamp, why):
            reason = _why_stale(source, wanted, stamp)
            return Make(child, wanted, reason) if reason else Leave(child, f"it cannot be made: {why}")
        case _:
            assert_never(child.state)


def _of_derived(child: Child) -> Change:
    """Nothing is derived of derived objects, and what was made of an earlier source would show something else."""
    reason = "its source is a derived object itself"
    return Leave(child, reason) if isinstance(child.state, Missing | Foreign) else Delete(child, reason)


def _without_source(child: Child, keeps_orphans: bool) -> Change | None:
    match child.state:
        case Missing():
            return None
        case Foreign():
            return Leave(child, "its source is gone, but it is not ours")
        case Present() if keeps_orphans:
            return Leave(child, "its source is gone, and KeepDerived=1")
        case _:
            return Delete(child, "its source is gone")


def _why_stale(source: Source, wanted: Transformation, stamp: Stamp) -> str:
    if stamp.source_etag != source.etag:
        return "its source has changed"
    return f"the definition of {wanted.name} has changed" if stamp.digest != wanted.digest else ""
