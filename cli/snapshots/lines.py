"""How plans and outcomes of snapshots are said, line by line."""

from collections.abc import Iterator
from datetime import datetime

from chalicelib.problem import Problem
from chalicelib.snapshots.changes import Create
from chalicelib.snapshots.copies import MOST_AT_ONCE, CopyTo
from chalicelib.snapshots.copying import Copied
from chalicelib.snapshots.job import Outcome
from chalicelib.snapshots.retention import Leave, Verdict
from chalicelib.snapshots.retiring import Retired
from cli.lines import Action, Line


def of_outcome(region: str, outcome: Outcome, *, planned: bool) -> Iterator[Line]:
    """Yield what one region's volumes get, and what they do not get."""
    for create in outcome.plan.creates if planned else outcome.came.landed:
        yield _create(region, create)
    for create, reason in outcome.came.undone:
        yield _line(region, "failed", _what(create), reason, _ids(create))
    for skip in outcome.plan.skips:
        yield _line(region, "skip", skip.volume, skip.because, (skip.volume,))
    for problem in (*outcome.plan.problems, *outcome.world.strangers, *outcome.problems):
        yield of_problem(region, problem)


def of_copied(copied: Copied, *, planned: bool) -> Iterator[Line]:
    """Yield what one region gets from another."""
    for copy in copied.plan.copies if planned else copied.came.landed:
        yield _copy("copy", copy, copy.because)
    for copy, reason in copied.came.undone:
        yield _copy("failed", copy, reason)
    if copied.plan.waiting:
        because = f"AWS makes {MOST_AT_ONCE} at once for a region, and these wait for their turn"
        yield _line(copied.region, "skip", f"{copied.plan.waiting} copies from {copied.origin}", because)
    for problem in copied.plan.problems:
        yield of_problem(copied.region, problem)


def of_retired(retired: Retired, *, planned: bool, with_kept: bool) -> Iterator[Line]:
    """Yield what one region loses, and with ``with_kept`` what stays."""
    for delete in sorted(retired.deletions if planned else retired.carried.landed, key=_by_volume):
        yield _verdict(retired.region, "delete", delete, delete.because)
    for verdict in sorted(retired.verdicts if with_kept else (), key=_by_volume):
        if isinstance(verdict, Leave):
            yield _verdict(retired.region, "keep", verdict, verdict.because)
    for delete, reason in (*retired.carried.refused, *retired.carried.postponed):
        yield _verdict(retired.region, "failed", delete, reason)


def of_problem(region: str, problem: Problem) -> Line:
    """Return a problem's line."""
    return _line(region, "problem", problem.subject, problem.reason, (problem.subject,))


def _line(region: str, action: Action, what: str, because: str, ids: tuple[str, ...] = ()) -> Line:
    return Line(region, action, what, because, {"ids": list(ids)})


def _by_volume(verdict: Verdict) -> tuple[str, datetime]:
    return verdict.snapshot.volume, verdict.snapshot.taken


def _create(region: str, create: Create) -> Line:
    return _line(region, "create", _what(create), create.because, _ids(create))


def _what(create: Create) -> str:
    names = " ".join(volume.id for volume in create.volumes)
    return f"{names} of {create.instance.id}" if create.instance else names


def _ids(create: Create) -> tuple[str, ...]:
    return tuple(volume.id for volume in create.volumes)


def _copy(action: Action, copy: CopyTo, because: str) -> Line:
    what = f"{copy.source.id} of {copy.source.volume} from {copy.origin}"
    return _line(copy.region, action, what, because, (copy.source.id,))


def _verdict(region: str, action: Action, verdict: Verdict, because: str) -> Line:
    snapshot = verdict.snapshot
    what = f"{snapshot.id} of {snapshot.volume}, taken {snapshot.taken:%Y-%m-%d %H:%M}"
    return _line(region, action, what, because, (snapshot.id,))
