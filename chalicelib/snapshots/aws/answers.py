"""What EC2's answers about snapshots mean, by their codes.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from chalicelib.aws import NOT_NOW, SERVER_ERROR
from chalicelib.errors import Refused, TryAgain, Unclear

# Limits of the whole region: what is asked for after it is refused too.
FULL = frozenset({"SnapshotLimitExceeded", "PendingSnapshotLimitExceeded", "ResourceLimitExceeded"})
NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError)


@contextmanager
def asking_once(region: str) -> Iterator[None]:
    """Translate the answer to a request that must not be repeated blindly.

    Raises:
        Refused: EC2 will not do it, or the role may not ask; nothing was done.
        TryAgain: EC2 throttles, the region is full, or EC2 was never reached; nothing was done.
        Unclear: perhaps it was done.
    """
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in NOT_NOW | FULL:
            raise TryAgain(f"EC2 in {region} said {code}") from error
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= SERVER_ERROR:
            raise Unclear(f"EC2 in {region} said {code}") from error
        raise Refused(f"{code}: {error.response['Error'].get('Message', '')}") from error
    except NEVER_SENT as error:
        raise TryAgain(f"EC2 in {region} was not reached: {error}") from error
    except (BotoCoreError, ResponseParserError) as error:
        raise Unclear(f"EC2 in {region} did not answer: {error}") from error
