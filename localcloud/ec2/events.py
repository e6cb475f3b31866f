"""The events that EC2 puts on the default bus: state changes of instances, and changes of tags.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-state-changes.html
https://docs.aws.amazon.com/tag-editor/latest/userguide/tag-monitor.html
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.models.tags import TagBackend
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.events.bus import Emit

START = ("pending", "running")
STOP = ("stopping", "stopped")
TERMINATE = ("shutting-down", "terminated")


@contextmanager
def ec2_events(emit: Emit) -> Iterator[None]:
    """Emit the events of whatever changes instances or tags in moto: the API, CloudFormation, Auto Scaling."""
    with (
        replaced(InstanceBackend, "run_instances", _announced_launch(InstanceBackend.run_instances, emit)),
        replaced(Instance, "start", _announced(Instance.start, START, emit)),
        replaced(Instance, "stop", _announced(Instance.stop, STOP, emit)),
        replaced(Instance, "terminate", _announced(Instance.terminate, TERMINATE, emit)),
        _announced_tags(emit),
    ):
        yield


def _announce(instance: Any, states: tuple[str, ...], emit: Emit) -> None:
    backend = instance.ec2_backend
    arn = _arn(backend, "instance", instance.id)
    for state in states:
        detail = {"instance-id": instance.id, "state": state}
        emit(
            (backend.account_id, backend.region_name),
            "aws.ec2",
            "EC2 Instance State-change Notification",
            [arn],
            detail,
        )


def _announced_launch(run: Callable[..., Any], emit: Emit) -> Callable[..., Any]:
    def run_instances(backend: Any, *args: Any, **kwargs: Any) -> Any:
        reservation = run(backend, *args, **kwargs)
        for instance in reservation.instances:
            _announce(instance, START, emit)
        return reservation

    return run_instances


def _announced(method: Callable[[Any], Any], states: tuple[str, str], emit: Emit) -> Callable[[Any], Any]:
    def change(instance: Any) -> Any:
        before = method(instance)
        if before.name != instance.state:
            _announce(instance, states, emit)
        return before

    return change


@contextmanager
def _announced_tags(emit: Emit) -> Iterator[None]:
    versions: Counter[str] = Counter()

    def announced(method: Callable[..., bool]) -> Callable[..., bool]:
        def change(backend: Any, resource_ids: list[str], tags: Any) -> bool:
            before = {each: dict(backend.tags.get(each, {})) for each in resource_ids}
            answer = method(backend, resource_ids, tags)
            for each in resource_ids:
                versions[each] += 1
                _announce_tags(backend, each, before[each], versions[each], emit)
            return answer

        return change

    with (
        replaced(TagBackend, "create_tags", announced(TagBackend.create_tags)),
        replaced(TagBackend, "delete_tags", announced(TagBackend.delete_tags)),
        replaced(TagBackend, "delete_tag_keys", announced(TagBackend.delete_tag_keys)),
    ):
        yield


def _announce_tags(backend: Any, resource: str, before: dict[str, str], version: int, emit: Emit) -> None:
    after = dict(backend.tags.get(resource, {}))
    changed = sorted(key for key in before | after if before.get(key) != after.get(key))
    kind = EC2_PREFIX_TO_RESOURCE.get(resource.rpartition("-")[0])
    if not changed or kind is None:
        return
    detail = {
        "changed-tag-keys": changed,
        "service": "ec2",
        "resource-type": kind,
        "version": version,
        "tags": after,
    }
    emit(
        (backend.account_id, backend.region_name),
        "aws.tag",
        "Tag Change on Resource",
        [_arn(backend, kind, resource)],
        detail,
    )


def _arn(backend: Any, kind: str, resource: str) -> str:
    return f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:{kind}/{resource}"
