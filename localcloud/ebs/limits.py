"""What EBS refuses to make a snapshot of, and when.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError

if TYPE_CHECKING:
    from localcloud.ebs.control import Ebs

APART = timedelta(seconds=15)
PENDING_OF_A_VOLUME = {"st1": 1, "sc1": 1}
PENDING_OF_OTHERS = 5
PENDING_COPIES = 20


def check_volume(ebs: Ebs, volume: Any) -> None:
    """Refuse a snapshot of a volume in an odd state, with too many pending ones, or too soon after another."""
    if volume.status not in ("available", "in-use"):
        message = f"The volume '{volume.id}' is in the state '{volume.status}', of which no snapshot can be made."
        raise EC2ClientError("IncorrectState", message)
    if len(ebs.unfinished[volume.id]) >= PENDING_OF_A_VOLUME.get(volume.volume_type, PENDING_OF_OTHERS):
        message = "Maximum allowed in-progress snapshots for a single volume exceeded."
        raise EC2ClientError("ConcurrentSnapshotLimitExceeded", message)
    last = ebs.last_made.get(volume.id)
    if last and timedelta() <= ebs.now() - last < APART:
        message = "The maximum per volume CreateSnapshot request rate has been exceeded. "
        message += "Use an increasing or variable sleep interval between requests."
        raise EC2ClientError("SnapshotCreationPerVolumeRateExceeded", message)


def check_copies(ebs: Ebs, backend: Any) -> None:
    """Refuse more copies at once than may be pending in a region."""
    if len(ebs.copies[backend.account_id, backend.region_name]) >= PENDING_COPIES:
        message = "Too many snapshot copies in progress. "
        message += f"The limit is {PENDING_COPIES} for this destination region."
        raise EC2ClientError("ResourceLimitExceeded", message)
