"""Volumes attached to one instance or several, and what becomes of them when an instance goes.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volumes-multi.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, InvalidVolumeAttachmentError
from moto.ec2.models.block_device import BlockDeviceType
from moto.ec2.models.elastic_block_store import EBSBackend, Volume, VolumeAttachment

from localcloud.ebs.making import COMPLETED
from localcloud.ebs.tags import invalid
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.ebs.control import Ebs

MOST_INSTANCES = 16


@contextmanager
def volumes_attached(ebs: Ebs) -> Iterator[None]:
    """Attach a volume to several instances where it may be; moto knows one attachment of each."""

    def status(volume: Any) -> str:
        return ebs.volume_states.get(volume.id) or ("in-use" if volume.attachment else "available")

    with ExitStack() as stack:
        stack.enter_context(replaced(Volume, "attachments", property(_attachments)))
        stack.enter_context(replaced(Volume, "status", property(status)))
        stack.enter_context(replaced(EBSBackend, "create_volume", _of_completed(EBSBackend.create_volume)))
        stack.enter_context(replaced(EBSBackend, "attach_volume", _attach_volume))
        stack.enter_context(replaced(EBSBackend, "detach_volume", _detached(EBSBackend.detach_volume)))
        stack.enter_context(replaced(EBSBackend, "delete_volume", _forgotten(EBSBackend.delete_volume)))
        yield


def attach(volume: Any, instance: Any, device: str, delete_on_termination: bool) -> Any:
    """Attach a volume to an instance, whatever speaks against it."""
    attachment = VolumeAttachment(volume, instance, device, "attached")
    volume.attached = [*_attachments(volume), attachment]
    volume.attachment = attachment  # which moto looks at
    instance.block_device_mapping[device] = BlockDeviceType(
        volume_id=volume.id,
        status="in-use",
        size=volume.size,
        attach_time=attachment.attach_time,
        delete_on_termination=delete_on_termination,
    )
    return attachment


def _attachments(volume: Any) -> list[Any]:
    return list(vars(volume).get("attached", []))


def _attach_volume(
    backend: Any, volume_id: str, instance_id: str, device_path: str, delete_on_termination: bool = False
) -> Any:
    volume, instance = backend.get_volume(volume_id), backend.get_instance(instance_id)
    _check(volume, instance, device_path)
    return attach(volume, instance, device_path, delete_on_termination)


def _check(volume: Any, instance: Any, device: str) -> None:
    others = [each.instance for each in volume.attachments]
    if instance in others or (others and not volume.multi_attach_enabled):
        raise EC2ClientError("VolumeInUse", f"{volume.id} is already attached to an instance")
    if len(others) >= MOST_INSTANCES:
        raise EC2ClientError("AttachmentLimitExceeded", f"{volume.id} is attached to {MOST_INSTANCES} instances")
    if volume.status not in ("available", "in-use"):
        raise EC2ClientError("IncorrectState", f"Volume '{volume.id}' is in the '{volume.status}' state.")
    if instance.state not in ("running", "stopped"):
        message = f"Instance '{instance.id}' is not in a state in which a volume can be attached to it."
        raise EC2ClientError("IncorrectState", message)
    if volume.availability_zone != instance.availability_zone:
        message = f"The volume '{volume.id}' is not in the same availability zone as instance '{instance.id}'"
        raise EC2ClientError("InvalidVolume.ZoneMismatch", message)
    if device in instance.block_device_mapping:
        words = f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"
        raise invalid(words)


def _detached(detach: Callable[..., Any]) -> Callable[..., Any]:
    def detach_volume(backend: Any, volume_id: str, instance_id: str | None, device_path: str | None) -> Any:
        volume = backend.get_volume(volume_id)
        found = [each for each in volume.attachments if instance_id in (None, each.instance.id)]
        if len(found) != 1:
            raise InvalidVolumeAttachmentError(volume_id, str(instance_id))
        volume.attachment = found[0]
        attachment = detach(backend, volume_id, found[0].instance.id, device_path)
        volume.attached = [each for each in volume.attachments if each is not attachment]
        volume.attachment = volume.attached[-1] if volume.attached else None
        return attachment

    return detach_volume


def _forgotten(delete: Callable[..., Any]) -> Callable[..., Any]:
    def delete_volume(backend: Any, volume_id: str) -> Any:
        deleted = delete(backend, volume_id)
        backend.tags.pop(volume_id, None)
        return deleted

    return delete_volume


def _of_completed(create: Callable[..., Any]) -> Callable[..., Any]:
    def create_volume(backend: Any, *args: Any, **given: Any) -> Any:
        wanted = given.get("snapshot_id")
        if wanted and (state := backend.get_snapshot(wanted).status) != COMPLETED:
            raise EC2ClientError("IncorrectState", f"Snapshot is in invalid state - {state}")
        return create(backend, *args, **given)

    return create_volume
