"""Reports in the stack's own bucket: one of each day, and the latest one."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.aws import said_not_now
from chalicelib.errors import BadSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "reports/idle/"
TYPES = {"html": "text/html; charset=utf-8", "json": "application/json", "csv": "text/csv; charset=utf-8"}


class ReportStore:
    """Keeps reports."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, day: date, documents: Mapping[str, str]) -> str:
        """Keep the documents of a day's report by their formats, and return where they are.

        Raises TryAgain, and BadSettings where the bucket is not there or may not be written.
        """
        for format_, text in documents.items():
            for name in (str(day), "latest"):
                self._put(f"{PREFIX}{name}.{format_}", text, TYPES[format_])
        return f"s3://{self._bucket}/{PREFIX}{day}.html"

    def _put(self, key: str, text: str, type_: str) -> None:
        try:
            with said_not_now("S3"):
                self._client.put_object(Bucket=self._bucket, Key=key, Body=text.encode(), ContentType=type_)
        except ClientError as error:
            raise BadSettings(f"the bucket {self._bucket} cannot be written: {error}") from error
