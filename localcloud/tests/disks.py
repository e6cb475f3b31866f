"""Parts that tests of EBS share: volumes, instances with volumes, snapshots and what is told of them."""

from datetime import timedelta
from typing import Any

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json
from localcloud.tests.clouds import eventually

ZONE = "us-east-1a"


def volume(aws: AwsServer, **more: Any) -> str:
    """Make a volume; return its id."""
    return str(aws.client("ec2").create_volume(**{"Size": 8, "AvailabilityZone": ZONE, **more})["VolumeId"])


def instance(aws: AwsServer, data_volumes: int = 0, **more: Any) -> tuple[str, list[str]]:
    """Start an instance; return its id and its volumes, the root volume first."""
    ec2 = aws.client("ec2")
    made = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, **more)["Instances"][0]
    volumes = [made["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]]
    for number in range(data_volumes):
        volumes.append(volume(aws))
        ec2.attach_volume(VolumeId=volumes[-1], InstanceId=made["InstanceId"], Device=f"/dev/sd{'fghijklm'[number]}")
    return made["InstanceId"], volumes


def snapshot(aws: AwsServer, volume_id: str | None = None, **more: Any) -> str:
    """Make a snapshot, of a new volume unless one is given; return its id."""
    return str(aws.client("ec2").create_snapshot(VolumeId=volume_id or volume(aws), **more)["SnapshotId"])


def shown(aws: AwsServer, snapshot_id: str, region: str | None = None) -> Json:
    """Return a snapshot as it is listed."""
    return dict(aws.client("ec2", region).describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"][0])


def completed(aws: AwsServer, snapshot_id: str, region: str | None = None) -> str:
    """Wait until a snapshot is completed; return its id."""
    eventually(lambda: shown(aws, snapshot_id, region)["State"] == "completed")
    return snapshot_id


def own(aws: AwsServer, region: str | None = None, **asked: Any) -> list[str]:
    """Return the ids of the account's snapshots."""
    pages = aws.client("ec2", region).get_paginator("describe_snapshots").paginate(**{"OwnerIds": ["self"], **asked})
    return [each["SnapshotId"] for page in pages for each in page["Snapshots"]]


def tagged(kind: str = "snapshot", **tags: str) -> list[Json]:
    """Return tags as a request brings them."""
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def tags(thing: Json) -> dict[str, str]:
    """Return the tags of anything that EC2 shows."""
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}


def later(aws: AwsServer, seconds: float = 15) -> None:
    """Let the cloud's clock run ahead."""
    aws.clock.offset += timedelta(seconds=seconds)
