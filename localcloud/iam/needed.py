"""Which permission an API request needs, on which resources: the IAM side of the AWS APIs that moto leaves out.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from localcloud.iam import needed_dynamodb, needed_ec2, needed_s3, needed_ssm
from localcloud.iam.target import Target
from localcloud.route53 import dns_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVICES = {"awslambda": "lambda", "resourcegroupstaggingapi": "tag"}
# API operations whose permission has another name.
PERMISSIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadBucket": "s3:ListBucket",
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}


def api_call(request: Any) -> str:
    """Return a request's service and operation, such as `route53:ChangeResourceRecordSets`."""
    return f"{SERVICES.get(request.service_name, request.service_name)}:{operation(request)}"


def permission(request: Any) -> str:
    """Return the permission that a request needs, such as `sqs:SendMessage` for a batch of messages too."""
    return PERMISSIONS.get(api_call(request), api_call(request))


def operation(request: Any) -> str:
    """Return the name of a request's API operation."""
    return str(request._get_action())


def targets(request: Any, resource: str) -> list[Target]:
    """Return all that a request touches; `resource` is what moto knows about it."""
    if request.service_name == "s3":
        return list(needed_s3.targets(request, resource))
    find = _FINDERS.get(request.service_name)
    if find:
        return list(find(request)) or [Target("*")]
    return [Target(None if resource == "*" else resource)]


def _arn(request: Any, service: str, rest: str) -> str:
    return f"arn:aws:{service}:{request.region}:{request.current_account}:{rest}"


def _route53(request: Any) -> Iterator[Target]:
    zone = request._get_param("HostedZoneId") or request._get_param("Id")
    kind = "change" if operation(request) == "GetChange" else "hostedzone"
    if not zone:
        return
    # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
    changes = request._get_param("ChangeBatch.Changes") or []
    sets = [change["ResourceRecordSet"] for change in changes]
    context = {
        "route53:changeresourcerecordsetsnormalizedrecordnames": [_normalized(each["Name"]) for each in sets],
        "route53:changeresourcerecordsetsrecordtypes": [each["Type"] for each in sets],
        "route53:changeresourcerecordsetsactions": [change["Action"] for change in changes],
    }
    yield Target(f"arn:aws:route53:::{kind}/{zone.rsplit('/', 1)[-1]}", context if changes else {})


def _normalized(name: str) -> str:
    try:
        return str(dns_names.parse(name)).removesuffix(".")
    except dns_names.BadName:
        return name.lower()


def _sqs(request: Any) -> Iterator[Target]:
    name = request._get_param("QueueName") or request._get_queue_name()
    if name:
        yield Target(_arn(request, "sqs", name))


def _sns(request: Any) -> Iterator[Target]:
    arn = request._get_param("TopicArn") or request._get_param("TargetArn")
    if arn:
        yield Target(arn)


def _events(request: Any) -> Iterator[Target]:
    if operation(request) == "PutEvents":
        for entry in request._get_param("Entries") or []:
            bus = entry.get("EventBusName") or "default"
            yield Target(bus if bus.startswith("arn:") else _arn(request, "events", f"event-bus/{bus}"))
    else:
        yield Target(None)


def _lambda(request: Any) -> Iterator[Target]:
    parts = unquote(request.path).split("/functions/")
    name = parts[1].split("/")[0] if len(parts) > 1 else ""
    if name:
        yield Target(name if name.startswith("arn:") else _arn(request, "lambda", f"function:{name}"))
    else:
        yield Target(None)


def _logs(request: Any) -> Iterator[Target]:
    group, stream = request._get_param("logGroupName"), request._get_param("logStreamName")
    if group:
        yield Target(_arn(request, "logs", f"log-group:{group}:{f'log-stream:{stream}' if stream else '*'}"))
    else:
        yield Target(None)


def _cloudwatch(request: Any) -> Iterator[Target]:
    namespace = request._get_param("Namespace")
    yield Target("*", {"cloudwatch:namespace": [namespace]} if namespace else {})


def _everything(_request: Any) -> Iterator[Target]:
    yield Target("*")


_FINDERS: dict[str, Callable[[Any], Iterator[Target]]] = {
    "awslambda": _lambda,
    "cloudwatch": _cloudwatch,
    "dynamodb": needed_dynamodb.targets,
    "ec2": needed_ec2.targets,
    "events": _events,
    "logs": _logs,
    "pricing": _everything,
    "route53": _route53,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": needed_ssm.targets,
}
