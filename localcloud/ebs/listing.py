"""DescribeSnapshots and DescribeVolumes: what an account may see, filtered, and in pages.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, InvalidVolumeIdError
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from localcloud.ebs import filters, shown
from localcloud.ebs.clock import stamped
from localcloud.ebs.pages import page
from localcloud.ebs.sharing import owned_by, restorable_by, visible
from localcloud.ebs.wire import Answer
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from localcloud.ebs.control import Ebs

OF_SNAPSHOTS: Mapping[str, filters.Values] = {
    "description": lambda each: each.description or "",
    "encrypted": lambda each: str(each.encrypted).lower(),
    "owner-id": lambda each: each.owner_id,
    "progress": lambda each: "100%" if each.status == "completed" else "0%",
    "snapshot-id": lambda each: each.id,
    "start-time": lambda each: stamped(each.start_time),
    "status": lambda each: each.status,
    "storage-tier": lambda each: each.storage_tier,
    "volume-id": lambda each: each.volume.id,
    "volume-size": lambda each: str(each.volume.size),
}
OF_VOLUMES: Mapping[str, filters.Values] = {
    "attachment.attach-time": lambda each: [stamped(one.attach_time) for one in each.attachments],
    "attachment.device": lambda each: [one.device for one in each.attachments],
    "attachment.instance-id": lambda each: [one.instance.id for one in each.attachments],
    "attachment.status": lambda each: [one.status for one in each.attachments],
    "availability-zone": lambda each: each.availability_zone,
    "create-time": lambda each: stamped(each.create_time),
    "encrypted": lambda each: str(each.encrypted).lower(),
    "multi-attach-enabled": lambda each: str(bool(each.multi_attach_enabled)).lower(),
    "size": lambda each: str(each.size),
    "snapshot-id": lambda each: each.snapshot_id or "",
    "status": lambda each: each.status,
    "volume-id": lambda each: each.id,
    "volume-type": lambda each: each.volume_type,
}


@contextmanager
def listed_in_pages(ebs: Ebs) -> Iterator[None]:
    """List snapshots and volumes in pages, and in time that grows with their number only."""

    def describe_snapshots(response: Any) -> Answer:
        response.error_on_dryrun()
        wanted = response._filters_from_querystring()
        ids = response._get_param("SnapshotIds", [])
        seen = {each.id: each for each in visible(ebs, response.ec2_backend)}
        found: Iterable[Any] = named(ids, seen, no_snapshot) if ids else seen.values()
        found = owned_by(response._get_param("OwnerIds", []), found, response.ec2_backend)
        found = restorable_by(response._get_param("RestorableByUserIds", []), found, response.ec2_backend)
        found = filters.kept(found, wanted, OF_SNAPSHOTS)
        snapshots, token = page(response, found, ids and "snapshotSet")
        return Answer({"Snapshots": [shown.snapshot(each) for each in snapshots], "NextToken": token})

    def describe_volumes(response: Any) -> Answer:
        response.error_on_dryrun()
        wanted = response._filters_from_querystring()
        ids, all_of_them = response._get_param("VolumeIds", []), response.ec2_backend.volumes
        found = named(ids, all_of_them, InvalidVolumeIdError) if ids else all_of_them.values()
        volumes, token = page(response, filters.kept(found, wanted, OF_VOLUMES), ids and "volumeSet")
        return Answer({"Volumes": [shown.volume(each) for each in volumes], "NextToken": token})

    with (
        replaced(ElasticBlockStore, "describe_snapshots", describe_snapshots),
        replaced(ElasticBlockStore, "describe_volumes", describe_volumes),
    ):
        yield


def named(ids: list[str], known: Mapping[str, Any], missing: Callable[[str], EC2ClientError]) -> list[Any]:
    """Return what has these ids; raise `EC2ClientError` for the first that is not there."""
    for each in ids:
        if each not in known:
            raise missing(each)
    return [known[each] for each in dict.fromkeys(ids)]


def no_snapshot(snapshot_id: str) -> EC2ClientError:
    """Return the refusal of a snapshot that is not there."""
    return EC2ClientError("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")
