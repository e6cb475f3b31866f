"""The plan of copies: which snapshots another region is to have, and does not have yet."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.problem import Problem
from chalicelib.snapshots import retention
from chalicelib.snapshots.changes import MOST_TRIES
from chalicelib.snapshots.labels import Label
from chalicelib.snapshots.model import Snapshot
from chalicelib.snapshots.policies import Policies, Policy
from chalicelib.snapshots.slots import kind_of

# To one destination region: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
MOST_AT_ONCE = 20
LATE = timedelta(days=1)


@dataclass(frozen=True)
class CopyTo:
    """Copy a snapshot to another region."""

    source: Snapshot
    origin: str
    region: str
    policy: Policy
    slots: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """Return what it asks for, which must come once."""
        return [f"{self.source.id} {self.region}"]

    @property
    def subject(self) -> str:
        """Return what it is about."""
        return self.source.id

    @property
    def seconds(self) -> float:
        """Return how long it takes beside the request itself: it goes on by itself."""
        return 0.0

    @property
    def kms_key(self) -> str:
        """Return the key that encrypts it there; empty for that region's default."""
        return self.policy.copy.kms_key if self.policy.copy else ""

    @property
    def because(self) -> str:
        """Return why it is wanted."""
        return f"policy {self.policy.name} wants {' '.join(self.slots)} of {self.source.volume} in {self.region} too"

    @property
    def label(self) -> Label:
        """Return what the copy says of itself."""
        said = self.source.label
        return Label(
            policy=said.policy,
            slots=self.slots,
            because=self.because,
            consistency=said.consistency,
            product_codes=said.product_codes,
            instance=said.instance,
            volume=self.source.volume,
            copy_of=self.source.id,
            taken=self.source.taken,
        )


@dataclass(frozen=True)
class Destination:
    """What was seen of a region that copies go to: ours there, and how many copies of anybody are on their way."""

    region: str
    snapshots: tuple[Snapshot, ...] = ()
    on_the_way: int = 0


@dataclass(frozen=True)
class CopyPlan:
    """The copies to begin now, the newest first; how many more wait for their turn; and what is not tried again.

    ``late`` counts those whose source was taken more than a day ago.
    """

    copies: tuple[CopyTo, ...] = ()
    waiting: int = 0
    late: int = 0
    problems: tuple[Problem, ...] = ()


def plan(
    origin: str, sources: Iterable[Snapshot], destination: Destination, policies: Policies, now: datetime
) -> CopyPlan:
    """Return the copies that a region is to have by the rules that keep them there, and does not have."""
    sources, there = list(sources), destination.snapshots
    made = {each.label.copy_of for each in there if not each.is_failed}
    failures = Counter(each.label.copy_of for each in there if each.is_failed)
    missing = [
        CopyTo(each, origin, destination.region, policy, slots)
        for policy in policies.values()
        for each, slots in _wanted(sources, there, policy, destination.region, now)
        if each.id not in made
    ]
    given_up = [copy for copy in missing if failures[copy.source.id] >= MOST_TRIES]
    fit = [copy for copy in missing if failures[copy.source.id] < MOST_TRIES]
    fit.sort(key=lambda copy: (copy.source.taken, copy.source.id), reverse=True)
    room = max(0, MOST_AT_ONCE - destination.on_the_way)
    return CopyPlan(
        tuple(fit[:room]),
        len(fit[room:]),
        sum(now - copy.source.taken > LATE for copy in missing),
        tuple(map(_given_up, given_up)),
    )


def _given_up(copy: CopyTo) -> Problem:
    said = f"copying it to {copy.region} has failed {MOST_TRIES} times: see why, and delete the failed ones"
    return Problem(copy.source.id, said)


def awaited(
    sources: Iterable[Snapshot], there: Iterable[Snapshot], policies: Policies, now: datetime
) -> dict[str, str]:
    """Return why snapshots are held since a copy that is wanted of them is not completed, by id.

    A source must outlive its copy: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    """
    sources, there = list(sources), list(there)
    completed = {each.label.copy_of for each in there if each.is_completed}
    on_the_way = {
        each.label.copy_of: f"{each.id} is being copied from it"
        for each in there
        if each.is_pending and each.label.is_copy
    }
    return on_the_way | {
        each.id: f"its copy in {policy.copy.region} is not completed yet"
        for policy in policies.values()
        if policy.copy
        for each, _ in _wanted(sources, there, policy, policy.copy.region, now)
        if each.id not in completed
    }


def _wanted(
    sources: Iterable[Snapshot], there: Iterable[Snapshot], policy: Policy, region: str, now: datetime
) -> Iterator[tuple[Snapshot, tuple[str, ...]]]:
    """Yield the completed snapshots that a region is to have, each with the slots that count there.

    They are ranked together with the copies that are there: else an old source would be copied that retention there
    deletes.
    """
    keep = policy.copy.keep if policy.copy and policy.copy.region == region else {}
    mine = [each for each in sources if each.label.policy == policy.name and not each.label.is_copy]
    copies = [each for each in there if each.label.policy == policy.name and each.label.is_copy]
    kept = retention.kept([*mine, *copies], keep, now)
    for each in mine:
        if each.id in kept and each.is_at_hand:  # EC2 copies nothing that is archived
            yield each, tuple(slot for slot in each.label.slots if kind_of(slot) in keep)
