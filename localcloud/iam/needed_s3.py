"""What requests to S3 touch, beside the bucket or object in their path, and what bucket policies forbid.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import xmltodict  # type: ignore[import-untyped]  # comes with moto

from localcloud.iam.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator


def targets(request: Any, resource: str) -> Iterator[Target]:
    """Yield all that a request touches; `resource` is the bucket or object in its path."""
    operation = request._get_action()
    if operation == "DeleteObject" and request.method == "POST":
        for key in _keys_to_delete(request.body):
            yield Target(f"{resource}/{key}")
        return
    yield Target(None if resource == "*" else resource)
    if operation == "GetObject" and _is_missing(request):
        # Who may not list the bucket is not told that there is no such object:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        yield Target(f"arn:aws:s3:::{request.bucket_name}", permission="s3:ListBucket")
    if operation == "PutObject" and (source := request.headers.get("x-amz-copy-source")):
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        path = unquote(source).lstrip("/").partition("?")[0]
        yield Target(f"arn:aws:s3:::{path}", permission="s3:GetObject")


def bucket_policies(request: Any) -> list[str]:
    """Return the policy of the request's bucket, if there is one."""
    if request.service_name != "s3":
        return []
    bucket = request.backend.buckets.get(request.bucket_name)
    return [bucket.policy.decode()] if bucket and bucket.policy else []


def _is_missing(request: Any) -> bool:
    bucket = request.backend.buckets.get(request.bucket_name)
    return bucket is not None and request.backend.get_object(request.bucket_name, request.parse_key_name()) is None


def _keys_to_delete(body: bytes) -> list[str]:
    objects = xmltodict.parse(body, strip_whitespace=False, force_list=("Object",))["Delete"].get("Object", [])
    return [each["Key"] for each in objects]
