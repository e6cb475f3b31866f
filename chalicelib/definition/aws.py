"""The definitions in force: those of the operator, if there are any, else those that come with the application."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib import s3
from chalicelib.aws import said_not_now
from chalicelib.errors import BadDefinition

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BELIEVED_FOR = 60.0  # seconds
NOT_MODIFIED = 304


@dataclass(frozen=True)
class Definable[D]:
    """What operators define: the key of their file in the stack's bucket, how it is read, and what holds without it."""

    key: str
    read: Callable[[str | bytes], D]
    """Raises BadDefinition."""
    packaged: Callable[[], str]


class DefinitionStore[D]:
    """The operator's definitions, an object in the stack's own bucket, read again each minute at the most."""

    def __init__(
        self, client: "S3Client", bucket: str, what: Definable[D], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._bucket, self._what, self._clock = client, bucket, what, clock
        self._read_at, self._etag = float("-inf"), ""
        self._in_force: D | None = None
        self.refused: BadDefinition | None = None
        """Why the operator's definitions, as they are now, are not in force."""

    def in_force(self) -> D:
        """Return the definitions in force. Malformed ones do not replace those that were read before.

        Raises:
            BadDefinition: they are malformed, and none were read before.
            TryAgain: S3 does not answer.
        """
        if self._in_force is None or self._clock() - self._read_at > BELIEVED_FOR:
            self._renew()
        if self._in_force is None:
            assert self.refused  # noqa: S101  nothing is in force, so something was refused
            raise self.refused
        return self._in_force

    def put(self, text: str) -> D:
        """Put the operator's definitions in force; raise BadDefinition where they are malformed, TryAgain."""
        checked = self._what.read(text)
        with said_not_now("S3"):
            self._client.put_object(
                Bucket=self._bucket, Key=self._what.key, Body=text.encode(), ContentType="application/yaml"
            )
        return checked

    def text(self) -> str:
        """Return the definitions in force as they are written, comments and all; raise TryAgain."""
        try:
            with said_not_now("S3"):
                return (
                    self._client.get_object(Bucket=self._bucket, Key=self._what.key)["Body"]
                    .read()
                    .decode(errors="replace")
                )
        except ClientError as error:
            if s3.is_missing(error):
                return self._what.packaged()
            raise

    def remove(self) -> None:
        """Let the definitions that come with the application be in force again; raise TryAgain."""
        with said_not_now("S3"):
            self._client.delete_object(Bucket=self._bucket, Key=self._what.key)

    def _renew(self) -> None:
        text = self._changed()
        if text is not None:
            try:
                self._in_force, self.refused = self._what.read(text), None
            except BadDefinition as error:
                self.refused = error
        self._read_at = self._clock()

    def _changed(self) -> bytes | str | None:
        """Return the text, or None where it is the one that was read before."""
        try:
            with said_not_now("S3"):
                condition = {"IfNoneMatch": self._etag} if self._etag else {}
                found = self._client.get_object(Bucket=self._bucket, Key=self._what.key, **condition)  # type: ignore[arg-type]
                text = found["Body"].read()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == NOT_MODIFIED:
                return None
            if s3.is_missing(error):
                self._etag = ""
                return self._what.packaged()
            raise
        self._etag = found["ETag"]
        return text
