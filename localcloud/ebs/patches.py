"""All that makes moto's EBS behave as AWS's does."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from localcloud.ebs.amazons_images import amazons_images_made_once
from localcloud.ebs.clock import stamped_by
from localcloud.ebs.copies import copied_in_time
from localcloud.ebs.creation import made_in_time
from localcloud.ebs.deletion import deleted_in_time
from localcloud.ebs.filters import filters_limited
from localcloud.ebs.images import images_of_snapshots
from localcloud.ebs.instances import instances_with_volumes
from localcloud.ebs.listing import listed_in_pages
from localcloud.ebs.locks import locked_as_asked
from localcloud.ebs.making import snapshots_in_the_making
from localcloud.ebs.public_access import public_access_as_set
from localcloud.ebs.tags import tags_checked
from localcloud.ebs.volumes import volumes_attached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.ebs.control import Ebs


@contextmanager
def ebs_as_in_aws(ebs: Ebs) -> Iterator[None]:
    """Correct moto's EBS for a while."""
    with ExitStack() as stack:
        for patch in (
            amazons_images_made_once(),
            stamped_by(ebs.now),
            snapshots_in_the_making(),
            filters_limited(),
            tags_checked(),
            volumes_attached(ebs),
            instances_with_volumes(ebs),
            made_in_time(ebs),
            listed_in_pages(ebs),
            copied_in_time(ebs),
            images_of_snapshots(ebs),
            locked_as_asked(ebs),
            public_access_as_set(ebs),
            deleted_in_time(ebs),
        ):
            stack.enter_context(patch)
        yield
