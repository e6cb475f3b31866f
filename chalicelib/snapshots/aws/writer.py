"""What is asked of EC2 in one region: to make, copy, tag and delete snapshots."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.aws import said_not_now
from chalicelib.errors import Refused
from chalicelib.snapshots.aws.answers import asking_once
from chalicelib.snapshots.aws.reader import GONE, Reader
from chalicelib.snapshots.changes import Create
from chalicelib.snapshots.copies import CopyTo
from chalicelib.snapshots.labels import Label
from chalicelib.snapshots.model import State

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


class Region(Reader):
    """A region that snapshots are made in; ``once`` is a client that never repeats a request by itself."""

    def __init__(self, client: "EC2Client", once: "EC2Client", patient: "EC2Client", region: str, stack: str) -> None:
        super().__init__(client, region, stack)
        self._once, self._patient = once, patient

    def create(self, create: Create, label: Label) -> dict[str, str]:
        """Make snapshots by one call, and return them by their volumes.

        Raises:
            Refused, TryAgain (EC2 throttles): nothing was made.
            Unclear: perhaps they were made.
        """
        tags = self._tagged(label, create.common_tags())
        description = label.description(self._stack)
        with asking_once(self.name):
            if not create.is_set:
                volume = create.volumes[0].id
                one = self._once.create_snapshot(VolumeId=volume, Description=description, TagSpecifications=tags)
                return {volume: one["SnapshotId"]}
            made = self._once.create_snapshots(
                InstanceSpecification=_specification(create), Description=description, TagSpecifications=tags
            )
            return {each["VolumeId"]: each["SnapshotId"] for each in made["Snapshots"]}

    def made(self, create: Create) -> dict[str, str]:
        """Return the snapshots of what was asked for, by volume, as far as EC2 shows them."""
        found = self.listed(
            [
                {"Name": "description", "Values": [create.label(frozen=False).description(self._stack)]},
                {"Name": "volume-id", "Values": [volume.id for volume in create.volumes]},
            ]
        )
        return {shown["VolumeId"]: shown["SnapshotId"] for shown in found if str(shown["State"]) != State.ERROR}

    def copy(self, copy: CopyTo) -> None:
        """Begin to copy a snapshot into this region; raise as ``create`` does.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html: it is asked of the destination.
        """
        encrypted: dict[str, Any] = {"Encrypted": True} if copy.source.is_encrypted else {}
        if copy.kms_key:
            encrypted = {"Encrypted": True, "KmsKeyId": copy.kms_key}
        with asking_once(self.name):
            self._once.copy_snapshot(
                SourceRegion=copy.origin,
                SourceSnapshotId=copy.source.id,
                Description=copy.label.description(self._stack),
                TagSpecifications=self._tagged(copy.label),
                **encrypted,
            )

    def has_copy(self, copy: CopyTo) -> bool:
        """Say whether EC2 shows a copy."""
        found = self.listed([{"Name": "description", "Values": [copy.label.description(self._stack)]}])
        return any(str(shown["State"]) != State.ERROR for shown in found)

    def tag(self, ids: Collection[str], tags: Mapping[str, str]) -> None:
        """Add tags to snapshots; raise Refused, TryAgain."""
        try:
            with said_not_now(f"EC2 in {self.name}"):
                self._patient.create_tags(Resources=list(ids), Tags=_as_list(tags))
        except ClientError as error:
            raise Refused(str(error)) from error

    def delete(self, id_: str) -> None:
        """Delete a snapshot; raise Refused where something holds it, TryAgain. One that is gone is as it should be."""
        try:
            with said_not_now(f"EC2 in {self.name}"):
                self._patient.delete_snapshot(SnapshotId=id_)
        except ClientError as error:
            if error.response["Error"]["Code"] != GONE:
                raise Refused(str(error)) from error

    def _tagged(self, label: Label, more: Mapping[str, str] | None = None) -> Any:
        tags = {**(more or {}), **label.tags(self._stack)}
        return [{"ResourceType": "snapshot", "Tags": _as_list(tags)}]


def _specification(create: Create) -> Any:
    assert create.instance  # noqa: S101  a set is of an instance's volumes
    excluded = {"ExcludeDataVolumeIds": list(create.excluded)} if create.excluded else {}
    return {"InstanceId": create.instance.id, "ExcludeBootVolume": not create.takes_root, **excluded}


def _as_list(tags: Mapping[str, str]) -> Any:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
