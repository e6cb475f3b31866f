"""The nouns of snapshots that are seen: volumes, instances and snapshots as EC2 shows them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.problem import Problem
from chalicelib.snapshots.labels import Label


class State(StrEnum):
    """What EC2 says of snapshots (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html)."""

    PENDING = "pending"
    COMPLETED = "completed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Volume:
    """An EBS volume; ``size`` is in GiB, ``instances`` are those that it is attached to, in order."""

    id: str
    type: str
    state: str
    created: datetime
    size: int = 1
    zone: str = ""
    is_encrypted: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    instances: tuple[str, ...] = ()
    iops: int = 0
    throughput: int = 0
    """MiB a second; of gp3 alone."""

    @property
    def name(self) -> str:
        """Return what people call it; empty where they do not."""
        return self.tags.get("Name", "")

    @property
    def can_be_snapshotted(self) -> bool:
        """Whether EC2 makes snapshots of it in its state."""
        return self.state in ("available", "in-use")

    @property
    def most_pending(self) -> int:
        """Return how many snapshots of it may be at work at once.

        https://docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-snapshot.html
        """
        return 1 if self.type in ("st1", "sc1") else 5


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance that is not terminated; ``devices`` names by volume where each is attached, the root one too."""

    id: str
    state: str
    devices: Mapping[str, str]
    root_volume: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    product_codes: tuple[str, ...] = ()
    """Of AWS Marketplace: they pass on to what is made of its volumes."""

    @property
    def name(self) -> str:
        """Return what people call it; empty where they do not."""
        return self.tags.get("Name", "")

    @property
    def volumes(self) -> tuple[str, ...]:
        """Return the ids of all volumes that are attached."""
        return tuple(self.devices)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One of our snapshots; ``volume`` is the one that it is of, also of a copy, of which EC2 shows another."""

    id: str
    volume: str
    state: str
    started: datetime
    label: Label
    size: int = 1
    is_encrypted: bool = False
    progress: str = ""
    message: str = ""
    is_archived: bool = False

    @property
    def is_completed(self) -> bool:
        """Whether it holds all of the volume."""
        return self.state == State.COMPLETED

    @property
    def is_at_hand(self) -> bool:
        """Whether a volume can be made of it now: what is archived must be restored first, which takes days."""
        return self.is_completed and not self.is_archived

    @property
    def is_pending(self) -> bool:
        """Whether it is still being made."""
        return self.state == State.PENDING

    @property
    def is_failed(self) -> bool:
        """Whether nothing can be made of it."""
        return self.state == State.ERROR

    @property
    def fills_its_slots(self) -> bool:
        """Whether no other one is to be made for them."""
        return not self.is_failed

    @property
    def taken(self) -> datetime:
        """Return the instant whose data it holds: a copy's is its source's."""
        return self.label.taken or self.started


def by_volume(snapshots: Iterable[Snapshot]) -> defaultdict[str, list[Snapshot]]:
    """Return snapshots by the volumes that they are of, in their order; none for any other volume."""
    found: defaultdict[str, list[Snapshot]] = defaultdict(list)
    for each in snapshots:
        found[each.volume].append(each)
    return found


def newest(snapshots: Iterable[Snapshot]) -> Snapshot | None:
    """Return the newest of some snapshots that a volume could be made of now."""
    return max((each for each in snapshots if each.is_at_hand), key=lambda each: (each.taken, each.id), default=None)


@dataclass(frozen=True)
class World:
    """What was seen of one region: volumes and instances by their ids, and our snapshots.

    ``strangers`` carry the stack's tag and are not ours. ``at_work`` counts, by volume, the snapshots of anybody that
    are pending or failed: both count against AWS's limit.
    """

    region: str
    volumes: Mapping[str, Volume]
    instances: Mapping[str, Instance]
    snapshots: tuple[Snapshot, ...] = ()
    strangers: tuple[Problem, ...] = ()
    at_work: Mapping[str, int] = field(default_factory=dict)

    @property
    def originals(self) -> tuple[Snapshot, ...]:
        """Return our snapshots that were made here, and not copied from another region."""
        return tuple(each for each in self.snapshots if not each.label.is_copy)
