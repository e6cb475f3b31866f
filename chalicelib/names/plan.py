"""The plan of names: what must change in one zone so that it tells the truth about the instances that were seen."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from chalicelib.names.batches import weigh
from chalicelib.names.changes import Add, Change, Plan, Problem, Remove, Repoint, Step
from chalicelib.names.desired import Wanted, desired_names
from chalicelib.names.model import Fleet, Key, RecordSet, Ref, Rules
from chalicelib.names.wishes import elect, wishes
from chalicelib.names.zone import Zone


def plan(zone: Zone, fleet: Fleet, rules: Rules) -> Plan:
    """Return the steps that make a zone's names those of the running instances; never touch what no mark calls ours.

    Only instances that the fleet shows are judged, and in a look at everything those that it shows to be gone.
    """
    found, refused = wishes(zone, fleet, rules)
    winners, contested = elect(zone, fleet, found)
    desired, foreign = desired_names(zone, found, winners, rules)
    judged = {id_ for id_, mark in zone.marks.items() if id_ in fleet.instances or fleet.shows_missing(mark.ref)}
    unseen = [mark.ref for id_, mark in zone.marks.items() if id_ not in judged]
    steps = _Difference(zone, fleet, rules, desired).steps(judged)
    return Plan(
        steps=steps,
        problems=(
            *zone.unreadable_marks,
            *refused,
            *contested,
            *foreign,
            *(_outside(ref) for ref in unseen if fleet.is_everything),
        ),
        owned=len(zone.held_names),
        is_partial=any(step.makes_room for step in steps),
        desired=len({name for wanted in desired.values() for name, _ in wanted.records}),
    )


def release(zone: Zone) -> Plan:
    """Return the steps that take every name of ours, and every mark, out of a zone."""
    because = "the stack is gone"
    steps = (
        Step(frozenset({id_}), tuple(Remove(record, because, down=True) for record in (*zone.held_by(id_), mark)))
        for id_ in sorted(zone.marks)
        if (mark := zone.mark_record(id_))
    )
    return Plan(tuple(steps), tuple(zone.unreadable_marks), owned=len(zone.held_names))


@dataclass(frozen=True)
class _Difference:
    """The difference between what stands in a zone and what is desired there, with the reason for each change."""

    zone: Zone
    fleet: Fleet
    rules: Rules
    desired: Mapping[str, Wanted]

    def steps(self, judged: Iterable[str]) -> tuple[Step, ...]:
        """Return the steps, those that take names from instances that went down first."""
        changes = {id_: found for id_ in {*self.desired, *judged} if (found := list(self._changes(id_)))}
        moves = (
            (id_, taker) for (name, _), id_ in self.zone.held.items() if (taker := self._taker.get(name, id_)) != id_
        )
        steps = (
            step
            for ids in groups(changes, moves)
            for step in self._together_or_in_turn(Step(frozenset(ids), tuple(c for id_ in ids for c in changes[id_])))
        )
        return tuple(sorted(steps, key=lambda step: (not _takes_from_the_dead(step), min(step.instances))))

    def _together_or_in_turn(self, step: Step) -> Iterable[Step]:
        """Return a step, or where no batch can carry it, one for each instance that gives names up to others.

        The names are then free, and the next plan gives them to those that ask for them.
        """
        if weigh([step]).fits:
            return [step]
        giving_up = [
            Step(frozenset({id_}), changes, makes_room=True)
            for id_ in sorted(step.instances)
            if (changes := tuple(self._giving_up(id_)))
        ]
        return giving_up or [step]

    def _giving_up(self, id_: str) -> Iterator[Change]:
        """Yield the removal of every name that an instance is not to keep, and the smaller mark."""
        mark, there = self.zone.marks.get(id_), self.zone.mark_record(id_)
        if mark is None or there is None:
            return
        names = {label: f"{label}.{self.zone.domain}" for label in mark.all_labels}
        lost = {label: name for label, name in names.items() if self._taker.get(name) != id_}
        yield from (self._remove(record, id_) for record in self.zone.held_by(id_) if record.name in lost.values())
        if lost and (kept := mark.without(lost)):
            yield Repoint(there, kept.record(self.zone.owner, self.zone.domain), f"the names of {id_} change")
        elif lost:
            yield self._remove(there, id_)

    @cached_property
    def _taker(self) -> dict[str, str]:
        """Map each name that is to stand to the instance that gets it."""
        return {record.name: id_ for id_, wanted in self.desired.items() for record in wanted.records.values()}

    @cached_property
    def _wanted_keys(self) -> set[Key]:
        return {key for wanted in self.desired.values() for key in wanted.records}

    def _changes(self, id_: str) -> Iterator[Change]:
        """Yield the changes to one instance's names and mark; a name that moves is its taker's change.

        The mark goes along even where it stays as it is: Route 53 then refuses the whole if it is not there any more.
        """
        wanted = self.desired.get(id_)
        names = list(self._name_changes(id_, wanted))
        yield from names
        yield from self._mark_changes(id_, wanted, as_witness=bool(names))

    def _name_changes(self, id_: str, wanted: Wanted | None) -> Iterator[Change]:
        yield from (
            self._remove(record, id_) for record in self.zone.held_by(id_) if record.key not in self._wanted_keys
        )
        for record in wanted.records.values() if wanted else ():
            there = self.zone.get(record.key)
            if there is None:
                yield Add(record, f"{id_} is running")
            elif not there.says_the_same_as(record):
                yield Repoint(there, record, self._why_repointed(there, record, id_))

    def _mark_changes(self, id_: str, wanted: Wanted | None, *, as_witness: bool) -> Iterator[Change]:
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
        elif as_witness:
            yield Repoint(there, there, f"it bears witness that the names of {id_} are ours")

    def _remove(self, record: RecordSet, id_: str) -> Remove:
        instance = self.fleet.instances.get(id_)
        down = instance is not None and not instance.is_up
        return Remove(record, self._why_lost(id_), down, passes=record.name in self._taker)

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
