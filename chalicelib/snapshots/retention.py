"""Retention: which snapshots are kept, and which are deleted, with a reason for each.

A pure function of what was seen. What is not sure to be ours, finished and replaceable is kept.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.snapshots.model import Snapshot, by_volume, newest
from chalicelib.snapshots.policies import Keep, Policies
from chalicelib.snapshots.slots import SlotKind


@dataclass(frozen=True, slots=True)
class Leave:
    """Keep a snapshot."""

    snapshot: Snapshot
    because: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a snapshot. What it frees is not known: other snapshots share its blocks."""

    snapshot: Snapshot
    because: str


type Verdict = Leave | Delete
type Turnover = Mapping[tuple[str, SlotKind], int]
"""How many snapshots of a policy and a kind new ones push out, of each volume."""

LONGEST_PAUSE = timedelta(days=7)  # whose slots a retirement makes up for without a person's word


@dataclass(frozen=True)
class Ties:
    """What holds snapshots from outside: why, by id. ``gone`` are the volumes that do not exist any more."""

    held: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


def plan(snapshots: Iterable[Snapshot], ties: Ties, policies: Policies, region: str, now: datetime) -> list[Verdict]:
    """Return a verdict on each of our snapshots in one region, in their order."""
    snapshots = list(snapshots)
    last = _newest(snapshots)
    judgements: dict[str, Judgement] = {}
    for (policy, is_copy), some in _by_policy(snapshots).items():
        keep = rule(policies, policy, region, copies=is_copy)
        if keep is None:
            judgements |= {each.id: Judgement([_no_rule(policy, region, is_copy=is_copy)]) for each in some}
        else:
            judgements |= judged(some, keep, now)
            if not is_copy:
                _outlive(judgements, some, policies[policy].gone_days, ties, now)
    return [_verdict(each, last, ties, judgements.get(each.id, Judgement())) for each in snapshots]


def turnover(policies: Policies, since: datetime, now: datetime) -> Turnover:
    """Return how many slots of each policy and kind have come since the last retirement: so many may be pushed out."""
    return {
        (policy.name, schedule.kind): max(1, len(schedule.between(max(since, now - LONGEST_PAUSE), now)))
        for policy in policies.values()
        for schedule in policy.schedules
    }


def beyond_turnover(deletions: Iterable[Delete], usual: Turnover) -> int:
    """Count the deletions beyond those that new snapshots push out, which are as many a volume as slots have come.

    More is a mistake, or the first run after a change of policy or a long pause: a person should say which.
    """
    lost: dict[tuple[str, str], list[Snapshot]] = defaultdict(list)
    for deletion in deletions:
        lost[deletion.snapshot.label.policy, deletion.snapshot.volume].append(deletion.snapshot)
    return sum(len(some) - _places(some, policy, usual) for (policy, _), some in lost.items())


def _places(snapshots: Iterable[Snapshot], policy: str, usual: Turnover) -> int:
    """Return how many of a volume's snapshots new ones push out; those with few kinds of slots choose first."""
    taken: Counter[SlotKind] = Counter()
    for kinds in sorted((each.label.kinds for each in snapshots), key=lambda kinds: (len(kinds), kinds)):
        taken.update([kind for kind in kinds if taken[kind] < usual.get((policy, kind), 1)][:1])
    return taken.total()


def rule(policies: Policies, name: str, region: str, *, copies: bool) -> Mapping[SlotKind, Keep] | None:
    """Return how long the snapshots, or the copies, of a policy are kept in a region; None where nothing says so."""
    policy = policies.get(name)
    if policy and copies:
        return policy.copy.keep if policy.copy and policy.copy.region == region else None
    return policy.keep if policy else None


def kept(snapshots: Iterable[Snapshot], keep: Mapping[SlotKind, Keep], now: datetime) -> dict[str, str]:
    """Return why each completed snapshot of one policy is kept, by id; one that nothing keeps is left out."""
    return {id_: "; ".join(found.keeps) for id_, found in judged(snapshots, keep, now).items() if found.keeps}


