"""Instances that a request names: all of them are there, or the request is refused.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, InvalidInstanceIdError

if TYPE_CHECKING:
    from collections.abc import Iterable

ID = re.compile("i-([0-9a-f]{8}|[0-9a-f]{17})")


def all_instances(backend: Any) -> list[Any]:
    """Return all instances of a region, those that were terminated lately too."""
    return [each for reservation in list(backend.reservations.values()) for each in reservation.instances]


def named_instances(backend: Any, ids: Iterable[str]) -> list[Any]:
    """Return the instances of these ids, each once; raise `EC2ClientError` where one is unknown or no id at all."""
    wanted = list(dict.fromkeys(ids))
    for each in wanted:
        if not ID.fullmatch(each):
            raise EC2ClientError("InvalidInstanceID.Malformed", f'Invalid id: "{each}"')
    known = {each.id: each for each in all_instances(backend)}
    if unknown := [each for each in wanted if each not in known]:
        raise InvalidInstanceIdError(unknown)
    return [known[each] for each in wanted]
