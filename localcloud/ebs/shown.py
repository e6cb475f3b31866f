"""Snapshots and volumes as EC2's API shows them; not by moto's objects, which it takes long to write as XML."""

from __future__ import annotations

from typing import Any

from localcloud.ebs.making import COMPLETED

type Json = dict[str, Any]


def snapshot(each: Any) -> Json:
    """Return a snapshot as in an answer to CreateSnapshot or DescribeSnapshots."""
    making, done = each.making, each.status == COMPLETED
    shown = {
        "SnapshotId": each.id,
        "VolumeId": each.volume.id,
        "VolumeSize": each.volume.size,
        "State": each.status,
        "StartTime": each.start_time,
        "CompletionTime": making.ended if making and done else each.start_time if done else None,
        "Progress": "100%" if done else "0%",
        "OwnerId": each.owner_id,
        "Description": each.description or "",
        "Encrypted": each.encrypted,
        "KmsKeyId": each.kms_key_id,
        "StateMessage": making and making.message,
        "StorageTier": each.storage_tier,
        "TransferType": "standard" if making and making.copied else None,
        "RestoreExpiryTime": each.restore_expiry_time,
        "Tags": tags(each) or None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def volume(each: Any) -> Json:
    """Return a volume as in an answer to DescribeVolumes."""
    shown = {
        "VolumeId": each.id,
        "AvailabilityZone": each.availability_zone,
        "AvailabilityZoneId": each.zone.zone_id if each.zone else None,
        "Attachments": [attachment(one) for one in each.attachments],
        "CreateTime": each.create_time,
        "Encrypted": each.encrypted,
        "KmsKeyId": each.kms_key_id,
        "Size": each.size,
        "SnapshotId": each.snapshot_id or "",
        "State": each.status,
        "VolumeType": each.volume_type,
        "Iops": each.iops,
        "Throughput": each.throughput,
        "MultiAttachEnabled": bool(each.multi_attach_enabled),
        "Tags": tags(each) or None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def attachment(each: Any) -> Json:
    """Return an attachment of a volume to an instance."""
    mapped = each.instance.block_device_mapping.get(each.device)
    return {
        "AttachTime": each.attach_time,
        "DeleteOnTermination": bool(mapped and mapped.delete_on_termination),
        "Device": each.device,
        "InstanceId": each.instance.id,
        "State": each.status,
        "VolumeId": each.volume.id,
    }


def tags(each: Any) -> list[dict[str, str]]:
    """Return the tags of anything that moto tags, as EC2 shows them."""
    return [{"Key": key, "Value": value} for key, value in each.ec2_backend.tags.get(each.id, {}).items()]
