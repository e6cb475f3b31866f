"""Images and the snapshots that they map: of which volumes they are made, and which are in use.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.amis import Ami
from moto.ec2.responses.amis import AmisResponse

from localcloud.ebs import filters
from localcloud.ebs.creation import make, required
from localcloud.ebs.making import COMPLETED
from localcloud.ebs.pages import page
from localcloud.ebs.tags import given_by_kind
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localcloud.ebs.control import Ebs

DISABLED = "disabled"
KINDS = ("image", "snapshot")
OF_MAPPED: Mapping[str, filters.Values] = {
    "block-device-mapping.snapshot-id": lambda image: snapshot_ids(image),
    "block-device-mapping.device-name": lambda image: [each["DeviceName"] for each in image.block_device_mappings],
}


@contextmanager
def images_of_snapshots(ebs: Ebs) -> Iterator[None]:
    """Make images of the volumes that an instance has, or of the snapshots that are named; list them in pages."""

    def create_image(response: Any) -> ActionResult:
        instance = response.ec2_backend.get_instance(required(response, "InstanceId"))
        tags = given_by_kind(response, KINDS)
        if instance.state == "terminated":
            raise EC2ClientError("IncorrectInstanceState", f"The instance '{instance.id}' is terminated.")
        response.error_on_dryrun()
        described = response._get_param("Description", "")
        image = response.ec2_backend.create_image(instance.id, required(response, "Name"), described, [])
        image.mapped = _cut(ebs, image, instance, response._get_param("BlockDeviceMappings", []), tags["snapshot"])
        image.root_device_name = instance.root_device_name
        ebs.forget(image.ebs_snapshot)
        image.add_tags(tags["image"])
        return ActionResult({"ImageId": image.id})

    def register_image(response: Any) -> ActionResult:
        mapped = [_named(response.ec2_backend, each) for each in response._get_param("BlockDeviceMappings", [])]
        tags = given_by_kind(response, KINDS)
        response.error_on_dryrun()
        image = response.ec2_backend.register_image(required(response, "Name"), response._get_param("Description", ""))
        image.root_device_name = response._get_param("RootDeviceName", image.root_device_name)
        if mapped:
            image.mapped = mapped
            ebs.forget(image.ebs_snapshot)
        image.add_tags(tags["image"])
        return ActionResult({"ImageId": image.id})

    with ExitStack() as stack:
        motos = vars(Ami)["block_device_mappings"]
        shown = property(lambda image: vars(image)["mapped"] if "mapped" in vars(image) else motos.fget(image))
        stack.enter_context(replaced(Ami, "block_device_mappings", shown))
        stack.enter_context(replaced(AmisResponse, "create_image", create_image))
        stack.enter_context(replaced(AmisResponse, "register_image", register_image))
        stack.enter_context(replaced(AmisResponse, "describe_images", _describe_images))
        yield


def snapshot_ids(image: Any) -> list[str]:
    """Return the snapshots that an image maps."""
    found = [each.get("Ebs", {}).get("SnapshotId") for each in image.block_device_mappings]
    return [each for each in found if each]


def _cut(ebs: Ebs, image: Any, instance: Any, changed: list[Any], tags: dict[str, str]) -> list[dict[str, Any]]:
    """Make snapshots of an instance's volumes; return how the image maps them."""
    left_out = {each["DeviceName"] for each in changed if "NoDevice" in each}
    devices = {name: each for name, each in instance.get_block_device_mapping if name not in left_out}
    volumes = [instance.ec2_backend.get_volume(each.volume_id) for each in devices.values()]
    snapshots = make(ebs, volumes, f"Created by CreateImage({instance.id}) for {image.id}")
    for snapshot in snapshots:
        snapshot.from_ami = image.id
        ebs.begin([snapshot], "createSnapshot")
        snapshot.add_tags(tags)
    return [
        {
            "DeviceName": device,
            "Ebs": {
                "SnapshotId": snapshot.id,
                "VolumeSize": snapshot.volume.size,
                "VolumeType": volume.volume_type,
                "DeleteOnTermination": devices[device].delete_on_termination,
                "Encrypted": snapshot.encrypted,
            },
        }
        for device, volume, snapshot in zip(devices, volumes, snapshots, strict=True)
    ]


def _named(backend: Any, mapping: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping that a request names, with the size of its snapshot."""
    disk = mapping.get("Ebs", {})
    if not disk.get("SnapshotId"):
        return mapping
    snapshot = backend.get_snapshot(disk["SnapshotId"])
    if snapshot.status != COMPLETED:
        raise EC2ClientError("IncorrectState", f"Snapshot is in invalid state - {snapshot.status}")
    defaults = {"VolumeSize": snapshot.volume.size, "VolumeType": "gp2", "DeleteOnTermination": False}
    return {**mapping, "Ebs": {**defaults, "Encrypted": snapshot.encrypted, **disk}}


def _describe_images(response: Any) -> ActionResult:
    response.error_on_dryrun()
    wanted = response._filters_from_querystring()
    own = {name: wanted.pop(name) for name in OF_MAPPED if name in wanted}
    ids = response._get_param("ImageIds", [])
    found = response.ec2_backend.describe_images(
        ami_ids=ids,
        filters=wanted,
        exec_users=response._get_param("ExecutableUsers", []),
        owners=response._get_param("Owners", []),
    )
    if not response._get_bool_param("IncludeDisabled", False):
        found = [each for each in found if each.state != DISABLED]
    images, token = page(response, filters.kept(found, own, OF_MAPPED), ids and "imagesSet", least=1)
    return ActionResult({"Images": images, "NextToken": token})
