"""What tests of the application share: one local cloud for each worker process, which they may all use at once."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.aws_server import AwsServer
from localcloud.cloud import LocalCloud

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "build" / "package"


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """Return a local cloud in which a failed message comes back after a second, not after half an hour."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    with LocalCloud(retry_after=1) as running:
        yield running


@pytest.fixture(scope="session")
def aws(cloud: LocalCloud) -> AwsServer:
    """Return an emulated AWS with the strict Route 53; tests share it and make their own zones and tables."""
    return cloud.aws
