"""Instances and their volumes: the root volume, what goes with the instance, and codes of the Marketplace.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.models.instances import Instance, InstanceBackend

from localcloud.ebs.volumes import attach
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.ebs.control import Ebs

ROOT_SIZE = 8


@contextmanager
def instances_with_volumes(ebs: Ebs) -> Iterator[None]:
    """Give every instance a root volume at its root device, and take along what goes with it when it goes."""

    def product_codes(instance: Any) -> list[dict[str, str]]:
        codes = ebs.product_codes.get(instance.id, [])
        return [{"ProductCodeId": each, "ProductCodeType": "marketplace"} for each in codes]

    shown = property(product_codes, lambda *_: None)  # moto sets them to nothing
    with ExitStack() as stack:
        stack.enter_context(replaced(Instance, "product_codes", shown))
        stack.enter_context(replaced(Instance, "setup_defaults", _give_root))
        stack.enter_context(replaced(Instance, "teardown_defaults", _take_along))
        stack.enter_context(replaced(InstanceBackend, "run_instances", _rooted(InstanceBackend.run_instances)))
        yield


def _give_root(instance: Any) -> None:
    volume = instance.ec2_backend.create_volume(size=ROOT_SIZE, zone_name=instance.availability_zone)
    attach(volume, instance, instance.root_device_name, delete_on_termination=True)


def _take_along(instance: Any) -> None:
    backend = instance.ec2_backend
    for device, mapped in list(instance.block_device_mapping.items()):
        backend.detach_volume(mapped.volume_id, instance.id, device)
        if mapped.delete_on_termination and not backend.volumes[mapped.volume_id].attachments:
            backend.delete_volume(mapped.volume_id)


def _rooted(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a root volume to instances whose launch maps other devices only, as their image would."""

    def run_instances(backend: Any, *args: Any, **kwargs: Any) -> Any:
        reservation = run(backend, *args, **kwargs)
        for instance in reservation.instances:
            if instance.root_device_name not in instance.block_device_mapping:
                instance.setup_defaults()
        return reservation

    return run_instances
