"""What every adapter does about AWS itself being out of reach or out of breath."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from chalicelib.errors import BadSettings, TryAgain

SERVER_ERROR = 500
NOT_NOW = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "PriorRequestNotComplete",
        "RequestThrottled",
        "RequestLimitExceeded",  # EC2's, and DynamoDB's
        "EC2ThrottledException",
        "SlowDown",
        "Throttled",  # SNS's, with the status 429
        "KMSThrottling",  # and of a topic that is encrypted, with the status 400
        "RequestTimeout",  # S3's, with the status 400
        "TooManyRequestsException",  # Lambda's, with the status 429
        # DynamoDB says these with the status 400
        # (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html).
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "TransactionConflictException",
    }
)


DENIED = frozenset(
    {
        "UnauthorizedOperation",
        "AuthFailure",
        "OptInRequired",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",  # SNS's
    }
)


@contextmanager
def said_not_now(service: str) -> Iterator[None]:
    """Turn into TryAgain what the client's own retries could not mend: no answer, 5xx, and throttling.

    Every other answer of AWS passes through.
    """
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in NOT_NOW or status >= SERVER_ERROR:
            raise TryAgain(f"{service} said {code}") from error
        raise
    except (BotoCoreError, ResponseParserError) as error:
        raise TryAgain(f"{service} did not answer: {error}") from error


@contextmanager
def reading(service: str, region: str, *expected: str) -> Iterator[None]:
    """Translate what keeps a region from being read: TryAgain, and BadSettings, so that no region spoils another.

    Errors with ``expected`` codes pass through.
    """
    try:
        with said_not_now(f"{service} in {region}"):
            yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in expected:
            raise
        if code in DENIED:
            raise BadSettings(
                f"{service} in {region} denies access: check that Regions, and the regions that definitions name, are "
                f"regions of this account that its roles may use. {error}"
            ) from error
        raise BadSettings(f"{service} in {region} cannot be read: {error}") from error
