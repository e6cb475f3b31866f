"""Route 53 as strict as AWS, in place of moto's: batches are checked whole, lists come in AWS's order and pages.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.route53.exceptions import HostedZoneNotEmpty, InvalidInput
from moto.route53.responses import Route53

from localcloud.route53 import change_batch, record_sets, wire
from localcloud.route53.record_sets import RecordSet

if TYPE_CHECKING:
    from collections import Counter

    from localcloud.route53.throttle import Throttle

LONGEST_PAGE = 300
RECORDS_OF_AN_EMPTY_ZONE = 2  # NS and SOA


class StrictRoute53(Route53):  # type: ignore[misc]  # moto is untyped here
    """The APIs that differ from moto's; a zone's record sets are kept in moto's zone, in the order of listing."""

    throttle: Throttle
    tokens: Counter[str]
    """Change tokens, by account."""

    def call_action(self) -> Any:
        """Answer a request, unless it is throttled."""
        if not self.throttle.admits_request(self.current_account, self._get_action()):
            return self.serialized(ActionResult(wire.throttled()))
        return super().call_action()

    def create_hosted_zone(self) -> ActionResult:
        """Create a zone; its name is kept as Route 53 writes names."""
        answer = super().create_hosted_zone()
        zone = answer.result["HostedZone"]
        zone.name = str(wire.read_name(zone.name))
        return answer

    def delete_hosted_zone(self) -> ActionResult:
        """Delete a zone that holds nothing but its NS and SOA."""
        zone = self.backend.get_hosted_zone(self._get_param("Id"))
        if len(zone.rrsets) > RECORDS_OF_AN_EMPTY_ZONE:
            raise HostedZoneNotEmpty
        return super().delete_hosted_zone()

    def change_resource_record_sets(self) -> ActionResult:
        """Carry out a batch, all or nothing."""
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        changes = wire.read_batch(self._get_param("ChangeBatch", {}))
        cost = record_sets.change_tokens(changes)
        if self.throttle.is_busy(zone.resource_id):
            raise wire.prior_request_not_complete()
        if not self.throttle.admits_changes(self.current_account, cost):
            raise wire.throttled()
        try:
            zone.rrsets = change_batch.apply(wire.read_name(zone.name), _records(zone), changes)
        except change_batch.Rejected as rejected:
            raise wire.invalid_batch(rejected) from rejected
        self.throttle.take_changes(self.current_account, cost)
        self.throttle.keep_busy(zone.resource_id)
        self.tokens[self.current_account] += cost
        return ActionResult({"ChangeInfo": wire.change_info(self._get_param("ChangeBatch.Comment"))})

    def list_resource_record_sets(self) -> ActionResult:
        """List a page of a zone's record sets."""
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        records = _records(zone)
        cursor = ("StartRecordName", "StartRecordType", "StartRecordIdentifier")
        first = _first(records, *map(self._get_param, cursor))
        size = min(self._get_int_param("MaxItems", LONGEST_PAGE), LONGEST_PAGE)
        if size < 1:
            raise InvalidInput(f"Invalid value '{size}' for MaxItems")
        page, rest = records[first : first + size], records[first + size :]
        answer = {
            "ResourceRecordSets": [wire.shown(record) for record in page],
            "IsTruncated": bool(rest),
            "MaxItems": size,
        }
        if rest:
            answer["NextRecordName"] = str(rest[0].name)
            answer["NextRecordType"] = rest[0].type
            answer["NextRecordIdentifier"] = rest[0].set_identifier
        return ActionResult(answer)


def route53_response(throttle: Throttle, tokens: Counter[str]) -> type[StrictRoute53]:
    """Return the Route 53 API of one server: with its throttle, and its count of change tokens."""
    return type("Route53", (StrictRoute53,), {"throttle": throttle, "tokens": tokens})


def _records(zone: Any) -> list[RecordSet]:
    """Return the zone's record sets in order; those that moto made itself are taken over."""
    if not all(isinstance(record, RecordSet) for record in zone.rrsets):
        zone.rrsets = sorted(map(wire.taken_over, zone.rrsets), key=lambda record: record.order)
    records: list[RecordSet] = zone.rrsets
    return records


def _first(records: list[RecordSet], name: str | None, type_: str | None, identifier: str | None) -> int:
    """Return where a page starts: at the first record set that is not before the cursor."""
    if (type_ and not name) or (identifier and not type_):
        raise InvalidInput("The input is not valid")
    if not name:
        return 0
    start = (wire.read_name(name).order, type_ or "", identifier or "")
    return bisect_left(records, start, key=lambda record: record.order)
