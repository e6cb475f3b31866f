"""EC2 instances read, and Route 53 record sets read and written."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import BadSettings, Refused, TryAgain
from chalicelib.names import dnsname, events
from chalicelib.names.batches import TokenBucket, created, deleted, weigh
from chalicelib.names.job import Turn
from chalicelib.names.marks import Zone, zone_of
from chalicelib.names.model import Fleet, Instance, Place, RecordSet, Ref, Step, View

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_sqs import SQSClient

FILTER_VALUES = 200  # a call, over all its filters: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
PAGE = 1_000


class Ec2Instances:
    """Instances in several places, read through one client for each place."""

    def __init__(self, client: "Callable[[Place], EC2Client]", places: Collection[Place], tag: str) -> None:
        self._client, self._places, self._tag = client, frozenset(places), tag

    def everything(self) -> Fleet:
        """Return every instance of every place; a place that cannot be read is in ``unread`` and covers nothing."""
        fleet = Fleet({})
        for place in sorted(self._places):
            fleet |= self._read(place, [], whole=frozenset({place}))
        return fleet

    def some(self, refs: Collection[Ref]) -> Fleet:
        """Return these instances as they are now; unknown ones are missing, and places not ours are in ``unread``.

        In a storm, when one call cannot ask for all of a place's, the whole place is read: runs that follow one another
        then share the work, since the first sees what the next ones were called for.
        """
        fleet = Fleet({})
        for place in sorted({ref.place for ref in refs}):
            asked = frozenset(ref for ref in refs if ref.place == place)
            if place in self._places and len(asked) <= FILTER_VALUES:
                fleet |= self._read(place, _filters("instance-id", [ref.id for ref in asked]), asked=asked)
            elif place in self._places:
                fleet |= self._read(place, [], whole=frozenset({place}), asked=asked)
            else:
                fleet |= Fleet({}, unread={place: "is not among REGIONS of this account and of ACCOUNTS"})
        return fleet

    def claimants(self, place: Place, labels: Collection[str]) -> Fleet:
        """Return running instances whose tag has one of these labels somewhere in it."""
        running: FilterTypeDef = {"Name": "instance-state-name", "Values": ["running"]}
        tags = _filters(f"tag:{self._tag}", [f"*{label}*" for label in labels], FILTER_VALUES - 1)
        filters = [[*tag, running] for tag in tags]
        return self._read(place, filters)

    def _read(
        self,
        place: Place,
        filters: "list[list[FilterTypeDef]]",
        whole: frozenset[Place] = frozenset(),
        asked: frozenset[Ref] = frozenset(),
    ) -> Fleet:
        """Read a place wholly or not at all: a plan made from some of the pages would delete the rest."""
        try:
            pages = self._client(place).get_paginator("describe_instances")
            found = {
                shown["InstanceId"]: _instance(shown, place, self._tag)
                for chosen in filters or [[]]
                for page in pages.paginate(Filters=chosen, PaginationConfig={"PageSize": PAGE})
                for reservation in page["Reservations"]
                for shown in reservation["Instances"]
            }
        except (ClientError, BotoCoreError) as error:
            return Fleet({}, unread={place: str(error)})
        return Fleet(found, whole, asked)


def _filters(name: str, values: Iterable[str], most: int = FILTER_VALUES) -> "list[list[FilterTypeDef]]":
    return [[{"Name": name, "Values": list(some)}] for some in batched(sorted(values), most)]


def _instance(shown: "InstanceTypeDef", place: Place, tag: str) -> Instance:
    """Read one instance of DescribeInstances; the first IPv6 address of its interfaces is the one that counts."""
    ipv6 = (
        address["Ipv6Address"]
        for interface in shown.get("NetworkInterfaces", ())
        for address in interface.get("Ipv6Addresses", ())
    )
    return Instance(
        id=shown["InstanceId"],
        place=place,
        state=shown["State"]["Name"],
        launched=shown["LaunchTime"],
        tag=next((t["Value"] for t in shown.get("Tags", ()) if t["Key"] == tag), ""),
        public_dns=shown.get("PublicDnsName", ""),
        public_ip=shown.get("PublicIpAddress", ""),
        ipv6=shown.get("Ipv6Address") or next(ipv6, ""),
        private_ip=shown.get("PrivateIpAddress", ""),
    )


class Route53Zone:
    """One hosted zone, as the ``HostedZone`` that the job asks for."""

    def __init__(
        self,
        client: "Route53Client",
        zone_id: str,
        view: View,
        owner: str,
        turn: Callable[[], AbstractContextManager[Turn]],
        domain: str = "",
        requests: TokenBucket | None = None,
        tokens: TokenBucket | None = None,
    ) -> None:
        self._client, self.id, self.view, self._owner, self.turn = client, zone_id, view, owner, turn
        self._wanted_domain, self._domain = dnsname.canonical(domain), ""
        # Five percent below AWS's own: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
        self._requests = requests or TokenBucket(9.5, 47)
        self._tokens = tokens or TokenBucket(95, 1_425)
        self._memory: tuple[int, Zone] | None = None

    def read(self, turn: Turn | None = None, *, fresh: bool = True) -> Zone:
        """Return the zone at and below the domain; unless ``fresh``, from memory if nobody wrote to it since."""
        if not fresh and turn and self._memory and self._memory[0] in (turn.number - 1, turn.number):
            zone = self._memory[1]
        else:
            zone = zone_of(self.domain, self.view, self._owner, self.record_sets(self.domain))
        if turn:
            self._memory = (turn.number, zone)
        return zone

    def apply(self, turn: Turn, steps: Sequence[Step]) -> None:
        """Send one change batch.

        Raises:
            Refused: Route 53 refused the batch; nothing of it was carried out.
            TryAgain: Route 53 is still busy after the client's own retries, or the turn is over.
        """
        weight = weigh(steps)
        self._requests.take(1)
        self._tokens.take(weight.tokens)
        turn.check()
        comment = f"{self._owner}: {len(steps)} changes"
        try:
            self._client.change_resource_record_sets(
                HostedZoneId=self.id, ChangeBatch={"Comment": comment, "Changes": _changes(steps)}
            )
        except ClientError as error:
            self._memory = None
            raise _translated(error, self.id) from error
        if self._memory:
            removed = [r for step in steps for change in step.changes if (r := deleted(change))]
            added = [r for step in steps for change in step.changes if (r := created(change))]
            self._memory = (turn.number, self._memory[1].after(removed, added))

    def record_sets(self, start: str = "") -> Iterator[RecordSet]:
        """Yield the record sets from a name on, or all; a page that fails ends the whole reading with an error."""
        pages = self._client.get_paginator("list_resource_record_sets")
        self._requests.take(1)
        try:
            arguments: Any = {"StartRecordName": start} if start else {}
            for page in pages.paginate(HostedZoneId=self.id, **arguments):
                for shown in page["ResourceRecordSets"]:
                    record = _record_set(shown)
                    if start and not dnsname.is_within(record.name, start):
                        return
                    yield record
                if page["IsTruncated"]:
                    self._requests.take(1)
        except ClientError as error:
            raise _translated(error, self.id) from error

    @property
    def domain(self) -> str:
        """Return the domain that names are put below: the zone's own name unless DOMAIN says one inside it."""
        if not self._domain:
            self._domain = self._checked_domain()
        return self._domain

    def _checked_domain(self) -> str:
        try:
            zone = self._client.get_hosted_zone(Id=self.id)["HostedZone"]
        except ClientError as error:
            raise _translated(error, self.id) from error
        name = dnsname.canonical(zone["Name"])
        if self._wanted_domain and not dnsname.is_within(self._wanted_domain, name):
            raise BadSettings(
                f"DOMAIN is {self._wanted_domain}, which is not inside {name}, the name of zone {self.id}"
            )
        if self.view is View.PRIVATE and not zone.get("Config", {}).get("PrivateZone"):
            raise BadSettings(
                f"PRIVATE_HOSTED_ZONE_ID is {self.id}, a public zone: private addresses would be published. "
                "Name a private hosted zone, or leave it empty"
            )
        return self._wanted_domain or name


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
    alias = shown.get("AliasTarget", {}).get("DNSName", "")
    return RecordSet(
        dnsname.canonical(shown["Name"]),
        shown["Type"],
        shown.get("TTL", 0),
        tuple(value["Value"] for value in shown.get("ResourceRecords", ())),
        variant=shown.get("SetIdentifier", "") or (f"alias to {alias}" if alias else ""),
    )


