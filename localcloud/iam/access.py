"""Who signs a request, and whether they may make it: signatures and IAM policies as AWS checks them.

moto's own check fails on requests without a body and asks for no resource (so that a policy that names one never
allows anything), and answers in a form that no SDK reads; hence this one, on moto's users, roles and policies.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import hmac
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from moto.core.utils import get_service_model
from moto.iam.access_control import (
    AssumedRoleAccessKey,
    CreateAccessKeyFailure,
    IAMUserAccessKey,
    create_access_key,
)
from moto.iam.models import iam_backends
from moto.s3.exceptions import S3ClientError

from localcloud.iam import needed as targets
from localcloud.iam import needed_s3, policy, presigned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localcloud.iam.target import Target

BODY = "localcloud.body"
"""The request's whole body in the WSGI environment: a form that moto has read is gone from the request."""


@dataclass(frozen=True)
class _Words:
    """The error codes by which services of one protocol refuse a request."""

    unknown_key: str
    bad_signature: str
    denied: str


_JSON = _Words("UnrecognizedClientException", "InvalidSignatureException", "AccessDeniedException")
_XML = _Words("InvalidClientTokenId", "SignatureDoesNotMatch", "AccessDenied")
_EC2 = _Words("AuthFailure", "AuthFailure", "UnauthorizedOperation")
_S3 = _Words("InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied")
_SNS = _Words("InvalidClientTokenId", "SignatureDoesNotMatch", "AuthorizationError")
CODES = [code for words in (_JSON, _XML, _EC2, _S3, _SNS) for code in astuple(words)]
"""Every code by which a request may be refused."""


class Refused(S3ClientError):  # type: ignore[misc]  # moto is untyped here
    """A request that its caller may not make; S3's own kind of error, for moto's S3 lets no other through."""

    def __init__(self, code: str, message: str, arn: str | None = None) -> None:
        super().__init__(code, message)
        self.arn = arn


def check(request: Any, resource: str) -> None:
    """Check a request's signature and its caller's permissions; raise `Refused`."""
    words = _words(request)
    if (query := _presigned(request)) and query.fault:
        raise Refused(query.fault.code, query.fault.message) from query.fault
    credential = _field(request, "Credential").split("/")
    try:
        caller = _caller(request, credential[0])
    except (CreateAccessKeyFailure, KeyError) as failure:  # KeyError: a role's key without its token
        raise Refused(words.unknown_key, "The security token included in the request is invalid.") from failure
    if not hmac.compare_digest(_signature(request, caller, credential), _field(request, "Signature")):
        raise Refused(
            words.bad_signature,
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
        )
    if targets.permission(request) == "sts:GetCallerIdentity":
        return  # allowed even where it is denied
    for refusal in _refusals(request, caller, targets.targets(request, resource)):
        raise refusal


def denied(request: Any, touched: Iterable[Target]) -> set[str | None]:
    """Return the ARNs of those targets that the caller of a checked request may not touch."""
    caller = _caller(request, _field(request, "Credential").split("/")[0])
    return {refusal.arn for refusal in _refusals(request, caller, touched)}


def _caller(request: Any, key: str) -> IAMUserAccessKey | AssumedRoleAccessKey:
    return create_access_key(
        account_id=request.current_account, partition="aws", access_key_id=key, headers=request.headers
    )


def _refusals(
    request: Any, caller: IAMUserAccessKey | AssumedRoleAccessKey, touched: Iterable[Target]
) -> Iterator[Refused]:
    documents = [_document(each) for each in caller.collect_policies()]
    common, names = _common_context(request, caller), _names(caller.arn, request.current_account)
    for target in touched:
        action = target.permission or targets.permission(request)
        context = {**common, **target.context}
        if policy.denies(needed_s3.bucket_policies(request), action, target.arn, context, names):
            reason = "with an explicit deny in a resource-based policy"
        elif _allowed(request, caller.arn, documents, action, target.arn, context):
            continue
        else:
            reason = f"because no identity-based policy allows the {action} action"
        message = f"User: {caller.arn} is not authorized to perform: {action} on resource: {target.arn or '*'} {reason}"
        yield Refused(_words(request).denied, message, target.arn)


