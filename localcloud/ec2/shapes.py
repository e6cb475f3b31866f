"""What instances are that no launch here makes of them: operated by a service, rooted in an instance store, and so on.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.ec2.responses.instances import InstanceResponse

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.ground.gate import Gate

ONE_TIME, PERSISTENT = "one-time", "persistent"
LINUX, WINDOWS = "Linux/UNIX", "Windows"
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-info-fields.html
USAGE_OPERATIONS = {
    LINUX: "RunInstances",
    "Red Hat Enterprise Linux": "RunInstances:0010",
    "SUSE Linux": "RunInstances:000g",
    "Ubuntu Pro": "RunInstances:0g00",
    WINDOWS: "RunInstances:0002",
    "Windows BYOL": "RunInstances:0800",
    "Windows with SQL Server Enterprise": "RunInstances:0102",
    "Windows with SQL Server Standard": "RunInstances:0006",
    "Windows with SQL Server Web": "RunInstances:0202",
}


class Shapes:
    """Turns instances into what they could not be launched as."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def shape(
        self,
        instance_id: str,
        *,
        lifecycle: str | None = None,
        spot_type: str = ONE_TIME,
        root: str | None = None,
        operator: str | None = None,
        platform: str | None = None,
        tenancy: str | None = None,
    ) -> None:
        """Change what an instance is, where something is given; raise `LookupError`.

        `lifecycle` is `spot`, `scheduled` or `capacity-block`; `spot_type` tells a one-time request from a persistent
        one. `root` is `ebs` or `instance-store`. `operator` is the principal of the service that operates the instance.
        `platform` is what PlatformDetails says, and `tenancy` is `default`, `dedicated` or `host`.
        """
        with self._gate:
            instance = _find(instance_id)
            if platform is not None:
                instance.usage_operation = USAGE_OPERATIONS[platform]
                instance.platform_details = platform
                instance.platform = "windows" if platform.startswith(WINDOWS) else None
            if lifecycle is not None:
                instance.lifecycle, instance.spot_type = lifecycle, spot_type
            if root is not None:
                instance.root_device_type = root
            if operator is not None:
                instance.operator = {"Managed": True, "Principal": operator}
            if tenancy is not None:
                instance.placement.tenancy = tenancy


@contextmanager
def shapes_shown() -> Iterator[None]:
    """Give instances what moto leaves out of them: platform, operator, tenancy, and what a spot request is."""
    with ExitStack() as stack:
        for name, usual in (
            ("platform_details", LINUX),
            ("usage_operation", USAGE_OPERATIONS[LINUX]),
            ("operator", {"Managed": False}),
            ("spot_type", ONE_TIME),
        ):
            stack.enter_context(replaced(Instance, name, usual))
        stack.enter_context(replaced(InstanceResponse, "run_instances", _as_asked(InstanceResponse.run_instances)))
        yield


def _find(instance_id: str) -> Any:
    for backend in (backend for regions in ec2_backends.values() for backend in regions.values()):
        if instance := backend.get_instance_by_id(instance_id):
            return instance
    raise LookupError(f"there is no instance {instance_id}")


def _as_asked(run: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run_instances(response: Any) -> Any:
        answer = run(response)
        tenancy = response._get_param("Placement.Tenancy")
        spot_type = response._get_param("InstanceMarketOptions.SpotOptions.SpotInstanceType")
        for instance in answer.result.instances:
            instance.placement.tenancy = tenancy or ("host" if instance.placement.host_id else "default")
            instance.spot_type = spot_type or ONE_TIME
            if instance.platform == "windows":
                instance.platform_details, instance.usage_operation = WINDOWS, USAGE_OPERATIONS[WINDOWS]
        return answer

    return run_instances
