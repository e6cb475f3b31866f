"""What S3 tells of a bucket, and whom: read and written whole, since S3 has no other way."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.aws import said_not_now
from chalicelib.errors import BadRequest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REFUSED = "InvalidArgument"


class BucketNotifications:
    """The notification configurations of buckets.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
    """

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def read(self, bucket: str) -> dict[str, Any]:
        """Return the configuration of a bucket, as boto3 has it; raise TryAgain."""
        with said_not_now("S3"):
            found = self._client.get_bucket_notification_configuration(Bucket=bucket)
        return {name: value for name, value in found.items() if name != "ResponseMetadata"}

    def write(self, bucket: str, configuration: dict[str, Any]) -> None:
        """Replace the configuration of a bucket.

        Raises:
            BadRequest: S3 refuses it, in its own words: it overlaps, or its queue or topic cannot be reached.
            TryAgain: S3 does not answer.
        """
        try:
            with said_not_now("S3"):
                self._client.put_bucket_notification_configuration(
                    Bucket=bucket,
                    NotificationConfiguration=configuration,  # type: ignore[arg-type]
                )
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise
            raise BadRequest(
                f"S3 refuses what it should tell of {bucket}: {error.response['Error']['Message']}"
            ) from error
