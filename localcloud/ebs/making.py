"""What moto's snapshots do not know of themselves: of which volume, how far, and with which others they are made."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_block_store import Snapshot

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

PENDING, COMPLETED, ERROR = "pending", "completed", "error"
type Kind = Literal["createSnapshot", "createSnapshots", "copySnapshot"]


@dataclass(frozen=True)
class Origin:
    """The volume that a snapshot shows, whatever becomes of the volume."""

    id: str
    size: int


@dataclass(frozen=True)
class Place:
    """A snapshot somewhere: its account, region and id."""

    account: str
    region: str
    snapshot: str

    def find(self) -> Any:
        """Return the snapshot; None where it is gone."""
        return ec2_backends[self.account][self.region].snapshots.get(self.snapshot)


@dataclass
class Making:
    """How a snapshot is made, and what became of that."""

    kind: Kind
    together: list[Any] = field(default_factory=list)
    """All of a call, each a snapshot of one volume at the same moment."""
    copied: Place | None = None
    deleted: bool = False
    """Deleted while it was pending: it goes away when it would have been completed."""
    ended: datetime | None = None
    message: str | None = None


@contextmanager
def snapshots_in_the_making() -> Iterator[None]:
    """Give every snapshot its making; None for those that were there from the beginning, such as Amazon's."""
    with ExitStack() as stack:
        stack.enter_context(replaced(Snapshot, "making", None))
        stack.enter_context(replaced(Snapshot, "locked", None))
        yield


def find(snapshot_id: str) -> Any:
    """Return a snapshot of whatever account and region; raise `LookupError`."""
    for regions in ec2_backends.values():
        for backend in regions.values():
            if snapshot_id in backend.snapshots:
                return backend.snapshots[snapshot_id]
    raise LookupError(f"there is no snapshot {snapshot_id}")
