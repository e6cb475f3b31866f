"""What tests of the application share: an emulated AWS, one for each worker process."""

from collections.abc import Iterator

import pytest

from localcloud.aws_server import AwsServer


@pytest.fixture(scope="session")
def aws() -> Iterator[AwsServer]:
    """Return an emulated AWS with the strict Route 53; tests share it and make their own zones and tables."""
    with AwsServer() as server:
        yield server
