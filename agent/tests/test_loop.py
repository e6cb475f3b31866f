"""`run`: its pace, what it tells systemd, and how it ends."""

from __future__ import annotations

import os
import signal as signals
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine import Machine
from playing_server import PlayingServer, problem

from groundskeeper_hosts import loop
from groundskeeper_hosts.errors import TryAgain
from groundskeeper_hosts.notify import Notifier
from groundskeeper_hosts.pace import pause
from groundskeeper_hosts.settings import load
from groundskeeper_hosts.state import State

CHANCES = st.floats(0, 1)


@given(st.integers(5, 86400), CHANCES)
def test_polls_keep_the_interval_with_a_tenth_of_jitter(interval: int, chance: float) -> None:
    assert 0.9 * interval <= pause(interval, 0, None, chance) <= 1.1 * interval + 1e-6


@given(st.integers(5, 86400), st.integers(1, 10_000), CHANCES)
def test_failures_double_the_wait_up_to_a_quarter_of_an_hour(interval: int, failures: int, chance: float) -> None:
    wait = pause(interval, failures, None, chance)
    assert interval / 2 <= wait <= max(interval, 900)
    assert pause(interval, failures + 1, None, chance) >= wait


@given(st.integers(1, 1000), st.floats(0, 1e12), CHANCES)
def test_retry_after_is_honoured_up_to_an_hour(failures: int, retry_after: float, chance: float) -> None:
    assert min(retry_after, 3600) <= pause(60, failures, retry_after, chance) <= max(900, 3600 * 1.1)


def test_a_fleet_that_failed_together_does_not_come_back_together() -> None:
    waits = {round(pause(60, 3, 30, chance / 100)) for chance in range(100)}
    assert len(waits) > 50


class Listener:
    """What systemd hears."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(20)
        self.socket.bind(str(path))

    def hear(self) -> list[str]:
        return self.socket.recv(4096).decode().split("\n")


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Listener:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    return Listener(tmp_path / "notify")


def test_systemd_hears_ready_status_and_stopping(
    systemd: Listener, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "pause", lambda *_: 0)
    stop, answers = threading.Event(), [State(entries=7, generation=3), TryAgain("no\nway")]

    def poll(_: object) -> State:
        answer = answers.pop(0)
        if not answers:
            stop.set()
        if isinstance(answer, Exception):
            raise answer
        return answer

    loop.run(load(None, machine.options), stop, poll)
    assert systemd.hear() == ["READY=1", "STATUS=7 entries, generation 3"]
    assert systemd.hear() == ["WATCHDOG=1"]
    assert [systemd.hear() for _ in range(2)] == [["READY=1", "STATUS=no way"], ["STOPPING=1"]]


def test_the_watchdog_is_fed_in_time_while_waiting(systemd: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    stop = threading.Event()
    worker = threading.Thread(target=Notifier().wait, args=(stop, 1000))
    worker.start()
    assert [systemd.hear() for _ in range(5)] == [["WATCHDOG=1"]] * 5
    stop.set()
    worker.join()


def test_without_systemd_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Notifier().send("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/no/such/socket")
    Notifier().send("READY=1")


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_cleanly_with_one_line_for_each_change(
    systemd: Listener, machine: Machine, server: PlayingServer, signal: str
) -> None:
    environment = {**os.environ, "NOTIFY_SOCKET": os.environ["NOTIFY_SOCKET"]}
    with machine.start("run", env=environment) as agent:
        assert systemd.hear() == ["READY=1", "STATUS=5 entries, generation 1"]
        agent.send_signal(getattr(signals, signal))
        _, said = agent.communicate(timeout=20)
    assert agent.returncode == 0
    assert said.count("\n") == 1
    assert "5 entries (5 new, 0 gone)" in said


def test_a_failure_is_one_line_and_no_end(systemd: Listener, machine: Machine, server: PlayingServer) -> None:
    server.fault = lambda reply: problem(401, "expired")
    with machine.start("run") as agent:
        assert "expired" in systemd.hear()[1]
        agent.terminate()
        _, said = agent.communicate(timeout=20)
    assert agent.returncode == 0
    assert said.count("\n") == 1
