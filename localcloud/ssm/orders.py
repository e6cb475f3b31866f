"""SendCommand's request: read, and refused as AWS refuses it.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.ssm.exceptions import SSMException

from localcloud.ssm.commands import DELIVERY, Order

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPT = "AWS-RunShellScript"
PARAMETERS = {"commands", "executionTimeout", "workingDirectory"}
# Of the document: 1 second to 48 hours.
TIMEOUT = re.compile(r"([1-9]\d{0,4})|(1[0-6]\d{4})|(17[01]\d{3})|(172[0-7]\d{2})|(172800)")


def read(request: Any) -> Order:
    """Read a request; raise moto's `SSMException`."""
    document = str(request._get_param("DocumentName")).rpartition("/")[2]
    if document != SCRIPT:
        raise SSMException("InvalidDocument", f"Document with name {document} does not exist: only {SCRIPT} does here.")
    parameters = request._get_param("Parameters", {})
    _check(parameters)
    ids, targets = request._get_param("InstanceIds", []), request._get_param("Targets", [])
    if bool(ids) == bool(targets):
        raise SSMException("ValidationException", "Exactly one of InstanceIds and Targets must be given.")
    if len(set(ids)) < len(ids):
        raise SSMException("DuplicateInstanceId", "You can't specify an instance ID in more than one association.")
    timeout = request._get_int_param("TimeoutSeconds", DELIVERY)
    return Order(document, parameters, ids, targets, request._get_param("Comment", ""), timeout)


def instances(order: Order, managed: Mapping[str, Any], account: str) -> list[str]:
    """Return the instances that an order names or targets; raise moto's `SSMException`."""
    if unknown := [each for each in order.instance_ids if each not in managed]:
        text = f"Instances [[{', '.join(unknown)}]] not in a valid state for account {account}"
        raise SSMException("InvalidInstanceId", text)
    return order.instance_ids or [
        each for each, instance in managed.items() if all(_fits(instance, one) for one in order.targets)
    ]


def _check(parameters: Mapping[str, list[str]]) -> None:
    if "commands" not in parameters:
        raise SSMException("InvalidParameters", "Parameter 'commands' is required.")
    if unknown := parameters.keys() - PARAMETERS:
        raise SSMException("InvalidParameters", f"The document has no parameter {min(unknown)}.")
    if not all(map(TIMEOUT.fullmatch, parameters.get("executionTimeout", []))):
        raise SSMException("InvalidParameters", "Parameter 'executionTimeout' is from 1 to 172800 seconds.")


def _fits(instance: Any, target: Mapping[str, Any]) -> bool:
    key, values = target["Key"], target["Values"]
    tags = {each["key"]: each["value"] for each in instance.get_tags()}
    match key.partition(":"):
        case ["InstanceIds", _, _]:
            return instance.id in values
        case ["tag", _, name]:
            return tags.get(name) in values
        case ["tag-key", _, _]:
            return any(name in tags for name in values)
        case _:
            raise SSMException("InvalidParameters", f"Targets of {key} are not emulated.")
