"""A hosted zone in Route 53: read whole, written in batches, by one writer at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.aws import said_not_now
from chalicelib.errors import BadSettings, Refused
from chalicelib.inventory import dnsname
from chalicelib.inventory.model import View
from chalicelib.lease.aws import Turn
from chalicelib.names.batches import weigh
from chalicelib.names.changes import Step, created, deleted
from chalicelib.names.model import RecordSet
from chalicelib.names.pace import Pace
from chalicelib.names.zone import Zone, zone_of

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client


@dataclass(frozen=True)
class Identity:
    """Which zone it is, which side it shows, whose marks are ours, and the domain where it is not the zone's name."""

    zone_id: str
    view: View
    owner: str
    domain: str = ""


class Route53Zone:
    """One hosted zone, as the ``HostedZone`` that the job asks for."""

    def __init__(
        self,
        client: "Route53Client",
        identity: Identity,
        lease: Callable[[], AbstractContextManager[Turn]],
        pace: Pace,
    ) -> None:
        self._client, self._identity, self._lease, self._pace = client, identity, lease, pace
        self._domain = ""
        self.memory: tuple[int, Zone] | None = None

    def read(self) -> Zone:
        """Return the zone at and below the domain."""
        records = self.record_sets(self.domain)
        return zone_of(self.domain, self._identity.view, self._identity.owner, records)

    @contextmanager
    def turn(self) -> Iterator["Route53Writer"]:
        """Be the zone's one writer for the length of a block."""
        with self._lease() as turn:
            yield Route53Writer(self, turn)

    def record_sets(self, start: str = "") -> Iterator[RecordSet]:
        """Yield the record sets at and below a name, or all; a page that fails ends the whole reading with an error.

        Route 53 sorts names by their labels, last label first, so those below a name follow it without a gap
        (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html).
        """
        pages = self._client.get_paginator("list_resource_record_sets")
        arguments: Any = {"StartRecordName": start} if start else {}
        with self._speaking():
            self._pace.request()
            for page in pages.paginate(HostedZoneId=self._identity.zone_id, **arguments):
                for shown in page["ResourceRecordSets"]:
                    record = _record_set(shown)
                    if start and not dnsname.is_within(record.name, start):
                        return
                    yield record
                if page["IsTruncated"]:
                    self._pace.request()

    def send(self, turn: Turn, steps: Sequence[Step]) -> None:
        """Send one change batch.

        Raises:
            Refused: Route 53 refused the batch; nothing of it was carried out.
            TryAgain: Route 53 is still busy after the client's own retries, or the turn is over.
        """
        self._pace.request()
        self._pace.change(weigh(steps).tokens)
        turn.check()
        batch: Any = {"Comment": f"{self._identity.owner}: {len(steps)} steps", "Changes": _changes(steps)}
        with self._speaking():
            self._client.change_resource_record_sets(HostedZoneId=self._identity.zone_id, ChangeBatch=batch)

    @property
    def domain(self) -> str:
        """Return the domain that names are put below: the zone's own name unless DOMAIN says one inside it."""
        if not self._domain:
            self._domain = self._checked_domain()
        return self._domain

    def _checked_domain(self) -> str:
        id_, wanted = self._identity.zone_id, dnsname.canonical(self._identity.domain)
        with self._speaking():
            self._pace.request()
            zone = self._client.get_hosted_zone(Id=id_)["HostedZone"]
        name = dnsname.canonical(zone["Name"])
        if wanted and not dnsname.is_within(wanted, name):
            raise BadSettings(f"DOMAIN is {wanted}, which is not inside {name}, the name of zone {id_}")
        if self._identity.view is View.PRIVATE and not zone.get("Config", {}).get("PrivateZone"):
            raise BadSettings(
                f"PRIVATE_HOSTED_ZONE_ID is {id_}, a public zone: private addresses would be published. "
                "Name a private hosted zone, or leave it empty"
            )
        return wanted or name

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Translate what Route 53 answers, by its code."""
        try:
            with said_not_now("Route 53"):
                yield
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            if code in ("InvalidChangeBatch", "InvalidInput"):
                raise Refused(message or str(error)) from error
            if code in ("NoSuchHostedZone", "AccessDenied"):
                raise BadSettings(
                    f"hosted zone {self._identity.zone_id} cannot be used ({code}): check that HOSTED_ZONE_ID and "
                    f"PRIVATE_HOSTED_ZONE_ID name zones of this account that its role may change. {message}"
                ) from error
            raise


class Route53Writer:
    """One turn at a zone. It remembers the zone between turns, as long as nobody else had one."""

    def __init__(self, zone: Route53Zone, turn: Turn) -> None:
        self._zone, self._turn = zone, turn

    def read(self, *, fresh: bool) -> Zone:
        """Return the zone; unless ``fresh``, from memory if nobody else had a turn since."""
        remembered = self._zone.memory
        if fresh or not remembered or remembered[0] not in (self._turn.number - 1, self._turn.number):
            zone = self._zone.read()
        else:
            zone = remembered[1]
        self._zone.memory = (self._turn.number, zone)
        return zone

    def apply(self, steps: Sequence[Step]) -> None:
        """Send one change batch, and remember the zone as it then stands; after an error, remember nothing."""
        remembered, self._zone.memory = self._zone.memory, None
        self._zone.send(self._turn, steps)
        if remembered:
            removed = [record for step in steps for change in step.changes if (record := deleted(change))]
            added = [record for step in steps for change in step.changes if (record := created(change))]
            self._zone.memory = (self._turn.number, remembered[1].after(removed, added))

    def check(self) -> None:
        """Raise TryAgain unless there is time for one more write before the turn is over."""
        self._turn.check()


def _changes(steps: Sequence[Step]) -> list[Any]:
    """Return a batch's changes in an order in which each holds when Route 53 comes to it: a step's deletes first."""
    changes = []
    for step in steps:
        changes += [{"Action": "DELETE", "ResourceRecordSet": _sent(r)} for c in step.changes if (r := deleted(c))]
        changes += [{"Action": "CREATE", "ResourceRecordSet": _sent(r)} for c in step.changes if (r := created(c))]
    return changes


def _sent(record: RecordSet) -> dict[str, Any]:
    values = [{"Value": value} for value in record.values]
    return {"Name": record.name, "Type": record.type, "TTL": record.ttl, "ResourceRecords": values}


def _record_set(shown: Any) -> RecordSet:
    return RecordSet(
        dnsname.canonical(shown["Name"]),
        shown["Type"],
        shown.get("TTL", 0),
        tuple(value["Value"] for value in shown.get("ResourceRecords", ())),
        _variant(shown),
    )


def _variant(shown: Any) -> str:
    """Return what makes a record set more than name, type, TTL and values, in words; such a set is never ours."""
    if "SetIdentifier" in shown:
        return f"one of several, {shown['SetIdentifier']}"
    if "AliasTarget" in shown:
        return f"an alias to {shown['AliasTarget']['DNSName']}"
    if "HealthCheckId" in shown or "TrafficPolicyInstanceId" in shown:
        return "with a health check or of a traffic policy"
    return ""
