"""What S3's refusals say about an object: that it is missing, lost, or not what it was; all others pass through.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. A HEAD has no body, so its code is the status.
"""

from botocore.exceptions import ClientError

NOT_FOUND, LOST, PRECONDITION_FAILED = 404, 405, 412
NO_SUCH_KEY = frozenset({"NoSuchKey", "404", "NotFound"})
DELETE_MARKER = "x-amz-delete-marker"


def is_missing(error: ClientError) -> bool:
    """Say whether there is no such object, be it by a delete marker; a missing bucket is no missing object."""
    if _status(error) == NOT_FOUND:
        return error.response["Error"]["Code"] in NO_SUCH_KEY
    return _status(error) == LOST and _is_marker(error)


def no_such_bucket(error: ClientError) -> bool:
    """Say whether the whole bucket is missing; a HEAD cannot say so."""
    return error.response["Error"]["Code"] == "NoSuchBucket"


def is_lost(error: ClientError) -> bool:
    """Say whether S3 lists the object and has lost what it held."""
    return _status(error) == LOST and not _is_marker(error)


def is_changed(error: ClientError) -> bool:
    """Say whether the object is not the one that was asked for by its ETag."""
    return _status(error) == PRECONDITION_FAILED


def is_contended(error: ClientError) -> bool:
    """Say whether somebody else is writing the same key conditionally."""
    return error.response["Error"]["Code"] == "ConditionalRequestConflict"


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


def _is_marker(error: ClientError) -> bool:
    return error.response["ResponseMetadata"].get("HTTPHeaders", {}).get(DELETE_MARKER) == "true"
