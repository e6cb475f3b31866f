"""A deployed stack and volumes that ask for snapshots: some of instances, some loose; all by tags."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.ec2_throttle import BURST, RATE, THROTTLED, Ec2Throttle
from benchmarks.stage import Stage
from chalicelib.wiring import for_snapshots

IMAGE = "ami-12c6146b"
ZONE = "us-east-1a"
PAGE = 1_000
TAG, POLICY = "Snapshot", "daily"  # a policy that comes with the application
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)  # nine hours after the policy's slot
SLOT_TAG = "groundskeeper:slots"
LONGEST = 400.0  # seconds of an invocation, and some


@dataclass(frozen=True)
class Shape:
    """So many volumes: four of ten are the roots of instances, one of twenty is loose, the rest are instances' data."""

    volumes: int

    @property
    def instances(self) -> int:
        """Return how many instances there are; each has its root, and one or two further volumes."""
        return self.volumes * 2 // 5

    @property
    def loose(self) -> int:
        """Return how many volumes are attached to nothing."""
        return self.volumes // 20

    @property
    def larger(self) -> int:
        """Return how many instances have two further volumes."""
        return self.volumes - 2 * self.instances - self.loose

    @property
    def creates(self) -> int:
        """Return the least calls that snapshot all, those of each instance at one instant."""
        return self.instances + self.loose

    @property
    def pages(self) -> int:
        """Return the least calls that list all volumes, all instances, and snapshots where there are none yet."""
        return -(-self.volumes // PAGE) + -(-self.instances // PAGE) + 1

    @property
    def seconds(self) -> float:
        """Return the least seconds that EC2's throttle leaves, from a full bucket on."""
        return max(0, self.instances - BURST) / RATE

    @property
    def paced(self) -> float:
        """Return the seconds that our own pace takes."""
        return (self.creates - for_snapshots.BURST) / for_snapshots.CHANGES


@dataclass
class Ground:
    """A stage with volumes, a day old, at noon."""

    there: Stage
    shape: Shape
    throttle: Ec2Throttle = field(default_factory=Ec2Throttle)

    def __post_init__(self) -> None:
        self.there.cloud.aws.faults = self.throttle
        self.there.cloud.set_clock(NOON - timedelta(days=1))
        self._launch(self.shape.larger, 2)
        self._launch(self.shape.instances - self.shape.larger, 1)
        for _ in range(self.shape.loose):
            tagged = [{"ResourceType": "volume", "Tags": [{"Key": TAG, "Value": POLICY}]}]
            self.ec2.create_volume(Size=10, AvailabilityZone=ZONE, VolumeType="gp3", TagSpecifications=tagged)
        if (made := sum(1 for _ in self._listed("describe_volumes", "Volumes"))) != self.shape.volumes:
            raise AssertionError(f"{made} volumes instead of {self.shape.volumes}")
        self.there.cloud.set_clock(NOON)

    @property
    def ec2(self) -> Any:
        """Return a client of which nothing is counted."""
        return self.there.cloud.aws.client("ec2", internal=True)

    def sweep(self) -> str:
        """Invoke the function that makes snapshots, under its own role; return its error, if any."""
        return self.there.invoke("sweep-snapshots", LONGEST)

    def calls(self) -> Counter[str]:
        """Return how often each action was called since the count was begun anew."""
        found: Counter[str] = Counter()
        for call, number in self.there.cloud.aws.calls.snapshot().items():
            found[call.action] += number
        return found

    def made(self, key: str) -> Counter[tuple[str, str]]:
        """Count the snapshots that have a tag by their volumes and the tag's words."""
        found: Counter[tuple[str, str]] = Counter()
        for shown in self._listed("describe_snapshots", "Snapshots", OwnerIds=["self"]):
            tags = {tag["Key"]: tag["Value"] for tag in shown.get("Tags", ())}
            found.update((shown["VolumeId"], word) for word in tags.get(key, "").split())
        return found

    def _listed(self, operation: str, name: str, **arguments: Any) -> Iterator[Any]:
        for page in self.ec2.get_paginator(operation).paginate(**arguments):
            yield from page[name]

    def _launch(self, instances: int, further: int) -> None:
        """Launch instances, each with its root, which the emulator gives it, and further volumes."""
        if not instances:
            return
        devices = [{"DeviceName": f"/dev/sd{letter}", "Ebs": {"VolumeSize": 10}} for letter in "fg"[:further]]
        self.ec2.run_instances(
            ImageId=IMAGE,
            MinCount=instances,
            MaxCount=instances,
            Placement={"AvailabilityZone": ZONE},
            BlockDeviceMappings=devices,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": TAG, "Value": POLICY}]}],
        )


def creates(calls: Counter[str]) -> int:
    """Return how many calls asked for snapshots."""
    return sum(calls[call] for call in THROTTLED)


def of_ec2(calls: Counter[str]) -> int:
    """Return how many calls EC2 got."""
    return sum(number for call, number in calls.items() if call.startswith("ec2:"))
