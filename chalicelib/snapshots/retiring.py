"""The job of retirement: in one region, look, plan, guard, and delete what no policy keeps."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib import reconcile
from chalicelib.errors import UnsafePlan
from chalicelib.reconcile import Carried
from chalicelib.snapshots import retention
from chalicelib.snapshots.model import Snapshot
from chalicelib.snapshots.once import Patience
from chalicelib.snapshots.policies import Policies
from chalicelib.snapshots.retention import Delete, Ties, Verdict

UNUSUAL = "of a changed policy, clock or tag, beyond what new snapshots push out"


class Region(Protocol):
    """Where snapshots are deleted."""

    name: str

    def ours(self) -> tuple[tuple[Snapshot, ...], Mapping[str, str]]:
        """Return our snapshots, and which of them other services hold, and why; raise TryAgain, BadSettings."""

    def held(self) -> Mapping[str, str]:
        """Return why snapshots cannot be deleted, by id; raise TryAgain, BadSettings."""

    def volumes(self) -> frozenset[str]:
        """Return the ids of all volumes; raise TryAgain, BadSettings."""

    def delete(self, id_: str) -> None:
        """Delete a snapshot; raise Refused where something holds it, TryAgain."""


@dataclass(frozen=True)
class RetirePlace:
    """One region, and what a job needs there; ``awaited`` says which snapshots are held for copies of them."""

    region: Region
    turn: Callable[[], AbstractContextManager[Patience]]
    awaited: Callable[[tuple[Snapshot, ...], datetime], Mapping[str, str]] = lambda *_: {}


@dataclass
class Retired:
    """What one run did in one region: its verdicts, what became of the deletions, and why it refused them."""

    region: str
    snapshots: tuple[Snapshot, ...] = ()
    verdicts: list[Verdict] = field(default_factory=list)
    carried: Carried[Delete] = field(default_factory=Carried)
    error: UnsafePlan | None = None

    @property
    def deletions(self) -> list[Delete]:
        """Return what no policy keeps."""
        return [verdict for verdict in self.verdicts if isinstance(verdict, Delete)]

    @property
    def is_complete(self) -> bool:
        """Whether everything that was planned was done; what something else holds since the look is no fault."""
        return not (self.error or self.carried.postponed)


def preview(place: RetirePlace, policies: Policies, now: datetime, *, force: bool = False) -> Retired:
    """Say which snapshots a run would delete, and why each other one is kept."""
    region = place.region
    # Ties are read last: what is held since the listing began is then seen, too.
    ours, others = region.ours()
    gone = frozenset(each.volume for each in ours) - region.volumes()
    ties = Ties({**place.awaited(ours, now), **others, **region.held()}, gone)
    verdicts = retention.plan(ours, ties, policies, region.name, now)
    retired = Retired(region.name, ours, verdicts)
    try:
        reconcile.guard(retention.beyond_turnover(verdicts), len(ours), UNUSUAL, force=force)
    except UnsafePlan as error:
        retired.error = error
    return retired


def run(place: RetirePlace, policies: Policies, clock: Callable[[], datetime], *, force: bool = False) -> Retired:
    """Delete what no policy keeps, unless that is suspiciously much."""
    with place.turn() as patience:
        retired = preview(place, policies, clock(), force=force)
        if not retired.error:
            # The oldest first: whatever stops a run, the newest are there.
            oldest = sorted(retired.deletions, key=lambda delete: (delete.snapshot.taken, delete.snapshot.id))

            def delete(batch: Sequence[Delete]) -> None:
                patience.check(0.0)
                patience.pace()
                place.region.delete(batch[0].snapshot.id)

            retired.carried = reconcile.carry_out([[each] for each in oldest], (), delete, bisect=False)
    return retired
