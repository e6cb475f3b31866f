"""Regions of the emulated cloud, which tests take one after another, and the real adapters there."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

from chalicelib.idle.aws.cloudwatch import Metrics
from chalicelib.idle.aws.ec2 import Region
from chalicelib.idle.model import Instance, Window
from localcloud.server.aws import AwsServer
from tests.snapshots.yards import once, tagged

# None in which other tests of the application have anything.
REGIONS = cycle(["eu-central-2", "eu-south-2", "il-central-1", "me-central-1", "ap-southeast-3", "af-south-1"])
IMAGE = "ami-12345678"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass
class Site:
    """One region of the emulated cloud; ``now`` is a day some weeks ahead, at two minutes past noon."""

    aws: AwsServer
    name: str = field(default_factory=lambda: next(REGIONS))

    def __post_init__(self) -> None:
        self.ec2 = self.aws.client("ec2", self.name)
        self.looks, self.paces = 0, 0
        began = self.aws.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        # No slot of five minutes ends within the time that a test takes.
        self.now = began + 81 * DAY + timedelta(hours=12, minutes=2)
        self.hosts: list[str] = []

    @property
    def today(self) -> datetime:
        """When the day began."""
        return self.now.replace(hour=0, minute=0)

    def at(self, moment: datetime) -> None:
        """Let the cloud's clock go on from a moment."""
        self.aws.clock.set(moment)

    def launch(self, count: int = 1, kind: str = "m5.large", *, ago: float = 80, **more: Any) -> list[str]:
        """Launch instances so many days ago; return their ids."""
        self.at(self.now - ago * DAY)
        started = self.ec2.run_instances(ImageId=IMAGE, InstanceType=kind, MinCount=count, MaxCount=count, **more)
        ids = [str(each["InstanceId"]) for each in started["Instances"]]
        self.hosts += ids
        self.at(self.now)
        return ids

    def one(self, kind: str = "m5.large", **more: Any) -> str:
        (id_,) = self.launch(1, kind, **more)
        return id_

    def named(self, **tags: str) -> str:
        """Launch an instance with tags."""
        return self.one(TagSpecifications=tagged("instance", tags))

    def region(self) -> Region:
        client = once(self.aws, "ec2", self.name)
        return Region(client, client, self.name, self._look, self._pace)

    def metrics(self) -> Metrics:
        return Metrics(once(self.aws, "cloudwatch", self.name), self.name)

    def window(self, days: int = 14) -> Window:
        return Window(self.now, days)

    def read(self, id_: str) -> Instance:
        """Return an instance as the adapter reads it."""
        return self.running()[id_]

    def running(self) -> dict[str, Instance]:
        return {each.id: each for each in self.region().running()}

    def shown(self, id_: str) -> dict[str, Any]:
        """Return an instance as EC2 shows it."""
        (reservation,) = self.ec2.describe_instances(InstanceIds=[id_])["Reservations"]
        return dict(reservation["Instances"][0])

    def state(self, id_: str) -> str:
        return str(self.shown(id_)["State"]["Name"])

    def tags(self, id_: str) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.shown(id_).get("Tags", ())}

    def gone(self) -> str:
        """Return the id of an instance that was, and of which EC2 knows nothing any more."""
        id_ = self.one()
        self.ec2.terminate_instances(InstanceIds=[id_])
        self.aws.forget_terminated()
        self.hosts.remove(id_)
        return id_

    def fail(self, call: str, **how: Any) -> None:
        """Let the next requests of a call fail in this region alone."""
        self.aws.faults.fail(call, region=self.name, **how)

    @contextmanager
    def counting(self, call: str) -> Iterator[list[int]]:
        """Count the requests of a call that the tests' own keys sign; other functions of the cloud may be at work."""
        before, counted = self.aws.calls.count(call, self.aws.access_key), list[int]()
        yield counted
        counted.append(self.aws.calls.count(call, self.aws.access_key) - before)

    def leave(self) -> None:
        """Take away what would cost the next tests time."""
        if self.hosts:
            self.ec2.terminate_instances(InstanceIds=self.hosts)
            self.aws.forget_terminated()

    def _look(self) -> None:
        self.looks += 1

    def _pace(self) -> None:
        self.paces += 1


def sites(aws: AwsServer) -> Iterator[Site]:
    """Yield a site, and leave neither a fault nor a clock behind."""
    offset = aws.clock.offset
    made = Site(aws)
    yield made
    aws.faults.clear()
    aws.clock.offset = offset
    made.leave()


def bucket(aws: AwsServer, region: str = "") -> str:
    """Make a bucket, in the cloud's own region unless another is named; return its name."""
    name = f"reports-{uuid.uuid4().hex}"
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region else {}
    aws.client("s3", region or None).create_bucket(Bucket=name, **where)
    return name


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
