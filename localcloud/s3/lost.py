"""Objects that S3 has lost: the key is still there, the bytes are not. Delete markers answer alike, and stand beside.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import MethodNotAllowed, MissingKey, MissingVersion
from moto.s3.models import FakeDeleteMarker, S3Backend, s3_backends
from moto.s3.responses import S3Response

from localcloud.ground.patching import replaced
from localcloud.s3.notifications import described
from localcloud.s3.records import LOST, Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.s3.notifications import Notifications

FRAGILE = "REDUCED_REDUNDANCY"


class NotThereError(LookupError):
    """There is no such bucket or object to lose."""


def lose(notifications: Notifications, account: str, bucket_name: str, key_name: str) -> int | None:
    """Lose an object; raise NotThereError.

    Return how many destinations are told; None for a storage class of which S3 tells nobody. Only the loss of
    objects of reduced redundancy is told:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
    """
    backend = s3_backends[account]["aws"]
    bucket = backend.buckets.get(bucket_name)
    if bucket is None:
        raise NotThereError(f"there is no bucket {bucket_name}")
    key = backend.get_object(bucket_name, key_name)
    if key is None:
        raise NotThereError(f"there is no object {key_name} in the bucket {bucket_name}")
    key.lost = True
    if key.storage_class != FRAGILE:
        return None
    return notifications.tell(Change(LOST, described(bucket), key_name), bucket)


@contextmanager
def losses_and_delete_markers() -> Iterator[None]:
    """Refuse to read lost objects; answer for delete markers as AWS does, and set them where nothing was, too.

    moto says of a marker only that there is no such key or version, and lets a deletion of nothing do nothing.
    """
    with ExitStack() as stack:
        stack.enter_context(replaced(S3Response, "get_object", _marked(S3Response.get_object)))
        stack.enter_context(replaced(S3Response, "_get_key", _kept(S3Response._get_key)))
        stack.enter_context(replaced(S3Backend, "head_object", _kept(S3Backend.head_object)))
        stack.enter_context(replaced(S3Backend, "copy_object", _copied(S3Backend.copy_object)))
        stack.enter_context(replaced(S3Backend, "upload_part_copy", _part_copied(S3Backend.upload_part_copy)))
        stack.enter_context(replaced(S3Backend, "_set_delete_marker", _delete_marker_set))
        yield


def _marked(get: Any) -> Any:
    def get_object(response: Any) -> Any:
        try:
            return get(response)
        except (MissingKey, MissingVersion) as missing:
            version = response.querystring.get("versionId", [None])[0]
            marker = response.backend.get_object(
                response.bucket_name, response.parse_key_name(), version, return_delete_marker=True
            )
            if marker is None:
                raise
            error = MethodNotAllowed("GET", "DeleteMarker") if version else missing
            status, headers, body = response.serialized(ActionResult(error))
            allowed = {"allow": "DELETE"} if version else {}
            told = {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version_id, **allowed}
            return status, {**headers, **told}, body

    return get_object


def _kept(find: Any) -> Any:
    """Let a method find only what is not lost."""

    def found(*args: Any, **kwargs: Any) -> Any:
        answer = find(*args, **kwargs)
        _refuse_lost(answer[0] if isinstance(answer, tuple) else answer)
        return answer

    return found


def _copied(copy: Any) -> Any:
    def copy_object(backend: Any, source: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse_lost(source)
        return copy(backend, source, *args, **kwargs)

    return copy_object


def _part_copied(copy: Any) -> Any:
    def upload_part_copy(backend: Any, *args: Any, **given: Any) -> Any:
        source = backend.get_object(given["src_bucket_name"], given["src_key_name"], given["src_version_id"])
        _refuse_lost(source)
        return copy(backend, *args, **given)

    return upload_part_copy


def _refuse_lost(key: Any) -> None:
    if getattr(key, "lost", False):
        raise MethodNotAllowed


def _delete_marker_set(backend: Any, bucket_name: str, key_name: str) -> Any:
    keys = backend.get_bucket(bucket_name).keys
    keys[key_name] = marker = FakeDeleteMarker(key=keys.get(key_name) or SimpleNamespace(name=key_name))
    return marker
