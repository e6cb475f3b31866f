"""The definitions in force: those of the operator, if there are any, else those that come with the application."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.aws import said_not_now
from chalicelib.derived import definitions
from chalicelib.derived.aws import answers
from chalicelib.derived.definitions import Definitions
from chalicelib.errors import BadDefinition

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "definitions/transformations.yaml"
BELIEVED_FOR = 60.0  # seconds
NOT_MODIFIED = 304


class DefinitionStore:
    """The operator's definitions, an object in the stack's own bucket, read again each minute at the most."""

    def __init__(self, client: "S3Client", bucket: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._bucket, self._clock = client, bucket, clock
        self._read_at, self._etag = float("-inf"), ""
        self._in_force: Definitions | None = None
        self.refused: BadDefinition | None = None
        """Why the operator's definitions, as they are now, are not in force."""

    def in_force(self) -> Definitions:
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

    def put(self, text: str) -> Definitions:
        """Put the operator's definitions in force; raise BadDefinition where they are malformed, TryAgain."""
        checked = definitions.read(text)
        with said_not_now("S3"):
            self._client.put_object(Bucket=self._bucket, Key=KEY, Body=text.encode(), ContentType="application/yaml")
        return checked

    def text(self) -> str:
        """Return the definitions in force as they are written, comments and all; raise TryAgain."""
        try:
            with said_not_now("S3"):
                return self._client.get_object(Bucket=self._bucket, Key=KEY)["Body"].read().decode()
        except ClientError as error:
            if answers.is_missing(error):
                return definitions.packaged()
            raise

    def remove(self) -> None:
        """Let the definitions that come with the application be in force again; raise TryAgain."""
        with said_not_now("S3"):
            self._client.delete_object(Bucket=self._bucket, Key=KEY)

    def _renew(self) -> None:
        text = self._changed()
        if text is not None:
            try:
                self._in_force, self.refused = definitions.read(text), None
            except BadDefinition as error:
                self.refused = error
        self._read_at = self._clock()

    def _changed(self) -> bytes | str | None:
        """Return the text, or None where it is the one that was read before."""
        try:
            with said_not_now("S3"):
                condition = {"IfNoneMatch": self._etag} if self._etag else {}
                found = self._client.get_object(Bucket=self._bucket, Key=KEY, **condition)  # type: ignore[arg-type]
                text = found["Body"].read()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == NOT_MODIFIED:
                return None
            if answers.is_missing(error):
                self._etag = ""
                return definitions.packaged()
            raise
        self._etag = found["ETag"]
        return text
