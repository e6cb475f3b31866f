"""Codes of products of the Marketplace, which go from instances' volumes to snapshots and from there to volumes.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshot.html
Lists of volumes and snapshots do not show them; DescribeInstances and DescribeSnapshotAttribute do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.ebs.control import Ebs


def codes_of_volume(ebs: Ebs, volume: Any) -> list[str]:
    """Return the codes of a volume: of the snapshot it is made of, and of the instances that have it."""
    snapshot = volume.ec2_backend.snapshots.get(volume.snapshot_id)
    of_instances = [code for each in volume.attachments for code in ebs.product_codes.get(each.instance.id, [])]
    return list(dict.fromkeys([*(codes_of_snapshot(snapshot) if snapshot else []), *of_instances]))


def codes_of_snapshot(snapshot: Any) -> list[str]:
    """Return the codes of a snapshot."""
    return list(vars(snapshot).get("codes", []))
