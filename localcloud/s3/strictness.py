"""S3's limits and preconditions, where moto knows none.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import xmltodict  # type: ignore[import-untyped]  # comes with moto
from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import InvalidContinuationToken, MalformedXML, PreconditionFailed, S3ClientError
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response
from werkzeug.datastructures import Headers

from localcloud.ground.patching import replaced
from localcloud.iam import access, needed_s3

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_AT_ONCE = 1000
LONGEST_KEY = 1024
"""Bytes of UTF-8; https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html."""
MOST_METADATA = 2048
"""Bytes, names and values together; https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html."""
META = "x-amz-meta-"
DELETED = re.compile(r"<Deleted>.*?</Deleted>", re.DOTALL)


@contextmanager
def limits_kept() -> Iterator[None]:
    """Refuse keys, metadata, pages and batches over S3's limits, and continuation tokens never given."""
    with ExitStack() as stack:
        stack.enter_context(replaced(S3Response, "_key_response", _checked(S3Response._key_response)))
        stack.enter_context(replaced(S3Response, "list_objects_v2", _paged(S3Response.list_objects_v2)))
        stack.enter_context(replaced(S3Response, "list_objects", _paged(S3Response.list_objects)))
        stack.enter_context(replaced(S3Backend, "list_objects_v2", _continued(S3Backend.list_objects_v2)))
        batch = _batched(S3Response._bucket_response_delete_keys)
        stack.enter_context(replaced(S3Response, "_bucket_response_delete_keys", batch))
        yield


@contextmanager
def preconditions_kept() -> Iterator[None]:
    """Compare ETags as S3 does: moto wants them quoted on HEAD, ignores them on copies, and odd ones on PUT."""
    head, copy, put = S3Response.head_object, S3Response.copy_object, S3Response.put_object

    def head_object(response: Any, bucket: str, query: Any, key: str, headers: Any) -> Any:
        quoted = Headers(headers)
        for name in ("If-Match", "If-None-Match"):
            if name in quoted:
                quoted[name] = _quoted(quoted[name])
        return head(response, bucket, query, key, headers=quoted)

    def copy_object(response: Any) -> Any:
        wanted = response.headers.get("x-amz-copy-source-if-match")
        source = _source(response) if wanted else None
        if source is not None and wanted.strip('"') not in ("*", source.etag.strip('"')):
            raise PreconditionFailed("x-amz-copy-source-If-Match")
        return copy(response)

    def put_object(response: Any) -> Any:
        if response.headers.get("If-None-Match", "*") != "*":
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
            message = "A header you provided implies functionality that is not implemented"
            _, headers, body = response.serialized(ActionResult(S3ClientError("NotImplemented", message)))
            return 501, headers, body
        return put(response)

    with (
        replaced(S3Response, "head_object", head_object),
        replaced(S3Response, "copy_object", copy_object),
        replaced(S3Response, "put_object", put_object),
    ):
        yield


def _checked(respond: Any) -> Any:
    def key_response(response: Any, request: Any, full_url: str) -> Any:
        if len(response.parse_key_name().encode()) > LONGEST_KEY:
            raise S3ClientError("KeyTooLongError", "Your key is too long")
        if request.method in ("PUT", "POST") and _metadata_size(request.headers) > MOST_METADATA:
            raise S3ClientError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
        return respond(response, request, full_url)

    return key_response


def _metadata_size(headers: Mapping[str, str]) -> int:
    own = ((name[len(META) :], value) for name, value in headers.items() if name.lower().startswith(META))
    return sum(len(name) + len(value.encode()) for name, value in own)


def _paged(list_objects: Any) -> Any:
    def at_most(response: Any) -> Any:
        if int(response.querystring.get("max-keys", ["0"])[0]) > MOST_AT_ONCE:
            response.querystring["max-keys"] = [str(MOST_AT_ONCE)]
        return list_objects(response)

    return at_most


def _continued(list_objects: Any) -> Any:
    def known(backend: Any, *args: Any, **given: Any) -> Any:
        token = given["continuation_token"]
        if token is not None and token not in backend._pagination_tokens:
            raise InvalidContinuationToken
        return list_objects(backend, *args, **given)

    return known


def _batched(delete: Any) -> Any:
    """Take a thousand keys at the most, refuse each for itself, and keep quiet on the deleted ones if told to."""

    def delete_keys(response: Any, bucket_name: str, authenticated: bool = True) -> Any:
        given = xmltodict.parse(response.body, strip_whitespace=False, force_list=("Object",))["Delete"]
        if len(given.get("Object", [])) > MOST_AT_ONCE:
            raise MalformedXML
        denied = access.denied(response, needed_s3.deletions(response))

        def permission(_bucket: Any, _action: str, arn: str) -> PermissionResult:
            return PermissionResult.DENIED if arn in denied else PermissionResult.NEUTRAL

        with replaced(FakeBucket, "get_permission", permission):  # which moto asks for each key
            status, headers, body = delete(response, bucket_name, authenticated)
        if str(given.get("Quiet")).lower() == "true":
            body = DELETED.sub("", body if isinstance(body, str) else body.decode())
        return status, headers, body

    return delete_keys


def _quoted(etags: str) -> str:
    return etags if etags == "*" or etags.startswith(('"', "W/")) else f'"{etags}"'


def _source(response: Any) -> Any:
    """Return the object that a copy is made of, if it is there."""
    path, _, query = response.headers["x-amz-copy-source"].partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    return response.backend.get_object(bucket, key, parse_qs(query).get("versionId", [None])[0])
