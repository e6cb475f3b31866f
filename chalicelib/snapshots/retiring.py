"""The job of retirement: in one region, look, plan, guard, and delete what no policy keeps."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib import reconcile
from chalicelib.errors import TryAgain, UnsafePlan
from chalicelib.reconcile import Carried
from chalicelib.snapshots import retention
from chalicelib.snapshots.model import Snapshot
from chalicelib.snapshots.once import Patience
from chalicelib.snapshots.policies import Policies
from chalicelib.snapshots.retention import Delete, Ties, Verdict

UNUSUAL = "a policy, a clock or a tag has changed, besides those that new snapshots push out"


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


class LastTime(Protocol):
    """When a retirement last did all that it should."""

    def read(self) -> str:
        """Return the moment in ISO 8601; empty where there was none; raise TryAgain."""

    def write(self, moment: str) -> None:
        """Keep the moment; raise TryAgain."""


@dataclass(frozen=True)
class RetirePlace:
    """One region, and what a job needs there; ``awaited`` says which snapshots are held for copies of them."""

    region: Region
    turn: Callable[[], AbstractContextManager[Patience]]
    last_time: LastTime
    awaited: Callable[[tuple[Snapshot, ...], datetime], Mapping[str, str]]


@dataclass
class Retired:
    """What one run did in one region: its verdicts, and what became of the deletions.

    ``unsafe`` says, by policy, why none of its snapshots were deleted.
    """

    region: str
    snapshots: tuple[Snapshot, ...] = ()
    verdicts: list[Verdict] = field(default_factory=list)
    carried: Carried[Delete] = field(default_factory=Carried)
    unsafe: dict[str, UnsafePlan] = field(default_factory=dict)

    @property
    def deletions(self) -> list[Delete]:
        """Return what no policy keeps."""
        return [verdict for verdict in self.verdicts if isinstance(verdict, Delete)]

    @property
    def safe_deletions(self) -> list[Delete]:
        """Return what may be deleted, the oldest first: whatever stops a run, the newest are there."""
        safe = [each for each in self.deletions if each.snapshot.label.policy not in self.unsafe]
        return sorted(safe, key=lambda each: (each.snapshot.taken, each.snapshot.id))

    @property
    def left(self) -> tuple[Snapshot, ...]:
        """Return the snapshots that are still there."""
        deleted = {each.snapshot.id for each in self.carried.landed}
        return tuple(each for each in self.snapshots if each.id not in deleted)

    @property
    def is_complete(self) -> bool:
        """Whether everything that was planned was done; what something else holds since the look is no fault."""
        return not (self.unsafe or self.carried.postponed)


def preview(place: RetirePlace, policies: Policies, now: datetime, *, force: bool = False) -> Retired:
    """Say which snapshots a run would delete, and why each other one is kept."""
    region = place.region
    # Ties are read last: what is held since the listing began is then seen, too.
    ours, others = region.ours()
    gone = frozenset(each.volume for each in ours if not each.label.is_copy) - region.volumes()
    ties = Ties({**place.awaited(ours, now), **others, **region.held()}, gone)
    retired = Retired(region.name, ours, retention.plan(ours, ties, policies, region.name, now))
    last_time = place.last_time.read()
    usual = retention.turnover(policies, datetime.fromisoformat(last_time) if last_time else now, now)
    owned = Counter(each.label.policy for each in ours)
    lapsed: dict[str, list[Delete]] = defaultdict(list)
    for each in retired.deletions:
        lapsed[each.snapshot.label.policy].append(each)
    for policy, deletions in lapsed.items():
        try:
            reconcile.guard(retention.beyond_turnover(deletions, usual), owned[policy], UNUSUAL, force=force)
        except UnsafePlan as error:
            retired.unsafe[policy] = error
    return retired


def run(place: RetirePlace, policies: Policies, clock: Callable[[], datetime], *, force: bool = False) -> Retired:
    """Delete what no policy keeps, but of policies by which that is suspiciously much."""
    with place.turn() as patience:
        now = clock()
        retired = preview(place, policies, now, force=force)

        def delete(batch: Sequence[Delete]) -> None:
            patience.check(0.0)
            patience.pace()
            place.region.delete(batch[0].snapshot.id)

        retired.carried = reconcile.carry_out([[each] for each in retired.safe_deletions], (), delete, bisect=False)
        if retired.is_complete:
            with suppress(TryAgain):  # the guard is then stricter next time, which is all
                place.last_time.write(now.isoformat())
    return retired
