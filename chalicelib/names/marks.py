"""Ownership: TXT marks in the zone say which names are ours.

There is one mark for each instance, at ``_<owner>.<instance id>.<domain>``, so two stacks in one zone cannot claim each
other's names. Its text is kept short because Route 53 limits the characters of a batch's values, not of its names::

    "123456789012 eu-west-1 web db"         i-….<domain>, web.<domain> and db.<domain> are CNAMEs of ours
    "123456789012 eu-west-1 A+AAAA web"     the same with A and AAAA records
    "123456789012 eu-west-1 - web"          web.<domain> only; i-….<domain> is somebody else's
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from chalicelib.names.model import Place, RecordSet, Ref

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

    def without(self, labels: Collection[str]) -> "Mark | None":
        """Return the mark that speaks for all labels but these, or None where none is left."""
        kept = tuple(label for label in self.labels if label not in labels)
        own = self.own and self.ref.id not in labels
        return replace(self, labels=kept, own=own) if kept or own else None

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
