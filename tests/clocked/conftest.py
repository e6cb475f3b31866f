"""One local cloud for each worker process, in which no window of a batch is waited for: tests say when what runs."""

import logging
from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from localcloud.functions.pace import Pace


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    with LocalCloud(pace=Pace(failed_message=1, longest_window=0.5)) as running:
        yield running
