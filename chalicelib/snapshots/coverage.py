"""Coverage: which slots of each volume are filled, which are not, and whether every volume could be restored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.snapshots.model import Snapshot, Volume, World, by_volume, newest
from chalicelib.snapshots.policies import DEFAULT_GRACE, NONE, Keep, Policies, Policy
from chalicelib.snapshots.selection import Selected, Selection, select
from chalicelib.snapshots.slots import Schedule, Slot, SlotKind

MOST_SHOWN = 31  # slots of a kind


class Cell(StrEnum):
    """What has become of one slot of one volume."""

    FILLED = "filled"
    PENDING = "pending"
    FAILED = "failed"
    GAP = "gap"
    NOT_YET = "not yet"
    """The volume, or its first snapshot by this policy, is younger."""


class Status(StrEnum):
    """Whether a volume could be restored as its policy promises."""

    COVERED = "covered"
    NEW = "new"
    """No slot of it has been due for as long as its policy's grace."""
    UNCOVERED = "uncovered"
    DROPPED = "dropped"
    """It has snapshots, and does not ask for a policy any more."""
    NO_POLICY = "no policy"


@dataclass(frozen=True)
class Row:
    """One volume: its policy, its newest completed snapshot, whether that is new enough, and its slots by kind."""

    volume: Volume
    status: Status
    because: str
    name: str = ""
    """What people call the volume, or else its instance."""
    policy: str = ""
    newest: Snapshot | None = None
    cells: Mapping[SlotKind, tuple[tuple[Slot, Cell], ...]] = field(default_factory=dict)

    @property
    def gaps(self) -> int:
        """Return how many slots have nothing that a volume could be made of."""
        return sum(cell in (Cell.GAP, Cell.FAILED) for cells in self.cells.values() for _, cell in cells)

    @property
    def is_at_risk(self) -> bool:
        """Whether somebody may believe it to be covered, and it is not."""
        return self.status in (Status.UNCOVERED, Status.DROPPED)


@dataclass(frozen=True)
class Trouble:
    """A snapshot that failed, or has been pending for longer than its policy's grace."""

    snapshot: Snapshot
    reason: str


@dataclass(frozen=True)
class Covered:
    """How one region stands: a row for each volume, and the snapshots that somebody should look at."""

    rows: tuple[Row, ...] = ()
    troubles: tuple[Trouble, ...] = ()


def covered(world: World, policies: Policies, tag: str, now: datetime) -> Covered:
    """Return how a region stands."""
    found = troubles(world.snapshots, policies, now)
    return Covered(tuple(rows(world, policies, tag, now)), tuple(found))


def rows(world: World, policies: Policies, tag: str, now: datetime) -> list[Row]:
    """Return a row for each volume of a region, those without a policy included."""
    selection = select(world, policies, tag)
    selected = {each.volume.id: each for each in selection.selected}
    own = by_volume(world.originals)
    calendars = {name: _Calendar(policy, now) for name, policy in policies.items()}
    return [
        replace(
            _row(selected[id_], own[id_], calendars[selected[id_].policy.name])
            if id_ in selected
            else _without(volume, selection, own[id_], tag),
            name=_name(volume, world),
        )
        for id_, volume in sorted(world.volumes.items())
    ]


def troubles(snapshots: Iterable[Snapshot], policies: Policies, now: datetime) -> list[Trouble]:
    """Return the snapshots that somebody should look at."""
    return [Trouble(each, reason) for each in snapshots if (reason := _trouble(each, policies, now))]


def _trouble(snapshot: Snapshot, policies: Policies, now: datetime) -> str:
    if snapshot.is_failed:
        return f"it failed: {snapshot.message or 'EC2 says no more'}"
    policy = policies.get(snapshot.label.policy)
    if snapshot.is_pending and now - snapshot.started > (policy.grace if policy else DEFAULT_GRACE):
        return f"it has been pending since {snapshot.started:%Y-%m-%d %H:%M} UTC ({snapshot.progress or 'no progress'})"
    return ""


