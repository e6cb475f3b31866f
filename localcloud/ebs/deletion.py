"""DeleteSnapshot: what stands against it, and when it takes effect.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSnapshot.html
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-deleting-snapshot.html
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.core.responses import EmptyResult
from moto.ec2.exceptions import EC2ClientError, InvalidSnapshotInUse
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from localcloud.ebs.creation import required
from localcloud.ebs.images import snapshot_ids
from localcloud.ebs.listing import no_snapshot
from localcloud.ebs.locks import check_unlocked
from localcloud.ebs.making import PENDING
from localcloud.ebs.tags import invalid
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.ebs.control import Ebs

BACKUPS = "aws:backup:source-resource"
OF_BACKUP = (
    "This snapshot is managed by the AWS Backup service and cannot be deleted via EC2 APIs. "
    "If you wish to delete this snapshot, please do so via the Backup console."
)


@contextmanager
def deleted_in_time(ebs: Ebs) -> Iterator[None]:
    """Refuse to delete what is in use, and let what is pending go away when it would be completed."""

    def delete_snapshot(response: Any) -> EmptyResult:
        snapshot = known(response.ec2_backend, required(response, "SnapshotId"))
        response.error_on_dryrun()
        _check(snapshot)
        check_unlocked(snapshot, ebs.now())
        if snapshot.making:
            snapshot.making.deleted = True
        if snapshot.status != PENDING:
            ebs.forget(snapshot)
        return EmptyResult()

    with (
        replaced(EBSBackend, "get_snapshot", known),
        replaced(ElasticBlockStore, "delete_snapshot", delete_snapshot),
    ):
        yield


def known(backend: Any, snapshot_id: str) -> Any:
    """Return a snapshot of an account; raise `EC2ClientError`."""
    if snapshot_id not in backend.snapshots:
        raise no_snapshot(snapshot_id)
    return backend.snapshots[snapshot_id]


def _check(snapshot: Any) -> None:
    backend = snapshot.ec2_backend
    if snapshot.owner_id != backend.account_id:
        raise EC2ClientError("AuthFailure", f"You do not own the snapshot '{snapshot.id}'.")
    for image in backend.amis.values():
        if image.owner_id == backend.account_id and snapshot.id in snapshot_ids(image):
            raise InvalidSnapshotInUse(snapshot.id, image.id)
    if BACKUPS in backend.tags.get(snapshot.id, {}):
        raise invalid(OF_BACKUP)
