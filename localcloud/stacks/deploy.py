"""Deploys what `chalice package` made, as `aws cloudformation package` and `deploy` do: upload, create or update."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.cloudformation import parsing

from localcloud.stacks.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localcloud.server.aws import AwsServer

log = logging.getLogger(__name__)

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


class DeploymentError(Exception):
    """The stack could not be made; the message names the resources and the reasons."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack."""

    name: str
    outputs: Mapping[str, str]
    functions: Mapping[str, str]
    """The name of each Lambda function, by logical id."""
    not_emulated: tuple[str, ...] = field(default=())
    """Resource types of the template that the emulator ignores."""


def deploy(aws: AwsServer, package: Path, name: str, parameters: Mapping[str, str]) -> Stack:
    """Create the stack, or update it, from `sam.json` and the zip beside it; raise DeploymentError."""
    template = _uploaded(aws, package)
    cloudformation = aws.client("cloudformation", internal=True)
    arguments = {
        "StackName": name,
        "TemplateBody": json.dumps(template),
        "Parameters": [{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()],
        "Capabilities": CAPABILITIES,
    }
    try:
        if _exists(cloudformation, name):
            cloudformation.update_stack(**arguments)
        else:
            cloudformation.create_stack(**arguments)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise DeploymentError(error.response["Error"]["Message"]) from error
    return _described(cloudformation, name)


def delete(aws: AwsServer, name: str) -> None:
    """Delete a stack and what it made; one that is not there is no error. Raise DeploymentError."""
    cloudformation = aws.client("cloudformation", internal=True)
    cloudformation.delete_stack(StackName=name)
    if _exists(cloudformation, name):
        raise DeploymentError(f"{name} is DELETE_FAILED: {_reasons(cloudformation, name)}")


def _uploaded(aws: AwsServer, package: Path) -> dict[str, Any]:
    """Return the template with local paths replaced by S3 objects, which are uploaded under their hash."""
    template: dict[str, Any] = json.loads((package / "sam.json").read_text())
    bucket = f"localcloud-deployments-{aws.account_id}"
    s3 = aws.client("s3", internal=True)
    region = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    s3.create_bucket(Bucket=bucket, **region)
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for name in ("CodeUri", "ContentUri"):
            if isinstance(path := properties.get(name), str) and not path.startswith("s3://"):
                properties[name] = f"s3://{bucket}/{_upload(s3, bucket, package / path)}"
        if resource["Type"] == "AWS::Lambda::LayerVersion" and isinstance(path := properties.get("Content"), str):
            properties["Content"] = {"S3Bucket": bucket, "S3Key": _upload(s3, bucket, package / path)}
    return template


def _upload(s3: Any, bucket: str, file: Path) -> str:
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise DeploymentError(f"the template wants {file}, which is not in the package") from error
    key = hashlib.sha256(content).hexdigest()
    if not s3.list_objects_v2(Bucket=bucket, Prefix=key).get("KeyCount"):
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    return key


def _exists(cloudformation: Any, name: str) -> bool:
    try:
        cloudformation.describe_stacks(StackName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return False
    return True


def _described(cloudformation: Any, name: str) -> Stack:
    found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    if found["StackStatus"] not in DONE:
        raise DeploymentError(f"{name} is {found['StackStatus']}: {_reasons(cloudformation, name)}")
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = [each for page in pages for each in page["StackResourceSummaries"]]
    return Stack(
        name=name,
        outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
        functions={
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in resources
            if each["ResourceType"] == "AWS::Lambda::Function"
        },
        not_emulated=_not_emulated(cloudformation, name),
    )


def _reasons(cloudformation: Any, name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [each for each in events if each["ResourceStatus"].endswith("_FAILED")]
    return "; ".join(
        f"{each['LogicalResourceId']} ({each['ResourceType']}): {each['ResourceStatusReason']}" for each in failed
    )


def _not_emulated(cloudformation: Any, name: str) -> tuple[str, ...]:
    template = cloudformation.get_template(StackName=name)["TemplateBody"]
    resources = (json.loads(template) if isinstance(template, str) else template)["Resources"]
    known = {*parsing.get_model_map(), *parsing.NULL_MODELS, *KINDS}
    unknown = tuple(sorted({each["Type"] for each in resources.values()} - known))
    if unknown:
        log.warning("not emulated, hence left out: %s", ", ".join(unknown))
    return unknown