def _translated(error: ClientError, zone_id: str) -> Exception:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    match code:
        case "InvalidChangeBatch" | "InvalidInput":
            return Refused(message or str(error))
        case "NoSuchHostedZone" | "AccessDenied":
            return BadSettings(
                f"hosted zone {zone_id} cannot be used ({code}): check that HOSTED_ZONE_ID and "
                f"PRIVATE_HOSTED_ZONE_ID name zones of this account that its role may change. {message}"
            )
        case "Throttling" | "PriorRequestNotComplete" | "ThrottlingException" | "ServiceUnavailable":
            return TryAgain(f"Route 53 said {code} for zone {zone_id}")
    return error


class RecheckQueue:
    """Asks for a later look at instances through delayed messages on the instance queue."""

    def __init__(self, client: "SQSClient", queue_url: str, delay: int = 20) -> None:
        self._client, self._url, self._delay = client, queue_url, delay

    def ask(self, refs: Collection[Ref]) -> None:
        """Send one delayed message for each instance, ten a call; raise TryAgain where SQS took only some."""
        now = datetime.now(UTC)
        for some in batched(sorted(refs), 10):
            entries: list[Any] = [
                {"Id": str(n), "MessageBody": events.recheck(ref, now), "DelaySeconds": self._delay}
                for n, ref in enumerate(some)
            ]
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if failed := answer.get("Failed"):
                raise TryAgain(f"{len(failed)} re-checks could not be queued: {failed[0].get('Message')}")