@dataclass
class Judgement:
    """What a policy's rules say of one snapshot: which of its slots keep it, and which do not."""

    keeps: list[str] = field(default_factory=list)
    lapsed: list[str] = field(default_factory=list)


def judged(snapshots: Iterable[Snapshot], keep: Mapping[SlotKind, Keep], now: datetime) -> dict[str, Judgement]:
    """Return what the rules say of each completed snapshot of one policy, by id.

    Of each volume and kind the newest are counted by their slots, so that two of one slot count once.
    """
    completed = [each for each in snapshots if each.is_completed]
    judgements = {each.id: Judgement() for each in completed}
    for some in by_volume(completed).values():
        for kind, limit in keep.items():
            filling = [(period, each) for each in some if (period := each.label.period(kind))]
            periods = sorted({period for period, _ in filling}, reverse=True)
            ranks = {period: rank for rank, period in enumerate(periods)}
            for period, each in filling:
                _judge(judgements[each.id], kind, ranks[period], limit, now - each.taken)
    return judgements


def _judge(judgement: Judgement, kind: SlotKind, rank: int, limit: Keep, age: timedelta) -> None:
    if rank < limit.count:
        judgement.keeps.append(f"{kind}: number {rank + 1} of the newest {limit.count}")
    elif limit.days and age < timedelta(days=limit.days):
        judgement.keeps.append(f"{kind}: not yet {limit.days} days old")
    else:
        judgement.lapsed.append(f"{kind}: number {rank + 1}, taken {_old(age)} ago, and kept are {limit}")


def _old(age: timedelta) -> str:
    hours = age // timedelta(hours=1)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"


def _outlive(judgements: dict[str, Judgement], some: Iterable[Snapshot], days: int, ties: Ties, now: datetime) -> None:
    """Let the snapshots of volumes that are gone lapse some days after the last one, if the policy says so."""
    last: dict[str, datetime] = {}
    for each in some:
        if days and each.volume in ties.gone:
            last[each.volume] = max(each.taken, last.get(each.volume, each.taken))
    for each in some:
        if each.id in judgements and each.volume in last and now - last[each.volume] >= timedelta(days=days):
            age = (now - last[each.volume]).days
            said = f"{each.volume} is gone, its last snapshot is {age} days old, and they are kept for {days}"
            judgements[each.id] = Judgement(lapsed=[said])


def _verdict(each: Snapshot, last: Mapping[str, str], ties: Ties, judgement: Judgement) -> Verdict:
    if each.label.altered:
        return Leave(each, each.label.altered)
    if not each.is_completed:
        return Leave(each, "it failed: see why, and delete it" if each.is_failed else f"it is {each.state}")
    if judgement.keeps:
        return Leave(each, "; ".join(judgement.keeps))
    if last.get(each.volume, each.id) == each.id:
        gone = ", which is gone" if each.volume in ties.gone else ""
        return Leave(each, f"it is the newest completed one of {each.volume}{gone}")
    if each.id in ties.held:
        return Leave(each, ties.held[each.id])
    lapsed = "; ".join(judgement.lapsed) or f"its policy has no slots such as {' '.join(each.label.slots)} any more"
    return Delete(each, lapsed)


def _newest(snapshots: Iterable[Snapshot]) -> dict[str, str]:
    """Return the newest snapshot of each volume that a volume could be made of now, by its id."""
    return {volume: last.id for volume, some in by_volume(snapshots).items() if (last := newest(some))}


def _by_policy(snapshots: Iterable[Snapshot]) -> dict[tuple[str, bool], list[Snapshot]]:
    found: dict[tuple[str, bool], list[Snapshot]] = defaultdict(list)
    for each in snapshots:
        found[each.label.policy, each.label.is_copy].append(each)
    return found


def _no_rule(policy: str, region: str, *, is_copy: bool) -> str:
    return f"policy {policy} says nothing of copies in {region}" if is_copy else f"there is no policy {policy} any more"
