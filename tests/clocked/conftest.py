"""No window of a batch is waited for: tests say when what runs."""

import pytest

from localcloud.functions.pace import Pace


@pytest.fixture(scope="session")
def pace() -> Pace:
    return Pace(failed_message=1, longest_window=0.5)
