"""What each instance is to hold in a zone: the names it won, less those where something foreign stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.names.changes import Problem
from chalicelib.names.marks import Mark
from chalicelib.names.model import Key, RecordSet, Ref, Rules
from chalicelib.names.wishes import Wish
from chalicelib.names.zone import Zone


@dataclass(frozen=True, slots=True)
class Wanted:
    """The record sets that an instance is to hold, by name and type, and the mark that says so."""

    mark: Mark
    records: Mapping[Key, RecordSet]


def desired_names(
    zone: Zone, found: Mapping[str, Wish], winners: Mapping[str, str], rules: Rules
) -> tuple[dict[str, Wanted], list[Problem]]:
    """Return what each instance is to hold: the names it won, less those where something foreign stands."""
    desired: dict[str, Wanted] = {}
    problems = []
    for id_, wish in found.items():
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
            desired[id_] = Wanted(mark, records)
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
