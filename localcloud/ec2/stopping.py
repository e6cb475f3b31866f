"""StopInstances and StartInstances: all the instances that are named, or none.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StartInstances.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-stop-protection.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, MissingParameterError
from moto.ec2.models.instances import Instance, InstanceBackend

from localcloud.ec2.lifecycle import STOPPED, TERMINATED
from localcloud.ec2.named import named_instances
from localcloud.ec2.shapes import PERSISTENT
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.ebs.clock import Now


@contextmanager
def stopped_whole(now: Now) -> Iterator[None]:
    """Refuse a call whole where moto would carry out its first part, and let each start move the launch time."""
    stop, start = InstanceBackend.stop_instances, InstanceBackend.start_instances
    with ExitStack() as stack:
        stack.enter_context(replaced(InstanceBackend, "stop_instances", _whole(stop, _check_stop)))
        stack.enter_context(replaced(InstanceBackend, "start_instances", _whole(start, _check_start)))
        stack.enter_context(replaced(Instance, "start", _launched_anew(Instance.start, now)))
        change = InstanceBackend.modify_instance_attribute
        stack.enter_context(replaced(InstanceBackend, "modify_instance_attribute", _protected(change)))
        yield


def _whole(act: Callable[..., Any], check: Callable[[Any], None]) -> Callable[..., Any]:
    def checked(backend: Any, instance_ids: list[str]) -> Any:
        if not instance_ids:
            raise MissingParameterError("InstanceId")
        instances = named_instances(backend, instance_ids)
        for instance in instances:
            check(instance)
        return act(backend, [instance.id for instance in instances])

    return checked


def _check_stop(instance: Any) -> None:
    _check(instance, "stopped")
    if instance.lifecycle == "spot" and instance.spot_type != PERSISTENT:
        message = f"You can't stop the Spot Instance '{instance.id}' because it is associated with a one-time "
        message += "Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance "
        message += "requests."
        raise EC2ClientError("UnsupportedOperation", message)
    if instance.disable_api_stop:
        message = f"The instance '{instance.id}' may not be stopped. "
        message += "Modify its 'disableApiStop' instance attribute and try again."
        raise EC2ClientError("OperationNotPermitted", message)


def _check_start(instance: Any) -> None:
    _check(instance, "started")


def _check(instance: Any, done: str) -> None:
    if instance.state == TERMINATED:
        message = f"The instance '{instance.id}' is not in a state from which it can be {done}."
        raise EC2ClientError("IncorrectInstanceState", message)
    if instance.root_device_type != "ebs":
        message = f"The instance '{instance.id}' does not have an 'ebs' root device type and cannot be {done}."
        raise EC2ClientError("UnsupportedOperation", message)


def _launched_anew(start: Callable[[Any], Any], now: Now) -> Callable[[Any], Any]:
    def started(instance: Any) -> Any:
        before = start(instance)
        if before.name == STOPPED:
            instance.launch_time = now()
        return before

    return started


def _protected(change: Callable[..., Any]) -> Callable[..., Any]:
    """Take stop protection in both forms that ModifyInstanceAttribute has: as a boolean, and as a text."""

    def modify_instance_attribute(backend: Any, instance_id: str, key: str, value: Any) -> Any:
        is_protection = key == "disable_api_stop"
        return change(backend, instance_id, key, str(value).lower() == "true" if is_protection else value)

    return modify_instance_attribute
