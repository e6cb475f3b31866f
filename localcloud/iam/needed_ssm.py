"""What requests to Systems Manager touch: a command its document and each of its instances.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends

from localcloud.iam.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

# Operations that know no resources.
EVERYTHING = {
    "CancelCommand",
    "DescribeInstanceInformation",
    "GetCommandInvocation",
    "ListCommandInvocations",
    "ListCommands",
}


def targets(request: Any) -> Iterator[Target]:
    """Yield the document and the instances of a command; for other operations all, or something unknown."""
    operation = request._get_action()
    if operation == "SendCommand":
        yield Target(_document(request, str(request._get_param("DocumentName"))))
        for instance in _instances(request):
            yield Target(_arn(request, "ec2", f"instance/{instance}"), _tags(request, instance))
    else:
        yield Target("*" if operation in EVERYTHING else None)


def _document(request: Any, name: str) -> str:
    """Return a document's ARN; AWS's own ones have no account."""
    if name.startswith("arn:"):
        return name
    if name.startswith("AWS-"):
        return f"arn:aws:ssm:{request.region}::document/{name}"
    return _arn(request, "ssm", f"document/{name}")


def _instances(request: Any) -> list[str]:
    """Return the instances that are named; `*` stands for those that are chosen by their tags."""
    chosen = request._get_param("Targets", [])
    named = [each["Values"] if each["Key"] == "InstanceIds" else ["*"] for each in chosen]
    return [*request._get_param("InstanceIds", []), *(value for values in named for value in values)]


def _tags(request: Any, instance: str) -> dict[str, list[str]]:
    tags = dict(ec2_backends[request.current_account][request.region].tags.get(instance, {}))
    return {f"{prefix}:resourcetag/{key.lower()}": [value] for key, value in tags.items() for prefix in ("aws", "ssm")}


def _arn(request: Any, service: str, rest: str) -> str:
    return f"arn:aws:{service}:{request.region}:{request.current_account}:{rest}"
