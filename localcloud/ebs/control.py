"""The hand on EBS's inner works: how long snapshots are pending, which fail, which volumes are in an odd state."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends

from localcloud.ebs import making
from localcloud.ebs.events import announce, announce_set
from localcloud.ebs.making import COMPLETED, ERROR, PENDING, Kind, Making, Place
from localcloud.ebs.timer import Timer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from localcloud.ebs.clock import Now
    from localcloud.events.bus import Emit
    from localcloud.ground.gate import Gate

SOURCE_GONE = "Source snapshot ID is not valid"


class Ebs:
    """Make snapshots in the background; `seconds` is how long each is pending, None until it is told.

    Safe for threads. A change of `seconds` concerns the snapshots that are made from then on.
    """

    def __init__(self, gate: Gate, emit: Emit, now: Now) -> None:
        self.seconds: float | None = 0.2
        self.now = now
        self.product_codes: dict[str, list[str]] = {}
        self.volume_states: dict[str, str] = {}
        self.public_access: dict[tuple[str, str], str] = {}
        self.last_made: dict[str, datetime] = {}
        self.unfinished: defaultdict[str, set[str]] = defaultdict(set)
        """Which snapshots of a volume count against its limit: those that are pending, and those in error."""
        self.copies: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        """Which copies to an account and region are pending."""
        self._gate, self._emit = gate, emit
        self._timer: Timer | None = None

    def start(self) -> None:
        """Forget all, and start to make snapshots."""
        for memory in (self.product_codes, self.volume_states, self.public_access, self.last_made):
            memory.clear()
        self.unfinished.clear()
        self.copies.clear()
        self._timer = Timer()

    def stop(self) -> None:
        """Make no more."""
        if self._timer:
            self._timer.close()
        self._timer = None

    def complete(self, snapshot_id: str) -> None:
        """Complete a pending snapshot now; raise `LookupError` where there is none of that id."""
        with self._gate:
            self._end(making.find(snapshot_id))

    def fail(self, snapshot_id: str, message: str = "Internal error") -> None:
        """Let a pending snapshot fail, and with it all others of its call; raise `LookupError` or `ValueError`.

        https://docs.aws.amazon.com/ebs/latest/userguide/ebs-create-snapshot.html
        """
        with self._gate:
            snapshot = making.find(snapshot_id)
            if snapshot.status != PENDING:
                raise ValueError(f"{snapshot_id} is {snapshot.status}, not {PENDING}")
            self._end(snapshot, message)

    def set_product_codes(self, instance_id: str, codes: Iterable[str]) -> None:
        """Give an instance codes of products of the Marketplace, as if its volumes came with them."""
        with self._gate:
            self.product_codes[instance_id] = list(codes)

    def set_volume_state(self, volume_id: str, state: str | None) -> None:
        """Show a volume in a state such as `creating` or `error`; None for the state that it is in."""
        with self._gate:
            self.volume_states.pop(volume_id, None)
            if state:
                self.volume_states[volume_id] = state

    def tag_as_aws(self, resource_id: str, tags: dict[str, str]) -> None:
        """Tag a snapshot, volume or image as only AWS's own services may; raise `LookupError`.

        Such a tag is `aws:backup:source-resource`.
        """
        with self._gate:
            for backend in (backend for regions in ec2_backends.values() for backend in regions.values()):
                if any(resource_id in kind for kind in (backend.snapshots, backend.volumes, backend.amis)):
                    backend.create_tags([resource_id], tags)
                    return
        raise LookupError(f"there is no {resource_id}")

    def begin(self, snapshots: list[Any], kind: Kind, copied: Place | None = None) -> None:
        """Make snapshots pending, to be completed in time."""
        for snapshot in snapshots:
            snapshot.status = PENDING
            snapshot.making = Making(kind, snapshots, copied)
            self._counted(snapshot).add(snapshot.id)
            if self.seconds is not None and self._timer:
                self._timer.after(self.seconds, lambda each=snapshot: self._end_in_time(each))  # type: ignore[misc]

    def forget(self, snapshot: Any) -> None:
        """Forget a snapshot and its tags."""
        backend = snapshot.ec2_backend
        backend.snapshots.pop(snapshot.id, None)
        backend.tags.pop(snapshot.id, None)
        if snapshot.making:
            self._counted(snapshot).discard(snapshot.id)

    def _end_in_time(self, snapshot: Any) -> None:
        with self._gate:
            self._end(snapshot)

    def _end(self, snapshot: Any, message: str | None = None) -> None:
        if snapshot.status != PENDING:
            return
        if snapshot.making.copied and not snapshot.making.copied.find():
            message = SOURCE_GONE
        for each in snapshot.making.together if message else [snapshot]:
            self._mark(each, message)
        there = [each for each in snapshot.making.together if not each.making.deleted]
        if snapshot.making.kind != "createSnapshots":
            for each in there:
                announce(each, self._emit)
        elif there and all(each.status != PENDING for each in there):
            announce_set(there, self._emit)

    def _mark(self, snapshot: Any, message: str | None) -> None:
        snapshot.status = ERROR if message else COMPLETED
        snapshot.making.ended, snapshot.making.message = self.now(), message
        if snapshot.making.deleted:
            self.forget(snapshot)
        elif message and not snapshot.making.copied:
            self._counted(snapshot).add(snapshot.id)
        else:
            self._counted(snapshot).discard(snapshot.id)

    def _counted(self, snapshot: Any) -> set[str]:
        if snapshot.making.copied:
            return self.copies[snapshot.ec2_backend.account_id, snapshot.ec2_backend.region_name]
        return self.unfinished[snapshot.volume.id]
