"""CreateSnapshot and CreateSnapshots.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshot.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, MissingParameterError
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from localcloud.ebs import shown
from localcloud.ebs.limits import check_volume
from localcloud.ebs.making import Origin
from localcloud.ebs.products import codes_of_volume
from localcloud.ebs.tags import check_count, copied_from, given_for, invalid
from localcloud.ebs.wire import Answer
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.ebs.control import Ebs

MOST_EXCLUDED = 40


@contextmanager
def made_in_time(ebs: Ebs) -> Iterator[None]:
    """Make snapshots in time, within EBS's limits; one that moto makes for an image is there at once."""

    def create_snapshot(response: Any) -> Answer:
        backend = response.ec2_backend
        volume = backend.get_volume(required(response, "VolumeId"))
        tags = given_for(response, "snapshot")
        response.error_on_dryrun()
        check_volume(ebs, volume)
        (snapshot,) = make(ebs, [volume], response._get_param("Description", ""))
        ebs.begin([snapshot], "createSnapshot")
        snapshot.add_tags(tags)
        return Answer(_answer(snapshot))

    def create_snapshots(response: Any) -> Answer:
        tags = given_for(response, "snapshot")
        volumes = _chosen(response.ec2_backend, response._get_param("InstanceSpecification", {}))
        from_source = response._get_param("CopyTagsFromSource") == "volume"
        tagged = [{**copied_from(each), **tags} if from_source else tags for each in volumes]
        for each in tagged:
            check_count(each)
        response.error_on_dryrun()
        for volume in volumes:
            check_volume(ebs, volume)
        snapshots = make(ebs, volumes, response._get_param("Description", ""))
        ebs.begin(snapshots, "createSnapshots")
        for snapshot, each in zip(snapshots, tagged, strict=True):
            snapshot.add_tags(each)
        return Answer({"Snapshots": [_answer(each) for each in snapshots]})

    with (
        replaced(EBSBackend, "create_snapshot", _of_its_volume(EBSBackend.create_snapshot)),
        replaced(ElasticBlockStore, "create_snapshot", create_snapshot),
        replaced(ElasticBlockStore, "create_snapshots", create_snapshots),
    ):
        yield


def make(ebs: Ebs, volumes: list[Any], description: str) -> list[Any]:
    """Make a snapshot of each volume, all at the same moment."""
    snapshots = [each.ec2_backend.create_snapshot(each.id, description) for each in volumes]
    moment = ebs.now()
    for snapshot, volume in zip(snapshots, volumes, strict=True):
        snapshot.start_time = ebs.last_made[volume.id] = moment
        snapshot.codes = codes_of_volume(ebs, volume)
    return snapshots


def required(response: Any, name: str) -> str:
    """Return a parameter that a request must have; raise `EC2ClientError`."""
    value = response._get_param(name)
    if not value:
        raise MissingParameterError(name[0].lower() + name[1:])
    return str(value)


def _chosen(backend: Any, wanted: dict[str, Any]) -> list[Any]:
    """Return the volumes of an instance of which snapshots are to be made.

    That a terminated instance, a root volume that is excluded by its id, and nothing at all are refused is
    documented, or goes without saying; their codes are not.
    """
    if not wanted.get("InstanceId"):
        raise MissingParameterError("InstanceSpecification.InstanceId")
    instance = backend.get_instance(wanted["InstanceId"])
    if instance.state == "terminated":
        raise EC2ClientError("IncorrectInstanceState", f"The instance '{instance.id}' is terminated.")
    attached = {device: mapped.volume_id for device, mapped in instance.get_block_device_mapping}
    root = attached.get(instance.root_device_name)
    excluded = _excluded(wanted.get("ExcludeDataVolumeIds", []), instance.id, set(attached.values()), root)
    if str(wanted.get("ExcludeBootVolume", False)).lower() == "true":
        excluded.add(root)
    chosen = [backend.get_volume(each) for each in attached.values() if each not in excluded]
    if not chosen:
        raise invalid(f"No volume of the instance '{instance.id}' is left of which to make a snapshot.")
    return chosen


def _excluded(ids: list[str], instance: str, attached: set[Any], root: Any) -> set[Any]:
    if len(ids) > MOST_EXCLUDED:
        raise invalid(f"No more than {MOST_EXCLUDED} volumes can be excluded.")
    if root in ids:
        raise invalid(f"The root volume '{root}' cannot be excluded by its ID. Use ExcludeBootVolume.")
    for each in ids:
        if each not in attached:
            raise invalid(f"The volume '{each}' is not attached to the instance '{instance}'.")
    return set(ids)


def _of_its_volume(create: Callable[..., Any]) -> Callable[..., Any]:
    def create_snapshot(backend: Any, volume_id: str, *args: Any, **kwargs: Any) -> Any:
        snapshot = create(backend, volume_id, *args, **kwargs)
        volume = snapshot.volume
        snapshot.volume, snapshot.kms_key_id = Origin(volume.id, int(volume.size)), volume.kms_key_id
        return snapshot

    return create_snapshot


def _answer(snapshot: Any) -> dict[str, Any]:
    return {"Tags": [], **shown.snapshot(snapshot)}
