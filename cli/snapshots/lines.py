"""How plans and outcomes of snapshots look on a terminal, and as JSON: one line for each thing, with its because."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rich.text import Text

from chalicelib.snapshots.changes import Create
from chalicelib.snapshots.copies import MOST_AT_ONCE, CopyTo
from chalicelib.snapshots.copying import Copied
from chalicelib.snapshots.job import Outcome
from chalicelib.snapshots.model import Problem
from chalicelib.snapshots.retention import Leave, Verdict
from chalicelib.snapshots.retiring import Retired
from cli.screen import COLOURS, err, out

SIGNS = {"create": "+", "copy": "+", "delete": "-", "keep": "=", "skip": "!", "problem": "!", "failed": "!"}


@dataclass(frozen=True)
class Line:
    """One thing that is done, left, or wrong; ``what`` is for people, and ``ids`` for programs."""

    region: str
    action: Literal["create", "copy", "delete", "keep", "skip", "problem", "failed"]
    what: str
    because: str
    ids: tuple[str, ...] = ()

    def show(self) -> None:
        """Print it, what is left or wrong on standard error."""
        sign = SIGNS[self.action]
        text = Text(f"{sign} {self.region}  {self.what}", COLOURS.get(sign, "yellow" if sign == "!" else ""))
        (err if sign == "!" else out).print(text + Text(f"  because {self.because}", "dim"))

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {"region": self.region, "action": self.action, "ids": list(self.ids), "because": self.because}


def show(lines: Iterable[Line], *, as_json: bool) -> None:
    """Print lines."""
    if as_json:
        out.print_json(json.dumps([line.as_json() for line in lines]))
        return
    for line in lines:
        line.show()


def of_outcome(region: str, outcome: Outcome, *, planned: bool) -> Iterator[Line]:
    """Yield what one region's volumes get, and what they do not get."""
    for create in outcome.plan.creates if planned else outcome.came.landed:
        yield _create(region, create)
    for create, reason in outcome.came.undone:
        yield Line(region, "failed", _what(create), reason, _ids(create))
    for skip in outcome.plan.skips:
        yield Line(region, "skip", skip.volume, skip.because, (skip.volume,))
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
        yield Line(copied.region, "skip", f"{copied.plan.waiting} copies from {copied.origin}", because)
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
    return Line(region, "problem", problem.subject, problem.reason, (problem.subject,))


def _by_volume(verdict: Verdict) -> tuple[str, datetime]:
    return verdict.snapshot.volume, verdict.snapshot.taken


def _create(region: str, create: Create) -> Line:
    return Line(region, "create", _what(create), create.because, _ids(create))


def _what(create: Create) -> str:
    names = " ".join(volume.id for volume in create.volumes)
    return f"{names} of {create.instance.id}" if create.instance else names


def _ids(create: Create) -> tuple[str, ...]:
    return tuple(volume.id for volume in create.volumes)


def _copy(action: Literal["copy", "failed"], copy: CopyTo, because: str) -> Line:
    what = f"{copy.source.id} of {copy.source.volume} from {copy.origin}"
    return Line(copy.region, action, what, because, (copy.source.id,))


def _verdict(region: str, action: Literal["delete", "keep", "failed"], verdict: Verdict, because: str) -> Line:
    snapshot = verdict.snapshot
    what = f"{snapshot.id} of {snapshot.volume}, taken {snapshot.taken:%Y-%m-%d %H:%M}"
    return Line(region, action, what, because, (snapshot.id,))
