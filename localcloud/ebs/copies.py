"""CopySnapshot, which is called in the region that the copy is made in.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, InvalidParameterDependency
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.responses.elastic_block_store import ElasticBlockStore
from moto.ec2.utils import random_snapshot_id

from localcloud.ebs.creation import required
from localcloud.ebs.limits import check_copies
from localcloud.ebs.listing import no_snapshot
from localcloud.ebs.making import COMPLETED, Origin, Place
from localcloud.ebs.products import codes_of_snapshot
from localcloud.ebs.sharing import visible
from localcloud.ebs.shown import tags as shown_tags
from localcloud.ebs.tags import given_for
from localcloud.ebs.wire import Answer
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.ebs.control import Ebs

NO_VOLUME = "vol-ffffffff"
"""What a copy shows as its volume: "snapshots created by CopySnapshot have an arbitrary volume ID"."""


@contextmanager
def copied_in_time(ebs: Ebs) -> Iterator[None]:
    """Copy snapshots in time, without the tags and the volume of their source."""

    def copy_snapshot(response: Any) -> Answer:
        tags, source = given_for(response, "snapshot"), _source(ebs, response)
        encrypted, key = response._get_bool_param("Encrypted", False), response._get_param("KmsKeyId")
        if key and not encrypted:
            raise InvalidParameterDependency("KmsKeyId", "Encrypted")
        response.error_on_dryrun()
        check_copies(ebs, response.ec2_backend)
        copy = _copy(ebs, response, source, encrypted, key)
        copy.add_tags(tags)
        return Answer({"SnapshotId": copy.id, "Tags": shown_tags(copy)})

    with replaced(ElasticBlockStore, "copy_snapshot", copy_snapshot):
        yield


def _source(ebs: Ebs, response: Any) -> Any:
    region, wanted = required(response, "SourceRegion"), required(response, "SourceSnapshotId")
    regions = ec2_backends[response.current_account]
    if region not in regions:
        raise EC2ClientError("InvalidRegion", f"The region '{region}' does not exist.")
    there = regions[region]
    source = there.snapshots.get(wanted) or next((each for each in visible(ebs, there) if each.id == wanted), None)
    if source is None:
        raise no_snapshot(wanted)
    if source.status != COMPLETED:
        message = f"The snapshot '{wanted}' is in the state '{source.status}', not '{COMPLETED}'."
        raise EC2ClientError("IncorrectState", message)
    return source


def _copy(ebs: Ebs, response: Any, source: Any, encrypted: bool, key: str | None) -> Any:
    backend, home = response.ec2_backend, source.ec2_backend
    encrypted = encrypted or source.encrypted
    copy = Snapshot(
        backend,
        random_snapshot_id(),
        volume=Origin(NO_VOLUME, source.volume.size),
        description=response._get_param("Description") or f"[Copied {source.id} from {home.region_name}]",
        encrypted=encrypted,
        kms_key_id=(key or _default_key(backend)) if encrypted else None,
    )
    copy.codes = codes_of_snapshot(source)
    backend.snapshots[copy.id] = copy
    ebs.begin([copy], "copySnapshot", Place(home.account_id, home.region_name, source.id))
    return copy


def _default_key(backend: Any) -> str:
    return str(backend.default_kms_key_id or backend._create_default_encryption_key())
