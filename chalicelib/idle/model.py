"""The nouns of idle instances that are seen: instances and volumes as EC2 shows them, and days as CloudWatch does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property

OWN_PREFIX = "groundskeeper:"
WISH = "groundskeeper:idle"  # people say here what is to become of an instance that is idle
FLAG = "groundskeeper:idle-flag"
NOTICED = "groundskeeper:idle-noticed"
RUNNING_HOURS = "groundskeeper:running-hours"  # people say here when an instance is to run
HOURS_MARK = "groundskeeper:hours-state"
# The hypervisor takes a sample each minute; of five-minute datapoints each counts five, on Xen as on Nitro:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ec2-metricscollected.html
SAMPLES_A_DAY = 1_440


MOST_AT_ONCE = 50  # instances in a call that changes some: more make a refusal dearer than the calls that they save


class Verdict(StrEnum):
    """What is said of a running instance."""

    ACTIVE = "active"
    IDLE = "idle"
    INSUFFICIENT_DATA = "insufficient-data"
    TOO_YOUNG = "too-young"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class Kind:
    """What an instance type is, as EC2 says it."""

    is_burstable: bool = False
    gpus: int = 0
    has_instance_store: bool = False
    """Whether disks of its host are a part of it, whose data a stop erases."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance; ``since`` is when it was made as far as EC2 shows: each start moves ``launched``."""

    id: str
    type: str
    launched: datetime
    since: datetime
    platform: str = "Linux/UNIX"
    tags: Mapping[str, str] = field(default_factory=dict)
    tenancy: str = "default"
    lifecycle: str = ""
    """``spot``, or ``scheduled``, or ``capacity-block``; empty for one on demand."""
    operator: str = ""
    """Of one that an AWS service operates, the service; empty for others."""
    root: str = "ebs"
    """``ebs`` or ``instance-store``."""
    priced_apart: str = ""
    """Why it does not cost what its type does; empty where it does."""
    volumes: tuple[str, ...] = ()
    public_ipv4s: int = 0
    """Public IPv4 addresses, those lent by AWS and Elastic IP addresses."""
    elastic_ips: int = 0
    state: str = "running"

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self.state == "running"

    @property
    def name(self) -> str:
        """Return what people call it; empty where they do not."""
        return self.tags.get("Name", "")


@dataclass(frozen=True, slots=True)
class Volume:
    """An EBS volume; ``size`` is in GiB, ``throughput`` in MiB a second, of gp3 alone."""

    id: str
    type: str
    size: int
    iops: int = 0
    throughput: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """What CloudWatch has of one instance on one day, in UTC; ``None`` where it has nothing, which is not zero.

    ``cpu`` is in percent, by the statistic of the preset. ``samples`` count one a minute. ``network`` is in bytes, in
    and out together.
    """

    day: date
    cpu: float | None = None
    samples: float = 0.0
    network: float | None = None


type Usage = tuple[Day, ...]
"""The days of one instance, the oldest first, today as the last one as far as it has gone."""


@dataclass(frozen=True)
class Window:
    """The whole days, in UTC, that are looked at, and today as far as it has gone."""

    now: datetime
    days: int

    @cached_property
    def today(self) -> date:
        """Return the day that is not over."""
        return self.now.astimezone(UTC).date()

    @cached_property
    def first(self) -> date:
        """Return the first whole day."""
        return self.today - timedelta(days=self.days)

    @cached_property
    def start(self) -> datetime:
        """Return when the first whole day began."""
        return midnight(self.first)

    @cached_property
    def end(self) -> datetime:
        """Return when the last whole day was over."""
        return midnight(self.today)


def midnight(day: date) -> datetime:
    """Return when a day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
