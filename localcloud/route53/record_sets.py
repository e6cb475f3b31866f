"""Record sets, changes of them, and what is wrong with one whatever zone it belongs to.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.route53 import dns_names, record_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localcloud.route53.dns_names import Name

type Key = tuple[Name, str, str | None]
MOST_VALUES = 100


@dataclass(frozen=True)
class RecordSet:
    """The records of one name and type (and set identifier, if it has one)."""

    name: Name
    type: str
    set_identifier: str | None = None
    ttl: int | None = None
    """Seconds."""
    values: tuple[str, ...] = ()
    routing: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Whatever else the API carries: AliasTarget, Weight, Region, HealthCheckId …"""

    @property
    def key(self) -> Key:
        """What tells one record set of a zone from another."""
        return self.name, self.type, self.set_identifier

    @property
    def order(self) -> tuple[bytes, str, str]:
        """The key that sorts a zone's record sets as Route 53 lists them."""
        return self.name.order, self.type, self.set_identifier or ""

    def same_content(self, other: RecordSet) -> bool:
        """Compare all but the key; the order of values means nothing."""
        return (self.ttl, sorted(self.values), self.routing) == (
            other.ttl,
            sorted(other.values),
            other.routing,
        )

    def __str__(self) -> str:
        identifier = f", set-identifier='{self.set_identifier}'" if self.set_identifier else ""
        return f"[name='{self.name}', type='{self.type}'{identifier}]"


@dataclass(frozen=True)
class Change:
    """One change of a batch: CREATE, UPSERT or DELETE."""

    action: str
    record: RecordSet | None
    """None when the name could not be read."""
    faults: tuple[str, ...] = ()
    """What is wrong with the change, whatever the zone holds."""

    @property
    def weight(self) -> int:
        """How often AWS counts this change: an UPSERT counts twice."""
        return 2 if self.action == "UPSERT" else 1


def change_tokens(changes: Iterable[Change]) -> int:
    """Return what a batch costs: CREATE 1, DELETE 1, UPSERT 2.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html
    """
    return sum(change.weight for change in changes)


def read_change(action: str, name: str, make: Mapping[str, Any]) -> Change:
    """Make a change of what the API was sent; a name that cannot be read becomes a fault of the change."""
    try:
        record = RecordSet(name=dns_names.parse(name), **make)
    except dns_names.BadName as bad:
        return Change(action, None, tuple(bad.faults))
    return Change(action, record, tuple(syntax_faults(record)))


def syntax_faults(record: RecordSet) -> list[str]:
    """Return what is wrong with a record set, whatever zone it goes to."""
    faults = [fault for value in record.values for fault in record_values.faults(record.type, value)]
    faults += [f"Duplicate Resource Record: '{value}'" for value, times in Counter(record.values).items() if times > 1]
    if len(record.values) > MOST_VALUES:
        faults.append(f"Cannot have more than {MOST_VALUES} records in a RRSet.")
    if record.type == "CNAME" and len(record.values) > 1:
        faults.append(f"RRSet of type CNAME with DNS name {record.name} can contain only one record.")
    return faults
