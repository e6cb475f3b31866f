"""Lists in pages, in no order that means anything: by the random ids.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html#api-pagination
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, InvalidParameterCombination

from localcloud.ebs.tags import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 1000


def page(
    response: Any, things: Iterable[Any], ids: str | None = None, least: int = 5, most: int = MOST
) -> tuple[list[Any], str | None]:
    """Return the page that a request asks for, and the token of the next one.

    `ids` is what AWS calls the ids that a request asks for, if it does: then it may not ask for pages.
    """
    size, token = _size(response, least, most), response._get_param("NextToken")
    if ids and response._get_param("MaxResults"):
        raise InvalidParameterCombination(f"The parameter {ids} cannot be used with the parameter maxResults")
    ordered = sorted(things, key=lambda each: each.id)
    start = bisect_right(ordered, _last(token), key=lambda each: each.id) if token else 0
    shown = ordered[start : start + size]
    more = start + size < len(ordered)
    return shown, base64.urlsafe_b64encode(shown[-1].id.encode()).decode() if more else None


def _size(response: Any, least: int, most: int) -> int:
    wanted = response._get_param("MaxResults")
    if wanted is None:
        return most
    if int(wanted) < least:
        raise invalid(
            f"Value ( {wanted} ) for parameter maxResults is invalid. Expecting a value greater than {least}."
        )
    return min(int(wanted), most)


def _last(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode("ascii")
    except (binascii.Error, ValueError) as error:
        message = "The specified pagination token is not valid or is expired."
        raise EC2ClientError("InvalidPaginationToken", message) from error
