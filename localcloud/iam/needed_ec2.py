"""What requests to EC2 touch: what they name, what they make, and tags on what they make.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends

from localcloud.iam.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

KINDS = {
    "ami": "image",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "i": "instance",
    "sg": "security-group",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}
WITHOUT_ACCOUNT = ("image", "snapshot")
"""Kinds in whose ARNs no account stands."""


def targets(request: Any) -> Iterator[Target]:
    """Yield the resources that a request touches, each with its tags."""
    name = request._get_action()
    if name.startswith("Describe") and not name.endswith("Attribute"):
        yield Target("*")
    elif name == "RunInstances":
        # Launching touches a dozen resources, of which policies here say nothing.
        yield Target(None)
    else:
        yield from _FINDERS.get(name, _named)(request)


def _create_snapshot(request: Any) -> Iterator[Target]:
    volume = request._get_param("VolumeId") or ""
    yield _existing(request, volume)
    yield from _made_snapshot(request, {"ec2:parentvolume": [_arn(request, "volume", volume)]})


def _create_snapshots(request: Any) -> Iterator[Target]:
    chosen = request._get_param("InstanceSpecification", {})
    instance = chosen.get("InstanceId", "")
    yield _existing(request, instance)
    for volume in _volumes(request, instance, chosen):
        yield _existing(request, volume)
    yield from _made_snapshot(request)


def _volumes(request: Any, instance_id: str, chosen: Mapping[str, Any]) -> Iterator[str]:
    """Yield the volumes of an instance that a call is about."""
    instance = ec2_backends[request.current_account][request.region].get_instance_by_id(instance_id)
    without_root = str(chosen.get("ExcludeBootVolume")).lower() == "true"
    for device, mapped in instance.get_block_device_mapping if instance else ():
        root = device == instance.root_device_name
        if not (root and without_root) and mapped.volume_id not in chosen.get("ExcludeDataVolumeIds", []):
            yield mapped.volume_id


def _copy_snapshot(request: Any) -> Iterator[Target]:
    source, region = request._get_param("SourceSnapshotId") or "", request._get_param("SourceRegion")
    yield _existing(request, source, region=region or request.region)
    yield from _made_snapshot(request)


def _made_snapshot(request: Any, context: Mapping[str, list[str]] | None = None) -> Iterator[Target]:
    """Yield the snapshot that a request makes, and once more if it is tagged: that is a permission of its own."""
    tags = {
        tag["Key"]: tag.get("Value", "")
        for specification in request._get_param("TagSpecifications", [])
        for tag in specification.get("Tags", [])
    }
    arn, asked = _arn(request, "snapshot", "*"), _request_tags(tags)
    yield Target(arn, {**(context or {}), **asked})
    if tags or request._get_param("CopyTagsFromSource"):
        yield Target(arn, {"ec2:createaction": [request._get_action()], **asked}, "ec2:CreateTags")


def _tags(request: Any) -> Iterator[Target]:
    tags = {tag["Key"]: tag.get("Value", "") for tag in request._get_param("Tags", [])}
    for each in request._get_param("Resources", []):
        yield _existing(request, each, _request_tags(tags))


def _named(request: Any) -> Iterator[Target]:
    """Yield all that a request names; the value of a tag may look like a name, and is none."""
    values = {
        value
        for name, values in request.querystring.items()
        for value in values
        if isinstance(value, str) and not name.startswith("Tag")
    }
    for value in sorted(values):
        if "-" in value and value.partition("-")[0] in KINDS:
            yield _existing(request, value)


def _existing(
    request: Any, identity: str, context: Mapping[str, list[str]] | None = None, region: str | None = None
) -> Target:
    """Return a resource with its tags as conditions see them."""
    region = region or request.region
    held = ec2_backends[request.current_account][region].tags.get(identity, {})
    tags = {f"{prefix}:resourcetag/{key.lower()}": [held[key]] for key in held for prefix in ("aws", "ec2")}
    kind = KINDS.get(identity.partition("-")[0], identity.partition("-")[0])
    return Target(_arn(request, kind, identity, region), {**tags, **(context or {})})


def _request_tags(tags: Mapping[str, str]) -> dict[str, list[str]]:
    context = {f"aws:requesttag/{key.lower()}": [value] for key, value in tags.items()}
    return {**context, "aws:tagkeys": list(tags)} if tags else {}


def _arn(request: Any, kind: str, identity: str, region: str | None = None) -> str:
    account = "" if kind in WITHOUT_ACCOUNT else request.current_account
    return f"arn:aws:ec2:{region or request.region}:{account}:{kind}/{identity}"


_FINDERS: dict[str, Callable[[Any], Iterator[Target]]] = {
    "CopySnapshot": _copy_snapshot,
    "CreateSnapshot": _create_snapshot,
    "CreateSnapshots": _create_snapshots,
    "CreateTags": _tags,
    "DeleteTags": _tags,
}
