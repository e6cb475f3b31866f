"""The plan of names: what must change in one zone so that it tells the truth about the instances that were seen."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from chalicelib.names.changes import Add, Change, Plan, Problem, Remove, Repoint, Step
from chalicelib.names.desired import Wanted, desired_names
from chalicelib.names.model import Fleet, Key, RecordSet, Ref, Rules
from chalicelib.names.wishes import elect, wishes
from chalicelib.names.zone import Zone


def plan(zone: Zone, fleet: Fleet, rules: Rules) -> Plan:
    """Return the steps that make a zone's names those of the running instances; never touch what no mark calls ours.

    Only instances that the fleet shows, and marks whose instance it covers, are judged: what was not looked at stays.
    """
    found, refused = wishes(zone, fleet, rules)
    winners, contested = elect(zone, fleet, found)
    desired, foreign = desired_names(zone, found, winners, rules)
    judged = {id_ for id_, mark in zone.marks.items() if id_ in fleet.instances or fleet.covers(mark.ref)}
    unseen = [mark.ref for id_, mark in zone.marks.items() if id_ not in judged]
    return Plan(
        steps=_Difference(zone, fleet, rules, desired).steps(judged),
        problems=(
            *zone.unreadable_marks,
            *refused,
            *contested,
            *foreign,
            *(_outside(ref) for ref in unseen if fleet.is_everything),
        ),
        owned=len(zone.held),
        desired=sum(len(wanted.records) for wanted in desired.values()),
    )


def release(zone: Zone) -> Plan:
    """Return the steps that take every name of ours, and every mark, out of a zone."""
    because = "the stack is gone"
    steps = (
        Step(frozenset({id_}), tuple(Remove(record, because, down=True) for record in (*zone.held_by(id_), mark)))
        for id_ in sorted(zone.marks)
        if (mark := zone.mark_record(id_))
    )
    return Plan(tuple(steps), tuple(zone.unreadable_marks), owned=len(zone.held))


@dataclass(frozen=True)
class _Difference:
    """The difference between what stands in a zone and what is desired there, with the reason for each change."""

    zone: Zone
    fleet: Fleet
    rules: Rules
    desired: Mapping[str, Wanted]

    def steps(self, judged: Iterable[str]) -> tuple[Step, ...]:
        """Return the steps, those that take names from instances that went down first."""
        taker = {record.name: id_ for id_, wanted in self.desired.items() for record in wanted.records.values()}
        changes = {id_: found for id_ in {*self.desired, *judged} if (found := list(self._changes(id_)))}
        moves = ((id_, taker[name]) for (name, _), id_ in self.zone.held.items() if taker.get(name, id_) != id_)
        steps = (Step(frozenset(ids), tuple(c for id_ in ids for c in changes[id_])) for ids in groups(changes, moves))
        return tuple(sorted(steps, key=lambda step: (not _takes_from_the_dead(step), min(step.instances))))

    @cached_property
    def _wanted_keys(self) -> set[Key]:
        return {key for wanted in self.desired.values() for key in wanted.records}

    def _changes(self, id_: str) -> Iterator[Change]:
        """Yield the changes to one instance's names and mark; a name that moves is its taker's change."""
        wanted = self.desired.get(id_)
        yield from (
            self._remove(record, id_) for record in self.zone.held_by(id_) if record.key not in self._wanted_keys
        )
        for record in wanted.records.values() if wanted else ():
            there = self.zone.get(record.key)
            if there is None:
                yield Add(record, f"{id_} is running")
            elif not there.says_the_same_as(record):
                yield Repoint(there, record, self._why_repointed(there, record, id_))
        yield from self._mark_changes(id_, wanted)

    def _mark_changes(self, id_: str, wanted: Wanted | None) -> Iterator[Change]:
        there = self.zone.mark_record(id_)
        if wanted is None:
            if there:
                yield self._remove(there, id_)
            return
        record = wanted.mark.record(self.zone.owner, self.zone.domain)
        if there is None:
            yield Add(record, f"{id_} is running")
        elif there.values != record.values:
            yield Repoint(there, record, f"the names of {id_} change")

    def _remove(self, record: RecordSet, id_: str) -> Remove:
        instance = self.fleet.instances.get(id_)
        down = instance is not None and not instance.is_up
        return Remove(record, self._why_lost(id_), down)

    def _why_lost(self, id_: str) -> str:
        instance = self.fleet.instances.get(id_)
        if instance is None:
            return f"{id_} does not exist any more"
        if not instance.is_up:
            return f"{id_} is {instance.state}"
        return f"{id_} is running, but its tag {self.rules.tag} or its address no longer gives it this name"

    def _why_repointed(self, there: RecordSet, record: RecordSet, id_: str) -> str:
        before = self.zone.held.get(record.key, id_)
        if before != id_:
            return f"the name passes to {id_}, since {self._why_lost(before)}"
        if there.meaning == record.meaning:
            return f"the TTL is to be {record.ttl} seconds"
        return f"{id_} is now at {', '.join(record.values)}"


def groups(ids: Iterable[str], links: Iterable[tuple[str, str]]) -> Iterator[list[str]]:
    """Yield the ids in groups: two that are linked, directly or through others, are in one."""
    near: dict[str, list[str]] = {id_: [] for id_ in ids}
    for one, other in links:
        if one in near and other in near:
            near[one].append(other)
            near[other].append(one)
    seen: set[str] = set()
    for start in sorted(near):
        group, waiting = [], [start]
        while waiting:
            if (id_ := waiting.pop()) not in seen:
                seen.add(id_)
                group.append(id_)
                waiting += near[id_]
        if group:
            yield sorted(group)


def _outside(ref: Ref) -> Problem:
    reason = f"holds names, but {ref.place} was not read, so nobody can say whether they are true"
    return Problem(ref.id, reason, "outside")


def _takes_from_the_dead(step: Step) -> bool:
    return any(isinstance(change, Remove) and change.down for change in step.changes)
