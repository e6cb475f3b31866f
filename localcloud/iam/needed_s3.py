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


LISTING = {"ListBucket", "ListObjects", "ListObjectsV2", "ListBucketVersions"}


def targets(request: Any, resource: str) -> Iterator[Target]:
    """Yield all that a request touches; `resource` is the bucket or object in its path.

    Of a batch of deletions nothing: each stands for itself, and may be refused alone (`deletions`).
    """
    operation = request._get_action()
    if operation == "DeleteObject" and request.method == "POST":
        return
    yield Target(None if resource == "*" else resource, _listed(request) if operation in LISTING else {})
    if operation == "GetObject" and _is_missing(request, request.bucket_name, request.parse_key_name()):
        # Who may not list the bucket is not told that there is no such object:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        yield Target(f"arn:aws:s3:::{request.bucket_name}", permission="s3:ListBucket")
    if operation == "PutObject" and (source := request.headers.get("x-amz-copy-source")):
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        path = unquote(source.partition("?")[0]).lstrip("/")
        yield Target(f"arn:aws:s3:::{path}", permission="s3:GetObject")
        bucket, _, key = path.partition("/")
        if _is_missing(request, bucket, key):
            yield Target(f"arn:aws:s3:::{bucket}", permission="s3:ListBucket")


def deletions(request: Any) -> list[Target]:
    """Return what a batch of deletions touches, one by one.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    given = xmltodict.parse(request.body, strip_whitespace=False, force_list=("Object",))["Delete"]
    return [
        Target(
            f"arn:aws:s3:::{request.bucket_name}/{each['Key']}",
            permission="s3:DeleteObjectVersion" if each.get("VersionId") else "s3:DeleteObject",
        )
        for each in given.get("Object", [])
    ]


def bucket_policies(request: Any) -> list[str]:
    """Return the policy of the request's bucket, if there is one."""
    if request.service_name != "s3":
        return []
    bucket = request.backend.buckets.get(request.bucket_name)
    return [bucket.policy.decode()] if bucket and bucket.policy else []


def _listed(request: Any) -> dict[str, list[str]]:
    """Return what conditions on a listing look at: https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html."""
    given = {name: request.querystring.get(name) for name in ("prefix", "delimiter", "max-keys")}
    return {f"s3:{name}": list(values) for name, values in given.items() if values}


def _is_missing(request: Any, bucket: str, key: str) -> bool:
    return bucket in request.backend.buckets and request.backend.get_object(bucket, key) is None
