"""Instances through their states, as moto changes them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.models.instances import Instance, InstanceBackend

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def followed(see: Callable[[Any], None]) -> Iterator[None]:
    """Show an instance after whatever may have changed its state: the API, CloudFormation, Auto Scaling."""
    run = InstanceBackend.run_instances

    def run_instances(backend: Any, *args: Any, **kwargs: Any) -> Any:
        reservation = run(backend, *args, **kwargs)
        for instance in reservation.instances:
            see(instance)
        return reservation

    def seen(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def change(instance: Any) -> Any:
            before = method(instance)
            see(instance)
            return before

        return change

    with (
        replaced(InstanceBackend, "run_instances", run_instances),
        replaced(Instance, "start", seen(Instance.start)),
        replaced(Instance, "stop", seen(Instance.stop)),
        replaced(Instance, "terminate", seen(Instance.terminate)),
    ):
        yield
