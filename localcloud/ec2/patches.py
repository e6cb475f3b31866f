"""All that makes moto's instances behave as AWS's do, but for events."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from localcloud.ec2.instance_types import types_in_pages
from localcloud.ec2.lifecycle import lifecycle_as_in_aws
from localcloud.ec2.listing import listed_in_pages
from localcloud.ec2.shapes import shapes_shown
from localcloud.ec2.stopping import stopped_whole
from localcloud.ec2.tagging import tagged_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.ebs.clock import Now


@contextmanager
def instances_as_in_aws(now: Now) -> Iterator[None]:
    """Correct moto's instances for a while; `now` is the clock by which they are launched."""
    behaviour = (lifecycle_as_in_aws(), shapes_shown(), stopped_whole(now), tagged_whole())
    with ExitStack() as stack:
        for patch in (*behaviour, listed_in_pages(), types_in_pages()):
            stack.enter_context(patch)
        yield
