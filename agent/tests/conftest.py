"""What the agent's tests share: the package on the path, a server of their own, a machine of files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

AGENT = Path(__file__).parent.parent
sys.path.insert(0, str(AGENT))
sys.path.insert(0, str(AGENT / "tests"))

from machine import Machine  # noqa: E402
from playing_server import PlayingServer  # noqa: E402


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[PlayingServer]:
    with PlayingServer() as running:
        yield running


@pytest.fixture
def machine(tmp_path: Path, server: PlayingServer) -> Machine:
    return Machine(tmp_path, server.url)
