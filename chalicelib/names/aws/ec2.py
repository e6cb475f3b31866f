"""EC2 instances, read place by place."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.names.model import Fleet, Instance, Place, Ref

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef

# A call may have so many values over all its filters:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
FILTER_VALUES = 200
PAGE = 1_000


class Ec2Instances:
    """Instances in several places, read through one client for each place."""

    def __init__(self, client: "Callable[[Place], EC2Client]", places: Collection[Place], tag: str) -> None:
        self._client, self._places, self._tag = client, frozenset(places), tag

    def everything(self) -> Fleet:
        """Return every instance of every place; a place that cannot be read is in ``unread`` and covers nothing."""
        fleet = Fleet({}, is_everything=True)
        for place in sorted(self._places):
            fleet |= replace(self._read(place, [], whole=frozenset({place})), is_everything=True)
        return fleet

    def some(self, refs: Collection[Ref]) -> Fleet:
        """Return these instances as they are now; unknown ones are missing, and places not ours are in ``unread``.

        In a storm, when one call cannot ask for all of a place's, the whole place is read: runs that follow one another
        then share the work, since the first sees what the next ones were called for.
        """
        fleet = Fleet({})
        for place in sorted({ref.place for ref in refs}):
            ids = [ref.id for ref in refs if ref.place == place]
            if place not in self._places:
                fleet |= Fleet({}, unread={place: "is not among REGIONS of this account and of ACCOUNTS"})
            elif len(ids) <= FILTER_VALUES:
                fleet |= self._read(place, _filters("instance-id", ids))
            else:
                fleet |= self._read(place, [], whole=frozenset({place}))
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
        return Fleet(found, whole)


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
