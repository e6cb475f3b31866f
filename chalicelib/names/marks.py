"""Ownership: TXT marks in the zone say which names are ours, and the zone as seen through them.

There is one mark for each instance, at ``_<owner>.<instance id>.<domain>``, so two stacks in one zone cannot claim each
other's names. Its text is kept short because Route 53 limits the characters of a batch's values, not of its names::

    "123456789012 eu-west-1 web db"         i-….<domain>, web.<domain> and db.<domain> are CNAMEs of ours
    "123456789012 eu-west-1 A+AAAA web"     the same with A and AAAA records
    "123456789012 eu-west-1 - web"          web.<domain> only; i-….<domain> is somebody else's
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from chalicelib.names import dnsname
from chalicelib.names.model import Place, Problem, RecordSet, Ref, View

MARK_TTL = 300
CNAME = ("CNAME",)
_SHAPES = {"A": ("A",), "AAAA": ("AAAA",), "A+AAAA": ("A", "AAAA")}
_TEXT = re.compile(r"(\d{12}) ([a-z]{2}[a-z0-9-]+)(?: (A|AAAA|A\+AAAA))?( -)?((?: [a-z0-9-]{1,63})*)")


@dataclass(frozen=True, slots=True)
class Mark:
    """Which names we hold for one instance: its own, unless ``own`` is false, and ``labels``; all of the same types."""

    ref: Ref
    labels: tuple[str, ...] = ()
    types: tuple[str, ...] = CNAME
    own: bool = True

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Return the labels below the domain that the mark speaks for."""
        return (self.ref.id, *self.labels) if self.own else self.labels

    def record(self, owner: str, domain: str) -> RecordSet:
        """Return the TXT record set that stands in the zone for this mark."""
        shape = [] if self.types == CNAME else ["+".join(self.types)]
        own = [] if self.own else ["-"]
        words = " ".join([self.ref.place.account, self.ref.place.region, *shape, *own, *self.labels])
        # One character-string holds at most 255 octets (RFC 1035, section 3.3.14).
        value = " ".join(f'"{words[start : start + 255]}"' for start in range(0, len(words), 255))
        return RecordSet(f"_{owner}.{self.ref.id}.{domain}", "TXT", MARK_TTL, (value,))

    @classmethod
    def parse(cls, instance: str, value: str) -> "Mark":
        """Read a mark from its TXT value; raise ValueError where it is not a mark's text."""
        words = "".join(re.findall(r'"([^"]*)"', value))
        if not (found := _TEXT.fullmatch(words)):
            raise ValueError(f"{value} is not the text of a mark")
        account, region, shape, minus, labels = found.groups()
        types = _SHAPES[shape] if shape else CNAME
        return cls(Ref(Place(account, region), instance), tuple(labels.split()), types, own=not minus)


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
    def _read_marks(self) -> tuple[dict[str, tuple[Mark, RecordSet]], list[Problem]]:
        prefix, suffix = f"_{self.owner}.", f".{self.domain}"
        marks, problems = {}, []
        for record in self.records:
            instance = record.name.removeprefix(prefix).removesuffix(suffix)
            if record.name != prefix + instance + suffix or record.type != "TXT" or "." in instance:
                continue
            try:
                mark = Mark.parse(instance, record.values[0] if len(record.values) == 1 else "")
            except ValueError:
                problems.append(Problem(record.name, "is not a mark that can be read: left alone", "mark"))
            else:
                marks[instance] = (mark, record)
        return marks, problems

    @property
    def marks(self) -> Mapping[str, tuple[Mark, RecordSet]]:
        """Map each instance that holds names to its mark and the record set that carries it."""
        return self._read_marks[0]

    @property
    def unreadable_marks(self) -> list[Problem]:
        """Return a problem for each record that stands where a mark would, but is none."""
        return self._read_marks[1]

    def mark_obstacle(self, instance: str) -> RecordSet | None:
        """Return a record set that is not our mark but keeps one from standing at its name."""
        there = self.at.get(f"_{self.owner}.{instance}.{self.domain}", ())
        return next((r for r in there if r.type in ("TXT", "CNAME") and instance not in self.marks), None)

    @cached_property
    def held(self) -> Mapping[tuple[str, str], str]:
        """Map each name and type that a mark of ours speaks for to the instance that holds it."""
        return {
            (f"{label}.{self.domain}", type_): instance
            for instance, (mark, _) in self.marks.items()
            for label in mark.all_labels
            for type_ in mark.types
        }

    def holder(self, label: str) -> str | None:
        """Return the instance that holds a label, if one does."""
        name = f"{label}.{self.domain}"
        return next((self.held[name, type_] for type_ in ("CNAME", "A", "AAAA") if (name, type_) in self.held), None)

    def is_ours(self, record: RecordSet) -> bool:
        """Say whether a mark of ours speaks for this record set."""
        return record.key in self.held and not record.variant

    def after(self, removed: Iterable[RecordSet], added: Iterable[RecordSet]) -> "Zone":
        """Return the zone as it stands once these record sets went and those came."""
        records = {(record.key, record.variant): record for record in self.records}
        for record in removed:
            records.pop((record.key, record.variant), None)
        records.update({((record.key), record.variant): record for record in added})
        return Zone(self.domain, self.view, self.owner, tuple(records.values()))


def zone_of(domain: str, view: View, owner: str, records: Iterable[RecordSet]) -> Zone:
    """Return the zone made of those record sets that are at or below the domain."""
    return Zone(domain, view, owner, tuple(r for r in records if dnsname.is_within(r.name, domain)))
