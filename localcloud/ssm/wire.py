"""Commands and invocations as the API tells of them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from localcloud.ssm.behaviour import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.ssm.behaviour import Behaviour
    from localcloud.ssm.commands import Command, Invocation

PLUGIN = "aws:runShellScript"
LONGEST = 24_000  # characters of output: https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html
LONGEST_LISTED = 2_500


def just_sent(sent: Command) -> dict[str, Any]:
    """Return what SendCommand answers: nothing is counted yet."""
    nothing = dict.fromkeys(("CompletedCount", "ErrorCount", "DeliveryTimedOutCount"), 0)
    return {**command(sent), **nothing, "Status": "Pending", "StatusDetails": "Pending"}


def command(sent: Command) -> dict[str, Any]:
    """Return a Command."""
    order, (status, details) = sent.order, sent.status
    states = [each.state for each in sent.invocations]
    counts = Counter(each.details for each in states)
    return {
        "CommandId": sent.id,
        "DocumentName": order.document,
        "Comment": order.comment,
        "ExpiresAfter": sent.moment + timedelta(seconds=order.delivery + order.execution),
        "Parameters": order.parameters,
        "InstanceIds": order.instance_ids,
        "Targets": order.targets,
        "RequestedDateTime": sent.moment,
        "Status": status,
        "StatusDetails": details,
        "MaxConcurrency": "50",
        "MaxErrors": "0",
        "TargetCount": len(states),
        "CompletedCount": sum(each.final for each in states),
        "ErrorCount": counts["Failed"] + counts["ExecutionTimedOut"],
        "DeliveryTimedOutCount": counts["DeliveryTimedOut"],
        "TimeoutSeconds": order.delivery,
    }


def invocation(sent: Command, one: Invocation) -> dict[str, Any]:
    """Return what GetCommandInvocation answers."""
    state = one.state
    times = {"ExecutionStartDateTime": _text(sent, 0), "ExecutionElapsedTime": f"PT{one.seconds:.3f}S"}
    return {
        **_common(sent, one),
        "PluginName": PLUGIN,
        "ResponseCode": state.code,
        **times,
        "ExecutionEndDateTime": _text(sent, one.seconds) if state.final else "",
        "StandardOutputContent": state.output[:LONGEST],
        "StandardErrorContent": state.error[:LONGEST],
        "StandardOutputUrl": "",
        "StandardErrorUrl": "",
    }


def listed(sent: Command, one: Invocation, details: bool) -> dict[str, Any]:
    """Return a CommandInvocation, with its one plugin if wanted."""
    state = one.state
    plugin = {
        "Name": PLUGIN,
        "Status": state.status,
        "StatusDetails": state.details,
        "ResponseCode": state.code,
        "ResponseStartDateTime": sent.moment,
        "Output": (state.output + state.error)[:LONGEST_LISTED],
    }
    return {
        **_common(sent, one),
        "RequestedDateTime": sent.moment,
        "CommandPlugins": [plugin] if details else [],
    }


def information(instance: Any, behaviour: Behaviour) -> dict[str, Any]:
    """Return an InstanceInformation of one of moto's instances."""
    return {
        "InstanceId": instance.id,
        "PingStatus": "ConnectionLost" if isinstance(behaviour, Silent) else "Online",
        "PlatformType": "Linux",
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip,
    }


def filters(request: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield the filters of DescribeInstanceInformation, which has two forms for them."""
    for each in request._get_param("Filters", []):
        yield each["Key"], each["Values"]
    for each in request._get_param("InstanceInformationFilterList", []):
        yield each["key"], each["valueSet"]


def _common(sent: Command, one: Invocation) -> dict[str, Any]:
    return {
        "CommandId": sent.id,
        "InstanceId": one.instance_id,
        "Comment": sent.order.comment,
        "DocumentName": sent.order.document,
        "Status": one.state.status,
        "StatusDetails": one.state.details,
    }


def _text(sent: Command, seconds: float) -> str:
    return (sent.moment + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
