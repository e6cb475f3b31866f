"""DescribeInstances: by ids, all of which must be there, or filtered and in pages; it takes time by their number.

A page has so many instances, not reservations: those of one reservation may come on several pages.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.responses.instances import InstanceResponse

from localcloud.ebs import filters
from localcloud.ebs.clock import stamped
from localcloud.ebs.pages import page
from localcloud.ebs.wire import Answer
from localcloud.ec2 import shown
from localcloud.ec2.named import all_instances, named_instances
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager

OF_INSTANCES: Mapping[str, filters.Values] = {
    "architecture": lambda each: each.architecture,
    "availability-zone": lambda each: each.availability_zone,
    "block-device-mapping.volume-id": lambda each: [one.volume_id for _, one in each.get_block_device_mapping],
    "dns-name": lambda each: each.public_dns_name,
    "image-id": lambda each: each.image_id,
    "instance-id": lambda each: each.id,
    "instance-lifecycle": lambda each: each.lifecycle,
    "instance-state-code": lambda each: str(each.state_code),
    "instance-state-name": lambda each: each.state,
    "instance-type": lambda each: each.instance_type,
    "instance.group-id": lambda each: [one.id for one in each.security_groups],
    "instance.group-name": lambda each: [one.name for one in each.security_groups],
    "ip-address": lambda each: each.public_ip,
    "key-name": lambda each: each.key_name,
    "launch-time": lambda each: stamped(each.launch_time),
    "network-interface.private-dns-name": lambda each: each.private_dns_name,
    "operator.managed": lambda each: str(each.operator["Managed"]).lower(),
    "operator.principal": lambda each: each.operator.get("Principal"),
    "owner-id": lambda each: each.owner_id,
    "platform": lambda each: each.platform,
    "platform-details": lambda each: each.platform_details,
    "private-dns-name": lambda each: each.private_dns_name,
    "private-ip-address": lambda each: each.private_ip,
    "product-code": lambda each: [one["ProductCodeId"] for one in each.product_codes],
    "root-device-type": lambda each: each.root_device_type,
    "source-dest-check": lambda each: str(each.source_dest_check).lower(),
    "state-reason-code": lambda each: each.state_reason.code,
    "subnet-id": lambda each: each.subnet_id,
    "tenancy": lambda each: each.placement.tenancy,
    "usage-operation": lambda each: each.usage_operation,
    "vpc-id": lambda each: each.vpc_id,
}


def listed_in_pages() -> AbstractContextManager[Any]:
    """List instances as AWS does: moto takes pages of any size, by reservations, and few filters."""

    def describe_instances(response: Any) -> Answer:
        response.error_on_dryrun()
        wanted, ids = response._filters_from_querystring(), response._get_param("InstanceIds", [])
        backend = response.ec2_backend
        found = named_instances(backend, ids) if ids else all_instances(backend)
        instances, token = page(response, filters.kept(found, wanted, OF_INSTANCES), ids and "instancesSet")
        return Answer({"Reservations": _reserved(backend, instances), "NextToken": token})

    return replaced(InstanceResponse, "describe_instances", describe_instances)


def _reserved(backend: Any, instances: Iterable[Any]) -> list[dict[str, Any]]:
    """Return instances under their reservations."""
    of = {each.id: key for key, reservation in backend.reservations.items() for each in reservation.instances}
    elastic = {address.public_ip for address in backend.addresses}
    answer: dict[str, dict[str, Any]] = {}
    for each in instances:
        empty = {"ReservationId": of[each.id], "OwnerId": each.owner_id, "Groups": [], "Instances": []}
        answer.setdefault(of[each.id], empty)["Instances"].append(shown.instance(each, elastic))
    return list(answer.values())
