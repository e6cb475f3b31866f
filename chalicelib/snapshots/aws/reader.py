"""One region as EC2 shows it: volumes, instances, our snapshots, and what holds and exposes those."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.aws import reading
from chalicelib.problem import Problem
from chalicelib.snapshots import labels
from chalicelib.snapshots.copies import Destination
from chalicelib.snapshots.model import Instance, Snapshot, State, Volume, World

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef, SnapshotTypeDef, VolumeTypeDef

PAGE = 1_000  # the most that EC2 puts on one: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
THERE = ("pending", "running", "stopping", "stopped")  # states of instances that have volumes
OTHERS_OWN = ("aws:backup:source-resource", "aws:dlm:lifecycle-policy-id")
GONE = "InvalidSnapshot.NotFound"


class Reader:
    """Reads one region; each method raises TryAgain and BadSettings, and returns all pages or nothing."""

    def __init__(self, client: "EC2Client", region: str, stack: str) -> None:
        self._client, self.name, self._stack = client, region, stack

    def look(self) -> World:
        """Return volumes, instances and our snapshots."""
        ours, strangers, _ = self._snapshots()
        return World(
            self.name,
            {shown["VolumeId"]: _volume(shown) for shown in self._pages("describe_volumes", "Volumes")},
            {shown["InstanceId"]: _instance(shown) for shown in self._instances()},
            ours,
            strangers,
            self._at_work(),
        )

    def ours(self) -> tuple[tuple[Snapshot, ...], dict[str, str]]:
        """Return our snapshots, and which of them other services hold, and why."""
        ours, _, held = self._snapshots()
        return ours, held

    def destination(self) -> Destination:
        """Return what there is for those who copy to this region."""
        return Destination(self.name, self.ours()[0], self._at_work((State.PENDING,))[labels.COPIES_SHOW])

    def volumes(self) -> frozenset[str]:
        """Return the ids of all volumes."""
        return frozenset(shown["VolumeId"] for shown in self._pages("describe_volumes", "Volumes"))

    def held(self) -> dict[str, str]:
        """Return why snapshots cannot be deleted, by id: images, disabled ones too, and locks."""
        held = {}
        images = self._pages("describe_images", "Images", Owners=["self"], IncludeDisabled=True)
        for image in images:
            for mapping in image.get("BlockDeviceMappings", ()):
                if id_ := mapping.get("Ebs", {}).get("SnapshotId"):
                    held[id_] = f"the image {image['ImageId']} uses it"
        for locked in self._locked():
            if locked.get("LockState") != "expired":
                held[locked["SnapshotId"]] = f"it is locked ({locked.get('LockState', 'locked')})"
        return held

    def public(self) -> frozenset[str]:
        """Return the ids of our own snapshots that everybody may read."""
        found = self._pages("describe_snapshots", "Snapshots", OwnerIds=["self"], RestorableByUserIds=["all"])
        return frozenset(shown["SnapshotId"] for shown in found)

    def shared_with(self, id_: str) -> frozenset[str]:
        """Return the accounts that a snapshot was given to; none where it is gone."""
        try:
            with reading("EC2", self.name, GONE):
                shown = self._client.describe_snapshot_attribute(SnapshotId=id_, Attribute="createVolumePermission")
        except ClientError as error:
            if error.response["Error"]["Code"] == GONE:
                return frozenset()
            raise
        return frozenset(given["UserId"] for given in shown["CreateVolumePermissions"] if "UserId" in given)

    def blocking(self) -> str:
        """Return how far the region blocks public sharing of snapshots."""
        with reading("EC2", self.name):
            return str(self._client.get_snapshot_block_public_access_state()["State"])

    def _snapshots(self) -> tuple[tuple[Snapshot, ...], tuple[Problem, ...], dict[str, str]]:
        ours, strangers, held = [], [], {}
        # By their descriptions, which stay as they are; who strips tags must not make us take all slots for empty.
        for shown in self.listed([{"Name": "description", "Values": [f"{labels.begin(self._stack)}*"]}]):
            found = read_snapshot(shown, self._stack)
            if isinstance(found, Problem):
                strangers.append(found)
            else:
                ours.append(found)
                if why := _why_held(shown):
                    held[found.id] = why
        return tuple(ours), tuple(strangers), held

    def strangers(self) -> list[Problem]:
        """Return the snapshots that carry our tag and are not ours."""
        tagged = self.listed([{"Name": f"tag:{labels.STACK}", "Values": [self._stack]}])
        return [found for shown in tagged if isinstance(found := read_snapshot(shown, self._stack), Problem)]

    def listed(self, filters: "list[FilterTypeDef]") -> "Iterator[SnapshotTypeDef]":
        """Yield own snapshots by filters."""
        return self._pages("describe_snapshots", "Snapshots", OwnerIds=["self"], Filters=filters)

    def _at_work(self, states: Collection[str] = (State.PENDING, State.ERROR)) -> Counter[str]:
        """Count the snapshots in some states by volume, whoever has made them."""
        found = self.listed([{"Name": "status", "Values": list(states)}])
        return Counter(shown["VolumeId"] for shown in found)

    def _instances(self) -> "Iterator[InstanceTypeDef]":
        there = [{"Name": "instance-state-name", "Values": list(THERE)}]
        for reservation in self._pages("describe_instances", "Reservations", Filters=there):
            yield from reservation["Instances"]

    def _locked(self) -> Iterator[Any]:
        """Yield locked snapshots; botocore has no paginator for them."""
        token: dict[str, Any] = {}
        while True:
            with reading("EC2", self.name):
                page = self._client.describe_locked_snapshots(MaxResults=PAGE, **token)
            yield from page["Snapshots"]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _pages(self, operation: Any, field: str, **arguments: Any) -> Iterator[Any]:
        pages = self._client.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": PAGE})
        with reading("EC2", self.name):
            for page in pages:
                yield from page[field]


def _why_held(shown: "SnapshotTypeDef") -> str:
    keys = {tag["Key"] for tag in shown.get("Tags", ())}
    if labels.HOLD in keys:
        return f"somebody holds it, by the tag {labels.HOLD}"
    if shown.get("StorageTier") == "archive":
        return "it is archived, and is billed for 90 days in any case"
    return next((f"another service holds it, by the tag {key}" for key in OTHERS_OWN if key in keys), "")


def read_snapshot(shown: "SnapshotTypeDef", stack: str) -> Snapshot | Problem:
    """Return one of our snapshots as DescribeSnapshots shows it, or why it is not ours."""
    tags = _tags(shown.get("Tags", ()))
    label = labels.read(tags, shown.get("Description", ""), shown["VolumeId"], stack)
    if isinstance(label, str):
        return Problem(shown["SnapshotId"], f"it has tags like ours and is left alone: {label}")
    return Snapshot(
        shown["SnapshotId"],
        label.volume or shown["VolumeId"],
        shown["State"],
        shown["StartTime"],
        label,
        size=shown.get("VolumeSize", 1),
        is_encrypted=shown.get("Encrypted", False),
        progress=shown.get("Progress", ""),
        message=shown.get("StateMessage", ""),
        is_archived=shown.get("StorageTier") == "archive",
    )


def _volume(shown: "VolumeTypeDef") -> Volume:
    attached = (each["InstanceId"] for each in shown.get("Attachments", ()) if each.get("State") != "detached")
    return Volume(
        shown["VolumeId"],
        shown.get("VolumeType", "standard"),
        shown["State"],
        shown["CreateTime"],
        size=shown["Size"],
        zone=shown["AvailabilityZone"],
        is_encrypted=shown.get("Encrypted", False),
        tags=_tags(shown.get("Tags", ())),
        instances=tuple(sorted(attached)),
        iops=shown.get("Iops", 0),
        throughput=shown.get("Throughput", 0),
    )


def _instance(shown: "InstanceTypeDef") -> Instance:
    devices = {each["Ebs"]["VolumeId"]: each["DeviceName"] for each in shown.get("BlockDeviceMappings", ())}
    root = shown.get("RootDeviceName", "")
    return Instance(
        shown["InstanceId"],
        shown["State"]["Name"],
        devices,
        root_volume=next((volume for volume, device in devices.items() if device == root), ""),
        tags=_tags(shown.get("Tags", ())),
        product_codes=tuple(each["ProductCodeId"] for each in shown.get("ProductCodes", ())),
    )


def _tags(shown: Iterable[Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in shown}
