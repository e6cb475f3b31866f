"""Every change made to moto's S3 but for who may do what, which is the same for all services."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from localcloud.ground.patching import applied
from localcloud.s3 import lost, reading, strictness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.s3.notifications import Notifications


@contextmanager
def s3_as_in_aws(notifications: Notifications) -> Iterator[None]:
    """Apply them all, in the order in which they look at a request, last first."""
    with applied(
        notifications.in_place_of_motos(),
        reading.ranges_read_alone(),
        reading.lists_without_parsing(),
        lost.losses_and_delete_markers(),
        strictness.preconditions_kept(),
        strictness.limits_kept(),
    ):
        yield
