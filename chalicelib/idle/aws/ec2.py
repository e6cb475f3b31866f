"""One region as EC2 shows it: instances, their types and volumes; and what is asked of it: tags, stop, start."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.aws import reading, said_not_now
from chalicelib.errors import Refused
from chalicelib.idle.model import Instance, Kind, Volume

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef, VolumeTypeDef

PAGE = 1_000  # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
FILTER_VALUES = 200  # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
PAGE_OF_TYPES = 100  # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
THERE = ("pending", "running", "stopping", "stopped")
LENT_BY = "amazon"  # the owner of an address that goes back when the instance stops
USUAL_ZONE = re.compile(r"([a-z]{2,4}(-[a-z]+)+-\d[a-z])?")
SCARCE = re.compile(r"Insufficient\w*Capacity\w*")
GONE = "InvalidInstanceID.NotFound"


class Region:
    """Instances of one region; what reads raises TryAgain and BadSettings, what changes something Refused and TryAgain.

    ``pace_look`` is asked before each request for one instance alone, and ``pace`` before each that changes something;
    they may raise TryAgain.
    """

    def __init__(
        self,
        client: "EC2Client",
        patient: "EC2Client",
        name: str,
        pace_look: Callable[[], None],
        pace: Callable[[], None],
    ) -> None:
        self._client, self._patient, self.name = client, patient, name
        self._pace_look, self._pace = pace_look, pace

    def running(self) -> list[Instance]:
        """Return all instances that run."""
        return self._instances(_filter("instance-state-name", ["running"]))

    def some(self, ids: Collection[str]) -> list[Instance]:
        """Return those of some instances that are there and run; one that is gone is just missing."""
        found = (self._instances(_filter("instance-id", part)) for part in batched(sorted(ids), FILTER_VALUES))
        return [instance for part in found for instance in part if instance.is_running]

    def tagged(self, key: str) -> list[Instance]:
        """Return all instances with a tag, in whatever state, but for those that are gone."""
        return self._instances(_filter("tag-key", [key]), _filter("instance-state-name", THERE))

    def stopped(self, key: str, value: str) -> list[Instance]:
        """Return those that are stopped, or are about to be, and have a tag; ``value`` may have wildcards."""
        return self._instances(_filter(f"tag:{key}", [value]), _filter("instance-state-name", ["stopping", "stopped"]))

    def kinds(self, types: Collection[str]) -> dict[str, Kind]:
        """Return what instance types are; one that EC2 does not know is left out."""
        found = {}
        for part in batched(sorted(types), FILTER_VALUES):
            # By a filter, since one unknown name among InstanceTypes fails the call.
            for shown in self._pages(
                "describe_instance_types", "InstanceTypes", PAGE_OF_TYPES, _filter("instance-type", part)
            ):
                gpus = sum(each.get("Count", 0) for each in shown.get("GpuInfo", {}).get("Gpus", ()))
                found[shown["InstanceType"]] = Kind(
                    shown.get("BurstablePerformanceSupported", False),
                    gpus,
                    shown.get("InstanceStorageSupported", False),
                )
        return found

    def volumes(self, ids: Collection[str]) -> dict[str, Volume]:
        """Return the volumes that are attached to some instances."""
        found = {}
        for part in batched(sorted(ids), FILTER_VALUES):
            for shown in self._pages("describe_volumes", "Volumes", PAGE, _filter("attachment.instance-id", part)):
                found[shown["VolumeId"]] = _volume(shown)
        return found

    def is_stop_protected(self, id_: str) -> bool:
        """Say whether an instance is protected against being stopped; one that is gone is not."""
        self._pace_look()
        try:
            with reading("EC2", self.name, GONE):
                shown = self._client.describe_instance_attribute(InstanceId=id_, Attribute="disableApiStop")
        except ClientError as error:
            if error.response["Error"]["Code"] == GONE:
                return False
            raise
        return bool(shown.get("DisableApiStop", {}).get("Value", False))

    def mark(self, ids: Collection[str], key: str, value: str) -> None:
        """Give some instances a tag; all or none."""
        with self._changing():
            self._patient.create_tags(Resources=list(ids), Tags=[{"Key": key, "Value": value}])

    def unmark(self, ids: Collection[str], keys: Iterable[str]) -> None:
        """Take tags away from some instances; all or none. A tag that is not there is as it should be."""
        with self._changing():
            self._patient.delete_tags(Resources=list(ids), Tags=[{"Key": key} for key in keys])

    def stop(self, ids: Collection[str]) -> None:
        """Stop some instances; all or none: one that cannot be stopped fails the whole call."""
        with self._changing():
            self._patient.stop_instances(InstanceIds=list(ids))

    def start(self, ids: Collection[str]) -> None:
        """Start some instances; all or none."""
        with self._changing():
            self._patient.start_instances(InstanceIds=list(ids))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._pace()
        try:
            with said_not_now(f"EC2 in {self.name}"), _scarcity_refused():
                yield
        except ClientError as error:
            raise _refused(error) from error

    def _instances(self, *filters: "FilterTypeDef") -> list[Instance]:
        reservations = self._pages("describe_instances", "Reservations", PAGE, *filters)
        return [_instance(shown) for reservation in reservations for shown in reservation["Instances"]]

    def _pages(self, operation: Any, field: str, page: int, *filters: "FilterTypeDef") -> Iterator[Any]:
        paginator = self._client.get_paginator(operation)
        pages = paginator.paginate(Filters=list(filters), PaginationConfig={"PageSize": page})
        with reading("EC2", self.name):
            for shown in pages:
                yield from shown[field]


@contextmanager
def _scarcity_refused() -> Iterator[None]:
    """Refuse what EC2 has no capacity for: it says so with the status 500, and others need not wait for that.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html#troubleshooting-launch-capacity
    """
    try:
        yield
    except ClientError as error:
        if SCARCE.fullmatch(error.response["Error"]["Code"]):
            raise _refused(error) from error
        raise


def _refused(error: ClientError) -> Refused:
    return Refused(f"{error.response['Error']['Code']}: {error.response['Error'].get('Message', '')}")


def _filter(name: str, values: Iterable[str]) -> "FilterTypeDef":
    return {"Name": name, "Values": list(values)}


def _instance(shown: "InstanceTypeDef") -> Instance:
    """Read one instance of DescribeInstances."""
    interfaces = shown.get("NetworkInterfaces", ())
    mappings = shown.get("BlockDeviceMappings", ())
    attached = [each["Attachment"].get("AttachTime") for each in interfaces if "Attachment" in each]
    attached += [each["Ebs"].get("AttachTime") for each in mappings if "Ebs" in each]
    addresses = _addresses(shown)
    operator = shown.get("Operator", {})
    return Instance(
        shown["InstanceId"],
        shown["InstanceType"],
        shown["LaunchTime"],
        min([shown["LaunchTime"], *(moment for moment in attached if moment)]),
        platform=shown.get("PlatformDetails", "Linux/UNIX"),
        tags={tag["Key"]: tag["Value"] for tag in shown.get("Tags", ())},
        tenancy=shown.get("Placement", {}).get("Tenancy", "default"),
        lifecycle=shown.get("InstanceLifecycle", ""),
        operator=operator.get("Principal", "an AWS service") if operator.get("Managed") else "",
        root=shown.get("RootDeviceType", "ebs"),
        priced_apart=_priced_apart(shown),
        volumes=tuple(each["Ebs"]["VolumeId"] for each in mappings if "Ebs" in each),
        public_ipv4s=len(addresses),
        elastic_ips=sum(owner != LENT_BY for owner in addresses.values()),
        state=shown["State"]["Name"],
    )


def _priced_apart(shown: "InstanceTypeDef") -> str:
    """Return why an instance does not cost what its type does in its region; empty where it does.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-pricing-billing.html
    """
    zone = shown.get("Placement", {}).get("AvailabilityZone", "")
    if shown.get("CapacityReservationId"):
        return "in a capacity reservation, which is paid for in any case"
    if shown.get("OutpostArn"):
        return "on an Outpost"
    return "" if USUAL_ZONE.fullmatch(zone) else f"in the zone {zone}, which has prices of its own"


def _addresses(shown: "InstanceTypeDef") -> dict[str, str]:
    """Return the public IPv4 addresses of an instance, each with its owner."""
    return {
        address["Association"]["PublicIp"]: address["Association"].get("IpOwnerId", LENT_BY)
        for interface in shown.get("NetworkInterfaces", ())
        for address in interface.get("PrivateIpAddresses", ())
        if address.get("Association", {}).get("PublicIp")
    }


def _volume(shown: "VolumeTypeDef") -> Volume:
    return Volume(
        shown["VolumeId"],
        shown.get("VolumeType", "standard"),
        shown["Size"],
        iops=shown.get("Iops", 0),
        throughput=shown.get("Throughput", 0),
    )
