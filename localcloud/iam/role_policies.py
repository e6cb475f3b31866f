"""Every change made to moto's IAM: a template's roles have the policies that the template gives them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, Role, iam_backends

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def template_roles_complete() -> Iterator[None]:
    """Apply the policies of AWS::IAM::Role.

    moto keeps inline ones in a form of its own, forgets managed ones and, when a stack is updated, changes neither.
    """
    create, update = Role.create_from_cloudformation_json, Role.update_from_cloudformation_json
    delete = Role.delete_from_cloudformation_json

    def created(name: str, resource: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        return _apply(create(name, resource, *args, **kwargs), resource["Properties"])

    def deleted(name: str, resource: dict[str, Any], account: str, region: str) -> None:
        for role in iam_backends[account]["aws"].roles.values():
            if role.name == name:
                role.managed_policies.clear()  # moto would refuse to delete the role
        delete(name, resource, account, region)

    def updated(*, original_resource: Any, cloudformation_json: dict[str, Any], **kwargs: Any) -> Any:
        update(original_resource=original_resource, cloudformation_json=cloudformation_json, **kwargs)
        return _apply(original_resource, cloudformation_json["Properties"])

    with (
        replaced(Role, "create_from_cloudformation_json", staticmethod(created)),
        replaced(Role, "update_from_cloudformation_json", staticmethod(updated)),
        replaced(Role, "delete_from_cloudformation_json", staticmethod(deleted)),
    ):
        yield


@contextmanager
def aws_policies_known() -> Iterator[None]:
    """Let roles have AWS's own managed policies: moto brings their texts, but loads them only if told to.

    They are loaded, 1,500 of them, when the first one is wanted.
    """
    attach = IAMBackend.attach_role_policy

    def attached(backend: Any, policy_arn: str, role_name: str) -> None:
        if policy_arn.startswith("arn:aws:iam::aws:") and policy_arn not in backend.managed_policies:
            texts = json.loads(aws_managed_policies_data)
            for name, data in texts.items():
                policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
                backend.managed_policies.setdefault(policy.arn, policy)
        attach(backend, policy_arn, role_name)

    with replaced(IAMBackend, "attach_role_policy", attached):
        yield


def _apply(role: Any, properties: dict[str, Any]) -> Any:
    role.assume_role_policy_document = _text(properties["AssumeRolePolicyDocument"])
    role.policies.clear()
    for policy in properties.get("Policies", []):
        role.put_policy(policy["PolicyName"], _text(policy["PolicyDocument"]))
    backend = iam_backends[role.account_id]["aws"]
    wanted = set(properties.get("ManagedPolicyArns", []))
    for arn in set(role.managed_policies) - wanted:
        backend.detach_role_policy(arn, role.name)
    for arn in wanted - set(role.managed_policies):
        backend.attach_role_policy(arn, role.name)
    return role


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document, default=str)
