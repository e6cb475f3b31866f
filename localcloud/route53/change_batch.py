"""What a batch of changes makes of a hosted zone: all of it, or nothing and every reason why.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from localcloud.route53.dns_names import Name
    from localcloud.route53.record_sets import Change, Key, RecordSet

MOST_RECORDS = 1000
MOST_CHARACTERS = 32_000


class Rejected(Exception):
    """A batch that changes nothing; `faults` are all its faults, in AWS's words."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(f"[{', '.join(faults)}]")
        self.faults = faults


def apply(zone: Name, records: Iterable[RecordSet], changes: Sequence[Change]) -> list[RecordSet]:
    """Return the zone's record sets after all changes, in the order of listing; raise `Rejected`."""
    zone_after = _Zone(zone, records)
    faults = [*_over_limits(changes)]
    repeated = _repeated(changes)
    for change in changes:
        faults += change.faults
        if change.record is None or change.faults:
            continue
        if change.record.key in repeated:
            repeated[change.record.key] -= 1
            if repeated[change.record.key] == 0:
                faults.append(
                    "The request contains an invalid set of changes for a resource record set "
                    f"'{change.record.type} {change.record.name}'"
                )
            continue
        faults += zone_after.carry_out(change.action, change.record)
    if faults := faults + zone_after.missing():
        raise Rejected(faults)
    return sorted(zone_after.records.values(), key=lambda record: record.order)


class _Zone:
    """The zone while a batch is carried out, one change after the other."""

    def __init__(self, apex: Name, records: Iterable[RecordSet]) -> None:
        self.apex = apex
        self.records: dict[Key, RecordSet] = {}
        self._types: defaultdict[Name, Counter[str]] = defaultdict(Counter)
        for record in records:
            self._put(record)

    def carry_out(self, action: str, record: RecordSet) -> list[str]:
        if not record.name.within(self.apex):
            return [f"RRSet with DNS name {record.name} is not permitted in zone {self.apex}"]
        if action == "DELETE":
            return self._delete(record)
        if action == "CREATE" and record.key in self.records:
            return [f"Tried to create resource record set {record} but it already exists"]
        faults = [*self._conflicts(record)]
        if not faults:
            self._put(record)
        return faults

    def missing(self) -> list[str]:
        types = self._types[self.apex]
        return [
            *(["A HostedZone must contain exactly one SOA record."] if types["SOA"] != 1 else []),
            *(["A HostedZone must contain at least one NS record for the zone itself."] if types["NS"] < 1 else []),
        ]

    def _delete(self, record: RecordSet) -> list[str]:
        current = self.records.get(record.key)
        if current is None:
            return [f"Tried to delete resource record set {record} but it was not found"]
        if not current.same_content(record):
            return [
                f"Tried to delete resource record set {record} but the values provided do not match the current values"
            ]
        del self.records[record.key]
        self._types[record.name][record.type] -= 1
        return []

    def _conflicts(self, record: RecordSet) -> Iterator[str]:
        here = f"RRSet of type {record.type} with DNS name {record.name} is not permitted"
        types = +self._types[record.name]
        if record.type == "CNAME":
            if record.name == self.apex:
                yield f"{here} at apex in zone {self.apex}"
            elif types.keys() - {"CNAME"}:
                yield f"{here} as it conflicts with other records with the same DNS name in zone {self.apex}"
        elif types["CNAME"]:
            # The two spaces are AWS's.
            yield (
                f"{here} because a conflicting RRSet of type  CNAME with the same DNS name "
                f"already exists in zone {self.apex}"
            )

    def _put(self, record: RecordSet) -> None:
        if record.key not in self.records:
            self._types[record.name][record.type] += 1
        self.records[record.key] = record


def _over_limits(changes: Sequence[Change]) -> Iterator[str]:
    records = [(change.weight, change.record) for change in changes if change.record]
    if sum(weight * len(record.values) for weight, record in records) > MOST_RECORDS:
        yield f"Number of records limit of {MOST_RECORDS} exceeded."
    if sum(weight * len("".join(record.values)) for weight, record in records) > MOST_CHARACTERS:
        yield f"RDATA character limit of {MOST_CHARACTERS} exceeded."


def _repeated(changes: Sequence[Change]) -> dict[Key, int]:
    """Return how often each record set is changed, where that is not allowed.

    Replacing (a DELETE, then a CREATE or UPSERT) is the one way to change a record set twice in a batch.
    """
    actions: defaultdict[Key, list[str]] = defaultdict(list)
    for change in changes:
        if change.record is not None and not change.faults:
            actions[change.record.key].append(change.action)
    return {
        key: len(done)
        for key, done in actions.items()
        if len(done) > 1 and not (done[0] == "DELETE" and len(done) == 2 and done[1] != "DELETE")
    }
