"""S3 event notifications: what happens to objects reaches the destinations that a bucket names, as AWS sends it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
"""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from moto.s3 import notifications as motos
from moto.s3.exceptions import InvalidNotificationDestination, S3ClientError
from moto.s3.models import OWNER, FakeBucket, NotificationConfiguration, S3Backend
from moto.s3.responses import S3Response

from localcloud.ground.patching import replaced
from localcloud.s3 import configuration, destinations, records
from localcloud.s3.records import LOST, Bucket, Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.events.bus import Emit
    from localcloud.functions.invoke_wire import LambdaTarget
    from localcloud.ground.gate import Gate

log = logging.getLogger(__name__)

UNCHECKED = "SkipDestinationValidation"


class Notifications:
    """Tell destinations what happened, once the request that did it is over."""

    def __init__(self, gate: Gate, target: Callable[[], LambdaTarget], emit: Emit) -> None:
        self._gate = gate
        self._target = target
        self._emit = emit

    @contextmanager
    def in_place_of_motos(self) -> Iterator[None]:
        """Send notifications.

        moto's come without many fields, encode slashes, hold two events for a multipart upload, none for a delete
        marker, and one for a version only if it is the last; it takes any destination, and swallows what fails.
        """
        with ExitStack() as stack:
            stack.enter_context(replaced(motos, "send_event", self._created))
            stack.enter_context(replaced(S3Response, "_notification_config_from_body", _read))
            stack.enter_context(replaced(FakeBucket, "set_notification_configuration", self._configuring()))
            stack.enter_context(replaced(S3Backend, "put_object", _quiet_multiparts(S3Backend.put_object)))
            stack.enter_context(replaced(S3Backend, "delete_object", self._deleting(S3Backend.delete_object)))
            yield

    def tell(self, change: Change, bucket: Any) -> int:
        """Send a change to all that are configured for it, and return how many those are."""
        wanted = bucket.notification_configuration
        if wanted is None:
            return 0
        rules = [*wanted.topic, *wanted.queue, *wanted.cloud_function]
        hit = [rule for rule in rules if rule.matches(change.event, change.key)]
        for rule in hit:
            document = {"Records": [records.record(change, rule.id)]}
            self._send(rule.arn, document, change.bucket)
        if wanted.event_bridge is not None and change.event != LOST:
            kind, detail = records.detail(change)
            where = (change.bucket.account, change.bucket.region)
            self._emit(where, "aws.s3", kind, [change.bucket.arn], detail)
        return len(hit)

    def _created(self, _account: str, event: Any, bucket: Any, key: Any) -> None:
        """Take an event of moto's; those of removals come from `_deleting`, others cannot be asked for."""
        if (name := str(event.value)).startswith("s3:ObjectCreated:"):
            version = key.version_id if bucket.is_versioned else None
            self.tell(Change(name, described(bucket), key.name, key.size, key.etag.strip('"'), version), bucket)

    def _deleting(self, delete: Any) -> Any:
        def deleted(backend: Any, bucket_name: str, key_name: str, version_id: Any = None, bypass: bool = False) -> Any:
            bucket = backend.get_bucket(bucket_name)
            before = list(bucket.keys.getlist(key_name, []))
            answer = delete(backend, bucket_name, key_name, version_id, bypass)
            if (event := _removal(bucket, before, key_name, version_id)) is not None:
                version = answer[1].get("version-id")
                self.tell(Change(event, described(bucket), key_name, version=version), bucket)
            return answer

        return deleted

    def _configuring(self) -> Any:
        def set_notification_configuration(bucket: Any, wanted: dict[str, Any] | None) -> None:
            self._configure(bucket, wanted)

        return set_notification_configuration

    def _configure(self, bucket: Any, wanted: dict[str, Any] | None) -> None:
        """Take a configuration if AWS would."""
        made = NotificationConfiguration(
            topic=(wanted or {}).get("TopicConfiguration"),
            queue=(wanted or {}).get("QueueConfiguration"),
            cloud_function=(wanted or {}).get("CloudFunctionConfiguration"),
            event_bridge=(wanted or {}).get("EventBridgeConfiguration"),
        )
        mailed = list(dict.fromkeys(rule.arn for rule in [*made.topic, *made.queue]))
        arns = list(dict.fromkeys([*mailed, *(rule.arn for rule in made.cloud_function)]))
        if any(arn.split(":")[3] != bucket.region_name for arn in arns):
            raise InvalidNotificationDestination
        if not (wanted or {}).get(UNCHECKED):
            _check(arns, described(bucket))
        bucket.notification_configuration = made if wanted else None
        for arn in mailed:
            self._send(arn, records.trial(bucket.name), described(bucket))

    def _send(self, destination: str, document: dict[str, Any], bucket: Bucket) -> None:
        self._gate.afterwards(partial(self._deliver, destination, document, bucket))

    def _deliver(self, destination: str, document: dict[str, Any], bucket: Bucket) -> None:
        try:
            with self._gate:
                destinations.check(destination, bucket)
            destinations.send(destination, document, self._gate, self._target)
        except destinations.UnusableError as error:
            log.warning("%s gets no notification of %s: %s", destination, bucket.name, error)


def described(bucket: Any) -> Bucket:
    """Return one of moto's buckets as notifications name it."""
    return Bucket(bucket.name, bucket.arn, bucket.region_name, bucket.account_id, OWNER)


def _read(response: Any) -> dict[str, Any]:
    """Read a configuration; with the header, destinations are taken as they are."""
    wanted = configuration.parsed(response.body)
    skip = str(response.headers.get("x-amz-skip-destination-validation")).lower() == "true"
    return {**wanted, UNCHECKED: skip} if wanted else {}


def _check(arns: list[str], bucket: Bucket) -> None:
    for arn in arns:
        try:
            destinations.check(arn, bucket)
        except destinations.UnusableError as error:
            message = "Unable to validate the following destination configurations"
            raise S3ClientError("InvalidArgument", f"{message}: {arn}: {error}") from error


def _quiet_multiparts(put: Any) -> Any:
    """Leave the event of a completed multipart upload to the completion."""

    def quiet(backend: Any, *args: Any, **given: Any) -> Any:
        silent = given.pop("disable_notification", False) or given.get("multipart") is not None
        return put(backend, *args, disable_notification=silent, **given)

    return quiet


def _removal(bucket: Any, before: list[Any], key: str, version: str | None) -> str | None:
    """Return the event of what a deletion did, if it did anything."""
    after = bucket.keys.getlist(key, [])
    if bucket.is_versioned and version is None:
        return "s3:ObjectRemoved:DeleteMarkerCreated"
    return "s3:ObjectRemoved:Delete" if len(after) < len(before) else None
