"""Regions of the emulated EC2 that tests take one after another, and the real adapters there."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import cycle
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.snapshots.aws.reader import Reader
from chalicelib.snapshots.aws.writer import Region
from chalicelib.snapshots.changes import Create
from chalicelib.snapshots.model import World
from chalicelib.snapshots.plan import plan
from chalicelib.wiring.for_snapshots import ONCE
from localcloud.server.aws import AwsServer
from tests.snapshots.worlds import DAILY, defined

# None in which other tests of the application have stacks at work.
REGIONS = cycle(["eu-south-1", "eu-west-3", "ap-south-1", "ap-northeast-2", "ca-central-1", "sa-east-1", "me-south-1"])
COPIES, CROWDED = "ap-southeast-2", "ap-south-2"
IMAGE = "ami-12c6146b"
PATIENT = Config(retries={"total_max_attempts": 1}, proxies={}, connect_timeout=5, read_timeout=10)


def once(aws: AwsServer, service: str, region: str, config: Config = PATIENT) -> Any:
    """Return a client that never tries again."""
    return _client(aws.endpoint, aws.access_key, aws.secret_key, service, region, config)


@cache
def _client(endpoint: str, key: str, secret: str, service: str, region: str, config: Config) -> Any:
    made: Any = boto3.client
    return made(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=config,
    )


@dataclass
class Yard:
    """A region with the volumes, instances and snapshots of one stack, which are selected by a tag of its own."""

    aws: AwsServer
    region: str = field(default_factory=lambda: next(REGIONS))
    stack: str = field(default_factory=lambda: f"yard-{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.tag = f"Snapshot of {self.stack}"
        self.ec2 = self.aws.client("ec2", self.region)
        self.zone = f"{self.region}a"
        self.hosts: list[str] = []
        self.disks: list[str] = []

    def adapter(self, region: str = "") -> Region:
        where = region or self.region
        client = once(self.aws, "ec2", where)
        return Region(client, once(self.aws, "ec2", where, ONCE), client, where, self.stack)

    def reader(self) -> Reader:
        return Reader(once(self.aws, "ec2", self.region), self.region, self.stack)

    def volume(self, policy: str = "", tags: dict[str, str] | None = None, **more: Any) -> str:
        given = {**(tags or {}), **({self.tag: policy} if policy else {})}
        specified = {"TagSpecifications": tagged("volume", given)} if given else {}
        made = self.ec2.create_volume(
            **{"Size": 4, "AvailabilityZone": self.zone, "VolumeType": "gp3", **specified, **more}
        )
        self.disks.append(str(made["VolumeId"]))
        return self.disks[-1]

    def instance(self, data: int = 0, policy: str = "", tags: dict[str, str] | None = None) -> tuple[str, list[str]]:
        """Start an instance; return its id and its volumes, the root volume first."""
        given = {"Name": "a host", **(tags or {}), **({self.tag: policy} if policy else {})}
        started = self.ec2.run_instances(
            ImageId=IMAGE,
            MinCount=1,
            MaxCount=1,
            Placement={"AvailabilityZone": self.zone},
            TagSpecifications=tagged("instance", given),
        )["Instances"][0]
        id_ = str(started["InstanceId"])
        self.hosts.append(id_)
        (root,) = self.ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [id_]}])["Volumes"]
        volumes = [str(root["VolumeId"])]
        for number in range(data):
            volumes.append(self.volume())
            self.attach(volumes[-1], id_, f"/dev/sd{'fghijklm'[number]}")
        return id_, volumes

    def attach(self, volume: str, instance: str, device: str = "/dev/sdx") -> None:
        self.ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device=device)

    def world(self) -> World:
        return self.adapter().look()

    def creates(self, text: str = DAILY, now: datetime | None = None) -> tuple[Create, ...]:
        """Return what is to be asked for, at once even for volumes that were made a moment ago."""
        return plan(self.world(), defined(text), self.tag, now or self.tomorrow(), {}).creates

    def create(self, text: str = DAILY) -> Create:
        (made,) = self.creates(text)
        return made

    def tomorrow(self) -> datetime:
        """Return a time at which volumes that were made now have had a slot of each day."""
        return self.aws.clock.now() + timedelta(days=2)

    def snapshots(self, region: str = "") -> list[dict[str, Any]]:
        """Return what EC2 shows of the stack."""
        wanted = [{"Name": "tag:groundskeeper:stack", "Values": [self.stack]}]
        client = self.aws.client("ec2", region or self.region)
        pages = client.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], Filters=wanted)
        return [shown for page in pages for shown in page["Snapshots"]]

    def per_slot(self) -> dict[tuple[str, str], int]:
        """Count the snapshots of each slot of each volume."""
        slots = [
            (shown["VolumeId"], slot)
            for shown in self.snapshots()
            for slot in tags(shown)["groundskeeper:slots"].split()
        ]
        return {each: slots.count(each) for each in slots}

    def by_hand(self, volume: str, description: str = "", **said: str) -> str:
        """Make a snapshot as somebody else might."""
        specified = {"TagSpecifications": tagged("snapshot", said)} if said else {}
        made = self.ec2.create_snapshot(VolumeId=volume, Description=description, **specified)
        return str(made["SnapshotId"])

    def leave(self) -> None:
        """Take away what would cost the next tests time."""
        if self.hosts:
            self.ec2.terminate_instances(InstanceIds=self.hosts)
            self.aws.forget_terminated()
        for disk in self.disks:
            with suppress(ClientError):
                self.ec2.delete_volume(VolumeId=disk)

    def fail(self, call: str, *, region: str = "", **how: Any) -> None:
        """Let the next requests of a call fail in the yard's region alone: functions of other tests are at work."""
        self.aws.faults.fail(call, region=region or self.region, **how)

    def complete(self, *ids: str) -> None:
        for id_ in ids:
            self.aws.ebs.complete(id_)

    def complete_all(self) -> None:
        self.complete(*(shown["SnapshotId"] for shown in self.snapshots() if shown["State"] == "pending"))


def tagged(kind: str, given: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in given.items()]}]


def tags(shown: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in shown.get("Tags", [])}


def standing_still(aws: AwsServer) -> Iterator[None]:
    """Let snapshots be pending until they are told to be completed, and leave no fault or clock behind."""
    seconds, aws.ebs.seconds = aws.ebs.seconds, None
    offset = aws.clock.offset
    yield
    aws.faults.clear()
    for id_ in [id_ for ids in (*aws.ebs.copies.values(), *aws.ebs.unfinished.values()) for id_ in ids]:
        aws.ebs.complete(id_)  # else they would count against the limits of the next test
    aws.ebs.seconds, aws.clock.offset = seconds, offset
