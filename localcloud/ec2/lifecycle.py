"""EC2 instances through their states as in AWS, where moto differs: addresses, and calls in the wrong state.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.instances import Instance, InstanceState

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RUNNING, STOPPED, TERMINATED = "running", "stopped", "terminated"


def forget_terminated() -> None:
    """Drop terminated instances from every account and region, as AWS does within an hour."""
    for regions in ec2_backends.values():
        for backend in regions.values():
            for key, reservation in list(backend.reservations.items()):
                gone = [instance for instance in reservation.instances if instance.state == TERMINATED]
                reservation.instances = [each for each in reservation.instances if each not in gone]
                for instance in gone:
                    backend.tags.pop(instance.id, None)
                if not reservation.instances:
                    del backend.reservations[key]


@contextmanager
def lifecycle_as_in_aws() -> Iterator[None]:
    """Correct moto's instances.

    moto gives a running instance a new address when it is started again, starts terminated ones, loses an
    Elastic IP on a stop, shows addresses of terminated instances, and tags an instance one key at a time.
    """
    with ExitStack() as stack:
        start, stop, terminate, reboot = Instance.start, Instance.stop, Instance.terminate, Instance.reboot
        stack.enter_context(replaced(Instance, "start", _in_state(start, "started", RUNNING, STOPPED)))
        stack.enter_context(replaced(Instance, "stop", _in_state(stop, "stopped", STOPPED, RUNNING)))
        stack.enter_context(replaced(Instance, "reboot", _in_state(reboot, "rebooted", None, RUNNING)))
        stack.enter_context(replaced(Instance, "terminate", _terminated_once(terminate)))
        for name in ("private_ip", "private_ip_address"):
            stack.enter_context(replaced(Instance, name, _unless_terminated(vars(Instance)[name], None)))
        for name in ("private_dns_name", "public_dns_name"):
            stack.enter_context(replaced(Instance, name, _unless_terminated(vars(Instance)[name], "")))
        stack.enter_context(replaced(Instance, "network_interfaces", _none_when_terminated()))
        stack.enter_context(replaced(TaggedEC2Resource, "add_tags", _tagged_at_once))
        yield


def _in_state(
    method: Callable[[Any], Any], done: str, already: str | None, needed: str
) -> Callable[[Any], InstanceState]:
    def checked(instance: Any) -> InstanceState:
        before = InstanceState(instance.state, instance.state_code)
        if before.name == already:
            return before
        if before.name != needed:
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in a state from which it can be {done}.",
            )
        method(instance)
        _keep_elastic_addresses(instance)
        return before

    return checked


def _keep_elastic_addresses(instance: Any) -> None:
    for address in instance.ec2_backend.addresses:
        if address.eni in instance.nics.values():
            address.eni.public_ip = address.public_ip


def _terminated_once(method: Callable[[Any], Any]) -> Callable[[Any], InstanceState]:
    def terminate(instance: Any) -> InstanceState:
        before = InstanceState(instance.state, instance.state_code)
        if before.name != TERMINATED:
            for address in instance.ec2_backend.addresses:
                if address.eni in instance.nics.values():
                    instance.ec2_backend.disassociate_address(address=address.public_ip)
            method(instance)
        return before

    return terminate


def _unless_terminated(shown: Any, nothing: str | None) -> property:
    return property(lambda each: nothing if each.state == TERMINATED else shown.fget(each) or nothing)


def _none_when_terminated() -> property:
    return property(lambda instance: [] if instance.state == TERMINATED else list(instance.nics.values()))


def _tagged_at_once(resource: Any, tags: dict[str, str]) -> None:
    if tags:
        resource.ec2_backend.create_tags([resource.id], dict(tags))
