"""The plan of names: what must change in one zone so that it tells the truth about the instances that were seen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.names.marks import Mark, Zone
from chalicelib.names.model import (
    Add,
    Change,
    Fleet,
    Plan,
    Problem,
    RecordSet,
    Ref,
    Remove,
    Repoint,
    Rules,
    Step,
)
from chalicelib.names.wishes import Wish, elect, wishes

type Key = tuple[str, str]


def plan(zone: Zone, fleet: Fleet, rules: Rules) -> Plan:
    """Return the steps that make a zone's names those of the running instances; never touch what no mark calls ours.

    Only instances that the fleet shows, and marks whose instance it covers, are judged: what was not looked at stays.
    """
    found, problems = wishes(zone, fleet, rules)
    winners, contested = elect(zone, fleet, found)
    desired, foreign = _desired(zone, found, winners, rules)
    judged = {i for i, (mark, _) in zone.marks.items() if i in fleet.instances or fleet.covers(mark.ref)}
    outside = [_outside(mark.ref) for i, (mark, _) in zone.marks.items() if fleet.is_everything and i not in judged]
    return Plan(
        steps=_steps(zone, fleet, rules, desired, judged),
        problems=(*zone.unreadable_marks, *problems, *contested, *foreign, *outside),
        owned=len(zone.held),
        desired=sum(len(wanted.records) for wanted in desired.values()),
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    mark: Mark
    records: Mapping[Key, RecordSet]


def _desired(
    zone: Zone, found: Mapping[str, Wish], winners: Mapping[str, str], rules: Rules
) -> tuple[dict[str, _Wanted], list[Problem]]:
    """Return what each instance is to hold: the names it won, less those where something foreign stands."""
    desired: dict[str, _Wanted] = {}
    problems = []
    for id_, wish in found.items():
        if obstacle := zone.mark_obstacle(id_):
            reason = f"stands where the mark of {id_} must be: left alone, and {id_} gets no name"
            problems.append(Problem(obstacle.name, reason, "foreign"))
            continue
        kept: list[str] = []
        records: dict[Key, RecordSet] = {}
        for label in (id_, *(label for label in wish.labels if winners[label] == id_)):
            wanted = wish.records(label, zone.domain, rules.ttl)
            if obstacle := _obstacle(zone, wanted):
                reason = f"{obstacle.name} {obstacle.type} is not ours: left alone, and {id_} does without it"
                problems.append(Problem(obstacle.name, reason, "foreign"))
            else:
                kept.append(label)
                records |= {record.key: record for record in wanted}
        if kept:
            mark = Mark(
                Ref(wish.instance.place, id_),
                tuple(label for label in kept if label != id_),
                tuple(wish.values),
                own=id_ in kept,
            )
            desired[id_] = _Wanted(mark, records)
    return desired, problems


def _obstacle(zone: Zone, wanted: Iterable[RecordSet]) -> RecordSet | None:
    """Return a foreign record set that cannot stand beside a wanted one: the same type, or a CNAME and anything."""
    return next(
        (
            there
            for record in wanted
            for there in zone.at.get(record.name, ())
            if not zone.is_ours(there) and ("CNAME" in (there.type, record.type) or there.type == record.type)
        ),
        None,
    )


def _steps(
    zone: Zone, fleet: Fleet, rules: Rules, desired: Mapping[str, _Wanted], judged: Iterable[str]
) -> tuple[Step, ...]:
    """Return the steps, those that take names from instances that went down first."""
    ids = desired.keys() | judged
    holder = {record.key: id_ for id_, wanted in desired.items() for record in wanted.records.values()}
    names = {name: id_ for (name, _), id_ in holder.items()}
    by_instance = {id_: _changes(zone, fleet, rules, id_, desired.get(id_), holder) for id_ in ids}
    groups = _Groups(id_ for id_, changes in by_instance.items() if changes)
    for (name, _), id_ in zone.held.items():
        if name in names and names[name] != id_:
            groups.join(id_, names[name])
    steps = (
        Step(frozenset(group), tuple(sorted((c for i in group for c in by_instance[i]), key=_order_in_step)))
        for group in groups.all()
    )
    return tuple(sorted(steps, key=lambda step: (not _takes_from_the_dead(step), min(step.instances))))


def _changes(
    zone: Zone, fleet: Fleet, rules: Rules, id_: str, wanted: _Wanted | None, holder: Mapping[Key, str]
) -> list[Change]:
    """Return the changes to one instance's names and mark; a name that moves is the winner's change."""
    mark, mark_record = zone.marks.get(id_, (None, None))
    held = dict(_held(zone, id_, mark))
    changes: list[Change] = [
        Remove(record, *_why_removed(fleet, rules, id_)) for key, record in held.items() if key not in holder
    ]
    for key, record in wanted.records.items() if wanted else ():
        there = next((r for r in zone.at.get(record.name, ()) if r.type == record.type), None)
        if there is None:
            changes.append(Add(record, f"{id_} is running"))
        elif not there.says_the_same_as(record):
            changes.append(Repoint(there, record, _why_repointed(zone, fleet, rules, key, there, record, id_)))
    changes += _mark_changes(zone, fleet, rules, id_, wanted, mark_record)
    return changes


def _held(zone: Zone, id_: str, mark: Mark | None) -> Iterable[tuple[Key, RecordSet]]:
    """Yield the record sets that stand in the zone for one instance."""
    for label in mark.all_labels if mark else ():
        for record in zone.at.get(f"{label}.{zone.domain}", ()):
            if zone.is_ours(record) and zone.held[record.key] == id_:
                yield record.key, record


def _mark_changes(
    zone: Zone, fleet: Fleet, rules: Rules, id_: str, wanted: _Wanted | None, there: RecordSet | None
) -> list[Change]:
    if wanted is None:
        return [Remove(there, *_why_removed(fleet, rules, id_))] if there else []
    record = wanted.mark.record(zone.owner, zone.domain)
    if there is None:
        return [Add(record, f"{id_} is running")]
    if there.values == record.values:
        return []
    return [Repoint(there, record, f"the names of {id_} change")]


def _why_removed(fleet: Fleet, rules: Rules, id_: str) -> tuple[str, bool]:
    """Return the reason, and whether the instance was itself seen down."""
    instance = fleet.instances.get(id_)
    if instance is None:
        return f"{id_} does not exist any more", False
    if not instance.is_up:
        return f"{id_} is {instance.state}", True
    return f"{id_} is running, but its tag {rules.tag} or its address no longer gives it this name", False


def _why_repointed(
    zone: Zone, fleet: Fleet, rules: Rules, key: Key, there: RecordSet, record: RecordSet, id_: str
) -> str:
    before = zone.held.get(key, id_)
    if before != id_:
        return f"the name passes to {id_}, since {_why_removed(fleet, rules, before)[0]}"
    if there.meaning == record.meaning:
        return f"the TTL is to be {record.ttl} seconds"
    return f"{id_} is now at {', '.join(record.values)}"


def _outside(ref: Ref) -> Problem:
    reason = f"holds names, but {ref.place} was not read, so nobody can say whether they are true"
    return Problem(ref.id, reason, "outside")


def _order_in_step(change: Change) -> tuple[int, Key]:
    """Deletes come before creates, since Route 53 takes a batch in order."""
    match change:
        case Remove(held=record):
            return 0, record.key
        case Repoint(record=record):
            return 1, record.key
        case Add(record=record):
            return 2, record.key


def _takes_from_the_dead(step: Step) -> bool:
    return any(isinstance(change, Remove) and change.down for change in step.changes)


class _Groups:
    """Instances whose changes must land together: a disjoint-set forest."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._parent = {id_: id_ for id_ in ids}

    def join(self, one: str, other: str) -> None:
        if one in self._parent and other in self._parent:
            self._parent[self._root(one)] = self._root(other)

    def _root(self, id_: str) -> str:
        while self._parent[id_] != id_:
            self._parent[id_] = self._parent[self._parent[id_]]
            id_ = self._parent[id_]
        return id_

    def all(self) -> Iterable[list[str]]:
        found: dict[str, list[str]] = {}
        for id_ in sorted(self._parent):
            found.setdefault(self._root(id_), []).append(id_)
        return found.values()
