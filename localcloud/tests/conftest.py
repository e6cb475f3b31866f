"""What several of localcloud's tests share."""

from collections.abc import Iterator

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.clouds import cloud, package, tiny  # noqa: F401 - fixtures


@pytest.fixture
def aws() -> Iterator[AwsServer]:
    """A started AWS with nothing in it."""
    with AwsServer() as server:
        yield server
