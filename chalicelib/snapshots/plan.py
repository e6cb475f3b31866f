"""The plan of snapshots: which volumes have slots that are due and not filled, and which calls fill them.

Only the last slot of each kind counts: what was missed before it is made up once, by one snapshot, and not ten times.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from chalicelib.snapshots.changes import MOST_TRIES, Asked, Create, Plan, Skip, keys
from chalicelib.snapshots.model import Snapshot, World, by_volume
from chalicelib.snapshots.policies import Policies
from chalicelib.snapshots.selection import Selected, select
from chalicelib.snapshots.slots import Slot

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceSpecification.html
MOST_EXCLUDED = 40
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (SnapshotCreationPerVolumeRateExceeded)
BETWEEN_CREATES = timedelta(seconds=15)


def plan(world: World, policies: Policies, tag: str, now: datetime, asked: Asked) -> Plan:
    """Return the calls that fill every slot that is due, each once."""
    selection = select(world, policies, tag)
    history = _History(world, asked, now)
    latest = {policy.name: [schedule.latest(now) for schedule in policy.schedules] for policy in policies.values()}
    unfilled = {each.volume.id: history.unfilled(each, latest[each.policy.name]) for each in selection.selected}
    waiting = [each for each in selection.selected if unfilled[each.volume.id]]
    skips = {each.volume.id: reason for each in waiting if (reason := history.why_not(each, unfilled[each.volume.id]))}
    groups: dict[tuple[str, str, tuple[Slot, ...]], list[Selected]] = defaultdict(list)
    for each in waiting:
        if each.volume.id not in skips:
            groups[_unit(each), each.policy.name, unfilled[each.volume.id]].append(each)
    creates = [create for (_, _, slots), members in groups.items() for create in _creates(members, slots)]
    return Plan(
        creates=tuple(sorted(creates, key=history.need)),
        skips=tuple(Skip(volume, reason) for volume, reason in skips.items()),
        problems=selection.problems,
    )


def _unit(each: Selected) -> str:
    """Return what is snapshotted at one instant: the instance, unless it does not show the volume yet."""
    return each.instance.id if each.instance and each.volume.id in each.instance.devices else each.volume.id


def _creates(members: list[Selected], slots: tuple[Slot, ...]) -> Iterator[Create]:
    """Yield the call for volumes of one instance; where it could not leave all others out, one for each volume."""
    asking = " ".join(dict.fromkeys(each.asked_by for each in members))
    because = f"{_listed(slots)} of policy {members[0].policy.name} {_is_due(slots)} - asked for by {asking}"
    whole = Create(
        tuple(each.volume for each in members), members[0].policy, slots, because, instance=members[0].instance
    )
    if len(whole.excluded) <= MOST_EXCLUDED or not whole.is_set:
        yield whole
        return
    for each in members:
        yield Create((each.volume,), each.policy, slots, because, instance=each.instance)


_NEVER = datetime.min.replace(tzinfo=UTC)


class _History:
    """What there is already of each volume."""

    def __init__(self, world: World, asked: Asked, now: datetime) -> None:
        self._asked, self._now, self._at_work = asked, now, world.at_work
        self._own = by_volume(world.originals)

    def unfilled(self, each: Selected, slots: Iterable[Slot]) -> tuple[Slot, ...]:
        """Return the slots that no snapshot of the volume fills; those before it was created are not its own."""
        filled = {slot for snapshot in self._of(each) if snapshot.fills_its_slots for slot in snapshot.label.slots}
        return tuple(slot for slot in slots if slot.due >= each.volume.created and str(slot) not in filled)

    def why_not(self, each: Selected, slots: tuple[Slot, ...]) -> str:
        """Return why no snapshot of a volume can be made now; empty where one can."""
        volume, own = each.volume, self._own[each.volume.id]
        if not volume.can_be_snapshotted:
            return f"the volume is {volume.state}"
        if asked := max((self._asked[key] for key in keys([volume], slots) if key in self._asked), default=None):
            return f"one was asked for at {asked:%H:%M:%S} UTC, and EC2 does not show it yet: it may still come"
        if pending := [snapshot for snapshot in own if snapshot.is_pending]:
            return f"{pending[-1].id} is still pending ({pending[-1].progress or 'no progress yet'})"
        if self._at_work.get(volume.id, 0) >= volume.most_pending:
            most = volume.most_pending
            return f"AWS allows {most} of it to be pending or failed, and there are so many: delete failed ones"
        failures = self._failures(each)
        if all(failures[str(slot)] >= MOST_TRIES for slot in slots):
            return f"{MOST_TRIES} have failed for the same slot: see why, and delete them"
        if any(timedelta(0) <= self._now - snapshot.started < BETWEEN_CREATES for snapshot in own):
            return f"the last one was begun less than {BETWEEN_CREATES.seconds} seconds ago"
        return ""

    def need(self, create: Create) -> tuple[bool, datetime, str]:
        """Return a key to sort by: those whose newest snapshot is the oldest come first, those without one before.

        Those that must be frozen take long, and come last.
        """
        newest = [max((s.started for s in self._own[v.id] if s.is_completed), default=_NEVER) for v in create.volumes]
        return create.seconds > 0, min(newest), create.subject

    def _failures(self, each: Selected) -> Counter[str]:
        return Counter(slot for snapshot in self._of(each) if snapshot.is_failed for slot in snapshot.label.slots)

    def _of(self, each: Selected) -> list[Snapshot]:
        return [snapshot for snapshot in self._own[each.volume.id] if snapshot.label.policy == each.policy.name]


def _listed(slots: Iterable[Slot]) -> str:
    return " ".join(map(str, slots))


def _is_due(slots: tuple[Slot, ...]) -> str:
    return f"due {max(slot.due for slot in slots):%Y-%m-%d %H:%M} UTC"