def _allowed(
    request: Any, caller: str, documents: list[str], action: str, arn: str | None, context: dict[str, list[str]]
) -> bool:
    allowed = policy.allows(documents, action, arn, context)
    if allowed and action == "sts:AssumeRole":
        return _trusted(str(arn), request.current_account, caller, context)
    return allowed


def _trusted(role_arn: str, account: str, caller: str, context: dict[str, list[str]]) -> bool:
    """Tell whether a role exists and trusts the caller: the caller itself or its account."""
    roles = iam_backends[role_arn.split(":")[4]]["aws"].roles.values()
    documents = [role.assume_role_policy_document for role in roles if role.arn == role_arn]
    return policy.allows(documents, "sts:AssumeRole", None, context, _names(caller, account))


def _names(caller: str, account: str) -> dict[str, set[str]]:
    """Return all by which a policy of a role or resource may mean a caller."""
    return {"AWS": {caller, _principal(caller, account), account, f"arn:aws:iam::{account}:root"}}


def _principal(caller: str, account: str) -> str:
    """Return who a caller is to a policy: of an assumed role its role, not the session.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    return f"arn:aws:iam::{account}:role/{caller.split('/')[1]}" if ":assumed-role/" in caller else caller


def _common_context(request: Any, caller: Any) -> dict[str, list[str]]:
    context = {
        "aws:principalarn": [_principal(caller.arn, request.current_account)],
        "aws:principalaccount": [request.current_account],
        "aws:requestedregion": [request.region],
        # Clients of an emulator on loopback speak HTTP; policies that insist on TLS mean the real AWS.
        "aws:securetransport": ["true"],
    }
    if request.service_name == "sts" and (external := request._get_param("ExternalId")):
        context["sts:externalid"] = [external]
    return context


def _document(attached: Any) -> str:
    """Return the text of a policy in any of the forms in which moto keeps one."""
    if isinstance(attached, str):
        return attached
    if isinstance(attached, dict):
        return str(attached["policy_document"])
    return next(str(version.document) for version in attached.versions if version.is_default)


def _signature(request: Any, caller: Any, credential: list[str]) -> str:
    _, _, region, service, _ = credential
    environ = request.normalized_request.environ
    query = _presigned(request)
    signed = _field(request, "SignedHeaders").split(";")
    aws = AWSRequest(
        method=request.method,
        url=environ["REQUEST_URI"],
        data=environ[BODY],
        headers={name: value for name, value in request.headers.items() if name.lower() in signed},
        params=query.signed_pairs if query else None,  # type: ignore[arg-type]  # pairs do, too
    )
    aws.context["timestamp"] = request.headers["X-Amz-Date"]
    by_header = S3SigV4Auth if service == "s3" else SigV4Auth
    auth = (S3SigV4QueryAuth if query else by_header)(caller.create_credentials(), service, region)
    return str(auth.signature(auth.string_to_sign(aws, auth.canonical_request(aws)), aws))


def _presigned(request: Any) -> presigned.Presigned | None:
    found: presigned.Presigned | None = request.normalized_request.environ.get(presigned.KEY)
    return found


def _field(request: Any, name: str) -> str:
    return str(request.headers["Authorization"]).partition(f"{name}=")[2].partition(",")[0].strip()


def _words(request: Any) -> _Words:
    if request.service_name in ("s3", "s3control"):
        return _S3
    if request.service_name == "ec2":
        return _EC2
    if request.service_name == "sns":
        return _SNS
    # SQS speaks JSON now, and kept the codes of the time when it did not.
    json = "json" in get_service_model(request.boto3_service_name).metadata["protocol"]
    return _JSON if json and request.service_name != "sqs" else _XML
