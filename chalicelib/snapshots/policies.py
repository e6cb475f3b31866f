"""Policies: which slots there are, how long what fills them is kept, and what else is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.snapshots.slots import Schedule, SlotKind

NONE = "none"  # what a tag says for no policy
DEFAULT_GRACE = timedelta(hours=6)


@dataclass(frozen=True)
class Keep:
    """How long the snapshots of one kind of slot are kept: the newest ``count``, and those of the last ``days``."""

    count: int = 0
    days: int = 0

    def __str__(self) -> str:
        newest = f"the newest {self.count}" if self.count > 1 else "the newest one"
        said = [newest] if self.count else []
        return " and ".join([*said, f"those of the last {self.days} days"] if self.days else said)


@dataclass(frozen=True)
class Copy:
    """Which snapshots are copied to another region, and how long they are kept there."""

    region: str
    keep: Mapping[SlotKind, Keep]
    kms_key: str = ""


@dataclass(frozen=True)
class Hooks:
    """Shell commands that make an instance's data consistent before, and let it go on after, and within how long."""

    freeze: str
    thaw: str
    seconds: int


@dataclass(frozen=True)
class Policy:
    """What one name in a tag stands for."""

    name: str
    schedules: tuple[Schedule, ...]
    keep: Mapping[SlotKind, Keep]
    takes_roots: bool = True
    tags: tuple[str, ...] = ()
    """Keys of tags that are copied from the volume, or from its instance where the volume has none."""
    needs_encryption: bool = False
    shared_with: frozenset[str] = frozenset()
    """Accounts that may have been given its snapshots."""
    grace: timedelta = DEFAULT_GRACE
    """How long after a slot its snapshot may be completed before somebody should look."""
    gone_days: int = 0
    """How long the snapshots of a volume outlive it, but the newest; 0: as long as their rules keep them."""
    copy: Copy | None = None
    hooks: Hooks | None = None


type Policies = Mapping[str, Policy]


def copy_regions(policies: Policies) -> list[str]:
    """Return the regions that policies copy to."""
    return list(dict.fromkeys(policy.copy.region for policy in policies.values() if policy.copy))