def _name(volume: Volume, world: World) -> str:
    names = (world.instances[id_].name for id_ in volume.instances if id_ in world.instances)
    return volume.name or next(names, "")


def _without(volume: Volume, selection: Selection, own: list[Snapshot], tag: str) -> Row:
    """Return the row of a volume without a policy: it is not covered where that can hardly be meant."""
    reason, last = selection.others[volume.id], newest(own)
    if volume.id in selection.in_vain:
        return Row(volume, Status.UNCOVERED, reason, newest=last)
    if last and volume.tags.get(tag, "").strip().lower() != NONE:
        said = f"it has snapshots, and {reason}: if that is meant, tag it {tag}={NONE}"
        return Row(volume, Status.DROPPED, said, newest=last)
    return Row(volume, Status.NO_POLICY, reason, newest=last)


class _Calendar:
    """The slots of one policy that matter now, worked out once for all its volumes."""

    def __init__(self, policy: Policy, now: datetime) -> None:
        self.at = now
        self.slots = {each.kind: _slots(each, policy.keep[each.kind], now) for each in policy.schedules}
        late = [schedule.latest(now - policy.grace) for schedule in policy.schedules]
        self.wanted = max(late, key=lambda slot: slot.due)
        """The last slot whose snapshot should be completed by now."""


def _row(each: Selected, own: list[Snapshot], calendar: _Calendar) -> Row:
    volume = each.volume
    last = newest(own)
    status, because = _status(calendar.wanted, volume, own, last)
    mine = [snapshot for snapshot in own if snapshot.label.policy == each.policy.name]
    begun = max(volume.created, min((snapshot.started for snapshot in mine), default=calendar.at))
    if status is Status.UNCOVERED:
        begun = min(begun, calendar.wanted.due)  # the slot that says so is a gap, in any case
    cells = {kind: tuple((slot, _cell(slot, mine, begun)) for slot in slots) for kind, slots in calendar.slots.items()}
    return Row(volume, status, because, policy=each.policy.name, newest=last, cells=cells)


def _status(wanted: Slot, volume: Volume, own: list[Snapshot], last: Snapshot | None) -> tuple[Status, str]:
    """Say whether a completed snapshot is of the last slot whose grace is over, or later."""
    for each in own:
        if each.is_at_hand and (each.taken >= wanted.due or str(wanted) in each.label.slots):
            return Status.COVERED, f"{each.id} was taken after {wanted} was due"
    if wanted.due < volume.created:
        return Status.NEW, f"it was created after {wanted} was due"
    found = f"the newest completed one is {last.id}" if last else "it has no completed snapshot"
    return Status.UNCOVERED, f"{wanted} was due at {wanted.due:%Y-%m-%d %H:%M} UTC, and {found}"


def _slots(schedule: Schedule, limit: Keep, now: datetime) -> list[Slot]:
    """Return the slots whose snapshots are to be there: those that retention keeps, the last ones where many."""
    days = timedelta(days=limit.days)
    reach = min(max(schedule.apart * limit.count, days), schedule.apart * MOST_SHOWN) + schedule.apart
    newest_first = schedule.between(now - reach, now)[::-1]
    kept = [slot for rank, slot in enumerate(newest_first) if rank < max(1, limit.count) or now - slot.due < days]
    return kept[:MOST_SHOWN][::-1]


def _cell(slot: Slot, own: Iterable[Snapshot], begun: datetime) -> Cell:
    its = [snapshot for snapshot in own if str(slot) in snapshot.label.slots]
    if any(snapshot.is_completed for snapshot in its):
        return Cell.FILLED
    if any(snapshot.fills_its_slots for snapshot in its):
        return Cell.PENDING
    if its:
        return Cell.FAILED
    return Cell.NOT_YET if slot.due < begun else Cell.GAP
