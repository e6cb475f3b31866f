"""A hosted zone as it stands, seen through our marks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from chalicelib.inventory import dnsname
from chalicelib.inventory.model import View
from chalicelib.names.changes import Problem
from chalicelib.names.marks import Mark
from chalicelib.names.model import Key, RecordSet


@dataclass(frozen=True)
class Zone:
    """A hosted zone's record sets at and below the domain, and what the marks in it say is ours."""

    domain: str
    view: View
    owner: str
    records: tuple[RecordSet, ...]

    @cached_property
    def at(self) -> Mapping[str, tuple[RecordSet, ...]]:
        """Map each name to the record sets that stand at it."""
        found: dict[str, list[RecordSet]] = {}
        for record in self.records:
            found.setdefault(record.name, []).append(record)
        return {name: tuple(records) for name, records in found.items()}

    @cached_property
    def _read_marks(self) -> tuple[dict[str, Mark], list[Problem]]:
        prefix, suffix = f"_{self.owner}.", f".{self.domain}"
        marks: dict[str, Mark] = {}
        problems = []
        for record in self.records:
            instance = record.name.removeprefix(prefix).removesuffix(suffix)
            if record.name != prefix + instance + suffix or record.type != "TXT" or "." in instance or record.variant:
                continue
            try:
                marks[instance] = Mark.parse(instance, record.values[0] if len(record.values) == 1 else "")
            except ValueError:
                problems.append(Problem(record.name, "is not a mark that can be read: left alone", "mark"))
        return marks, problems

    @property
    def marks(self) -> Mapping[str, Mark]:
        """Map each instance that holds names to its mark."""
        return self._read_marks[0]

    def mark_record(self, instance: str) -> RecordSet | None:
        """Return the record set that carries an instance's mark."""
        return self.get((self._mark_name(instance), "TXT")) if instance in self.marks else None

    def _mark_name(self, instance: str) -> str:
        return f"_{self.owner}.{instance}.{self.domain}"

    @property
    def unreadable_marks(self) -> list[Problem]:
        """Return a problem for each record that stands where a mark would, but is none."""
        return self._read_marks[1]

    def mark_obstacle(self, instance: str) -> RecordSet | None:
        """Return a record set that is not our mark but keeps one from standing at its name."""
        there = self.at.get(self._mark_name(instance), ())
        return next(
            (r for r in there if r.type in ("TXT", "CNAME") and (r.variant or instance not in self.marks)), None
        )

    @cached_property
    def held(self) -> Mapping[Key, str]:
        """Map each name and type that a mark of ours speaks for to the instance that holds it."""
        return {
            (f"{label}.{self.domain}", type_): instance
            for instance, mark in self.marks.items()
            for label in mark.all_labels
            for type_ in mark.types
        }

    @cached_property
    def held_names(self) -> frozenset[str]:
        """Return the names that marks of ours speak for."""
        return frozenset(name for name, _ in self.held)

    def holder(self, label: str) -> str | None:
        """Return the instance that holds a label, if one does."""
        name = f"{label}.{self.domain}"
        return next((self.held[name, type_] for type_ in ("CNAME", "A", "AAAA") if (name, type_) in self.held), None)

    def get(self, key: Key) -> RecordSet | None:
        """Return the record set of a name and type, if one stands there."""
        return next((record for record in self.at.get(key[0], ()) if record.type == key[1]), None)

    def held_by(self, instance: str) -> Iterator[RecordSet]:
        """Yield the record sets that stand in the zone for one instance."""
        mark = self.marks.get(instance)
        for label in mark.all_labels if mark else ():
            for record in self.at.get(f"{label}.{self.domain}", ()):
                if self.is_ours(record) and self.held[record.key] == instance:
                    yield record

    def is_ours(self, record: RecordSet) -> bool:
        """Say whether a mark of ours speaks for this record set."""
        return record.key in self.held and not record.variant

    def after(self, removed: Iterable[RecordSet], added: Iterable[RecordSet]) -> "Zone":
        """Return the zone as it stands once these record sets went and those came."""
        records = {(record.key, record.variant): record for record in self.records}
        for record in removed:
            records.pop((record.key, record.variant), None)
        records.update({(record.key, record.variant): record for record in added})
        return Zone(self.domain, self.view, self.owner, tuple(records.values()))


def zone_of(domain: str, view: View, owner: str, records: Iterable[RecordSet]) -> Zone:
    """Return the zone made of those record sets that are at or below the domain."""
    return Zone(domain, view, owner, tuple(r for r in records if dnsname.is_within(r.name, domain)))
