"""The plan of snapshots: which volumes have slots that are due and not filled, and which calls fill them.

Only the last slot of each kind counts: what was missed before it is made up once, by one snapshot, and not ten times.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.snapshots.labels import APPLICATION, CRASH, Label
from chalicelib.snapshots.model import Instance, Problem, Snapshot, Volume, World
from chalicelib.snapshots.policies import Policies, Policy
from chalicelib.snapshots.selection import Selected, select
from chalicelib.snapshots.slots import Slot

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceSpecification.html
MOST_EXCLUDED = 40
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (SnapshotCreationPerVolumeRateExceeded)
BETWEEN_CREATES = timedelta(seconds=15)
MOST_TRIES = 3  # for one slot: each snapshot that failed takes a place among those that may be pending

type Asked = Mapping[str, datetime]
"""When something was asked for, by its key, that EC2 may not show yet."""


@dataclass(frozen=True)
class Create:
    """One call that makes a snapshot of each of some volumes: all of one instance at one instant, or one alone."""

    volumes: tuple[Volume, ...]
    policy: Policy
    slots: tuple[Slot, ...]
    because: str
    instance: Instance | None = None

    @property
    def subject(self) -> str:
        """Return what it is about: an instance, or a volume."""
        return self.instance.id if self.instance else self.volumes[0].id

    @property
    def excluded(self) -> tuple[str, ...]:
        """Return the data volumes of the instance that are to be left out."""
        wanted = {volume.id for volume in self.volumes}
        others = self.instance.volumes if self.instance else ()
        return tuple(id_ for id_ in others if id_ not in wanted and id_ != self._root)

    @property
    def takes_root(self) -> bool:
        """Whether the instance's root volume is one of those."""
        return any(volume.id == self._root for volume in self.volumes)

    def label(self, *, frozen: bool) -> Label:
        """Return what the snapshots say of themselves; EC2 gives those of one call the same tags.

        So only the snapshot of one volume alone can name it in a tag; EC2 shows of which volume each is.
        """
        return Label(
            policy=self.policy.name,
            slots=tuple(map(str, self.slots)),
            because=self.because,
            consistency=APPLICATION if frozen else CRASH,
            product_codes=self.instance.product_codes if self.instance else (),
            instance=self.instance.id if self.instance else "",
            volume="" if self.is_set else self.volumes[0].id,
        )

    @property
    def keys(self) -> list[str]:
        """Return what it asks for, of which each must come once."""
        return keys(self.volumes, self.slots)

    @property
    def seconds(self) -> float:
        """Return how long its hooks may take."""
        return 2.0 * self.policy.hooks.seconds if self.policy.hooks else 0.0

    def copied_tags(self) -> dict[str, dict[str, str]]:
        """Return by volume the tags that its snapshot is to get from it, or else from the instance."""
        inherited = self.instance.tags if self.instance else {}
        return {
            volume.id: {key: tags[key] for key in self.policy.tags if key in (tags := {**inherited, **volume.tags})}
            for volume in self.volumes
        }

    def common_tags(self) -> dict[str, str]:
        """Return those of the copied tags that all have, which the one call can give them."""
        first, *rest = self.copied_tags().values()
        return {key: value for key, value in first.items() if all(other.get(key) == value for other in rest)}

    @property
    def is_set(self) -> bool:
        """Whether it is made through the instance; a volume alone is asked for by its own id, with the same result."""
        return self.instance is not None and len(self.volumes) > 1

    @property
    def _root(self) -> str:
        return self.instance.root_volume if self.instance else ""


@dataclass(frozen=True)
class Skip:
    """A volume with a slot that is due and cannot be filled now, and why."""

    volume: str
    because: str


@dataclass(frozen=True)
class Plan:
    """What is to be created, those in most need first; what is left for a later run; and what is wrong."""

    creates: tuple[Create, ...] = ()
    skips: tuple[Skip, ...] = ()
    problems: tuple[Problem, ...] = ()


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
        self._own: dict[str, list[Snapshot]] = defaultdict(list)
        for snapshot in world.snapshots:
            if not snapshot.label.copy_of:
                self._own[snapshot.volume].append(snapshot)

    def unfilled(self, each: Selected, slots: Iterable[Slot]) -> tuple[Slot, ...]:
        """Return the slots that no snapshot of the volume fills; those before it was created are not its own."""
        filled = {slot for snapshot in self._of(each) if not snapshot.is_failed for slot in snapshot.label.slots}
        return tuple(slot for slot in slots if slot.due >= each.volume.created and str(slot) not in filled)

    def why_not(self, each: Selected, slots: tuple[Slot, ...]) -> str:
        """Return why no snapshot of a volume can be made now; empty where one can."""
        volume, own = each.volume, self._own[each.volume.id]
        if not volume.is_whole:
            return f"the volume is {volume.state}"
        if asked := max((self._asked[key] for key in keys([volume], slots) if key in self._asked), default=None):
            return f"one was asked for at {asked:%H:%M:%S} UTC, and EC2 does not show it yet: it may still come"
        if pending := [snapshot for snapshot in own if snapshot.is_pending]:
            return f"{pending[-1].id} is still pending ({pending[-1].progress or 'no progress yet'})"
        if self._at_work.get(volume.id, 0) >= volume.most_pending:
            most = volume.most_pending
            return f"AWS allows {most} of it to be pending or failed, and there are so many: delete failed ones"
        if all(self._failures(each)[str(slot)] >= MOST_TRIES for slot in slots):
            return f"{MOST_TRIES} have failed for the same slot: see why, and delete them"
        if any(timedelta(0) <= self._now - snapshot.started < BETWEEN_CREATES for snapshot in own):
            return f"the last one was begun less than {BETWEEN_CREATES.seconds} seconds ago"
        return ""

    def need(self, create: Create) -> tuple[datetime, str]:
        """Return a key to sort by: those whose newest snapshot is the oldest come first, those without one before."""
        newest = [max((s.started for s in self._own[v.id] if s.is_completed), default=_NEVER) for v in create.volumes]
        return min(newest), create.subject

    def _failures(self, each: Selected) -> Counter[str]:
        return Counter(slot for snapshot in self._of(each) if snapshot.is_failed for slot in snapshot.label.slots)

    def _of(self, each: Selected) -> list[Snapshot]:
        return [snapshot for snapshot in self._own[each.volume.id] if snapshot.label.policy == each.policy.name]


def keys(volumes: Iterable[Volume], slots: Iterable[Slot]) -> list[str]:
    """Return a key for each slot of each volume: what must come once."""
    return [f"{volume.id} {slot}" for volume in volumes for slot in slots]


def _listed(slots: Iterable[Slot]) -> str:
    return " ".join(map(str, slots))


def _is_due(slots: tuple[Slot, ...]) -> str:
    since = f"since {max(slot.due for slot in slots):%Y-%m-%d %H:%M} UTC"
    return f"{'is' if len(slots) == 1 else 'are'} due {since}"
