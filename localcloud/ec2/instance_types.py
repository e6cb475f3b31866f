"""DescribeInstanceTypes: at most 100 by their names, all of which must be there, and in pages of 100 at the most.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from moto.ec2.exceptions import InvalidInstanceTypeError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.responses.instances import InstanceResponse

from localcloud.ebs.pages import page
from localcloud.ebs.tags import invalid
from localcloud.ebs.wire import Answer
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

MOST = 100


class _Named(NamedTuple):
    id: str
    type: Any


def types_in_pages() -> AbstractContextManager[Any]:
    """List instance types in pages; moto lists them all at once, however many are named."""

    def describe_instance_types(response: Any) -> Answer:
        response.error_on_dryrun()
        names = response._get_param("InstanceTypes", [])
        _check(names, response._get_int_param("MaxResults", MOST))
        wanted = response._filters_from_querystring()
        found = response.ec2_backend.describe_instance_types(list(dict.fromkeys(names)), wanted)
        types, token = page(response, [_Named(each["InstanceType"], each) for each in found], most=MOST)
        return Answer({"InstanceTypes": [each.type for each in types], "NextToken": token})

    return replaced(InstanceResponse, "describe_instance_types", describe_instance_types)


def _check(names: list[str], size: int) -> None:
    if len(names) > MOST:
        raise invalid(f"instance-types cannot contain over {MOST} values.")
    if size > MOST:
        raise invalid(f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value of at most {MOST}.")
    if unknown := sorted(set(names) - INSTANCE_TYPES.keys()):
        raise InvalidInstanceTypeError(unknown, error_type="InvalidInstanceType")
