"""Claims: taken, renewed at a third of the lease, given up when the check fails or the agent is told to end."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from machine import Machine
from playing_server import PlayingServer, Reply, problem

from groundskeeper_hosts.claims import Claim, Claims, Holding
from groundskeeper_hosts.errors import BadSettings, TryAgain
from groundskeeper_hosts.notify import Notifier
from groundskeeper_hosts.options import command
from groundskeeper_hosts.pace import pause
from groundskeeper_hosts.settings import load


class Table:
    """Plays the claims of the server; `wait` returns once so many requests have come."""

    def __init__(self, server: PlayingServer) -> None:
        self.seen: list[str] = []
        self.status = {"PUT": 201, "DELETE": 204}
        self._news = threading.Condition()
        server.claims = self._answer

    def _answer(self, method: str, path: str) -> Reply:
        with self._news:
            self.seen.append(f"{method} {path}")
            self._news.notify_all()
        status = self.status[method]
        return Reply(status, {}, b"") if status < 400 else problem(status, "host-2 holds it")

    def wait(self, count: int) -> list[str]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.seen) >= count, 30), self.seen
            return list(self.seen)


@pytest.fixture
def table(server: PlayingServer) -> Table:
    return Table(server)


CLAIM = ("db", "--holder", "host-1", "--private", "10.0.0.5")
PUT, DELETE = "PUT /claims/db", "DELETE /claims/db?holder=host-1"


def test_once_claims_and_says_what_the_contract_asks_for(machine: Machine, server: PlayingServer, table: Table) -> None:
    assert machine.run("claim", *CLAIM, "--public", "observed", "--lease", "60", "--once") == 0
    assert table.seen == [PUT]
    wish = {"private": "10.0.0.5", "public": "observed", "lease": 60, "holder": "host-1", "force": False}
    assert json.loads(server.requests[-1][3]) == wish
    assert server.last["content-type"] == "application/json"


@pytest.mark.parametrize(("status", "code"), [(409, 1), (503, 1), (429, 1), (401, 2), (403, 2), (400, 2)])
def test_once_ends_in_the_code_that_says_what_to_do(
    machine: Machine, table: Table, capsys: pytest.CaptureFixture[str], status: int, code: int
) -> None:
    table.status["PUT"] = status
    assert machine.run("claim", *CLAIM, "--once") == code
    assert "host-2 holds it" in capsys.readouterr().err


def test_once_gives_the_name_up_when_the_check_fails(machine: Machine, table: Table) -> None:
    assert machine.run("claim", *CLAIM, "--once", "--check", "false") == 1
    assert table.seen == [DELETE]


@pytest.mark.parametrize(
    "words",
    [
        ("Db", "--private", "10.0.0.5"),
        ("db.fleet", "--private", "10.0.0.5"),
        ("../hosts", "--private", "10.0.0.5"),
        ("db",),
        ("db", "--private", "10.0.0.5", "--lease", "29"),
        ("db", "--private", "10.0.0.5", "--holder", "a b"),
        ("db", "--private", "10.0.0.5", "--check", "'"),
    ],
)
def test_what_the_server_would_refuse_is_not_even_asked(machine: Machine, table: Table, words: tuple[str, ...]) -> None:
    assert machine.run("claim", *words, "--once") == 2
    assert not table.seen


def test_what_was_never_held_is_not_said_to_be_given_up(
    machine: Machine, table: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    table.status["DELETE"] = 404
    assert machine.run("claim", *CLAIM, "--check", "false", "--once") == 1
    assert "given up" not in capsys.readouterr().err


def test_on_sigterm_the_name_is_given_up(machine: Machine, table: Table) -> None:
    with machine.start("claim", *CLAIM) as agent:
        table.wait(1)
        agent.terminate()
        _, said = agent.communicate(timeout=20)
    assert agent.returncode == 0
    assert table.seen == [PUT, DELETE]
    assert said.splitlines() == ["groundskeeper-hosts: db is held", "groundskeeper-hosts: db is given up"]


class Waits:
    """Stands for the waiting of the loop: notes how long, does what the test says, and in the end stops the loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], object]) -> None:
        self.seconds: list[float] = []
        self.steps = list(steps)
        monkeypatch.setattr(Notifier, "wait", lambda _, stop, seconds: self._wait(stop, seconds))

    def _wait(self, stop: threading.Event, seconds: float) -> None:
        self.seconds.append(seconds)
        if self.steps:
            self.steps.pop(0)()
        else:
            stop.set()


def keep(machine: Machine, check: str | None = None) -> None:
    claim = Claim("db", "10.0.0.5", None, 300, "host-1", force=False)
    settings = load(None, machine.options)
    Holding(Claims(settings), claim, command(check) if check else None).keep(threading.Event())


def test_it_is_renewed_given_up_and_taken_again_as_the_check_says(
    machine: Machine, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = tmp_path / "healthy"
    healthy.touch()
    waits = Waits(monkeypatch, lambda: None, healthy.unlink, lambda: None, healthy.touch)
    keep(machine, f"test -e {healthy}")
    assert table.seen == [PUT, PUT, DELETE, PUT, DELETE]
    renewals = [waits.seconds[0], waits.seconds[1], waits.seconds[4]]
    assert all(90 <= wait <= 100 for wait in renewals), "a third of the lease, and never later"
    assert all(wait <= 10 for wait in waits.seconds[2:4]), "a check that failed is soon asked again"


def test_a_name_that_somebody_else_holds_is_asked_for_again(
    machine: Machine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.status["PUT"] = 409
    waits = Waits(monkeypatch, lambda: None, lambda: table.status.update(PUT=201))
    keep(machine)
    assert table.seen == [PUT, PUT, PUT, DELETE]
    assert max(waits.seconds) <= 100


def test_a_token_that_never_worked_ends_it_and_one_that_expires_does_not(
    machine: Machine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.status["PUT"] = 401
    with pytest.raises(BadSettings):
        keep(machine)
    table.status["PUT"] = 201
    Waits(monkeypatch, lambda: table.status.update(PUT=401), lambda: table.status.update(PUT=200))
    keep(machine)
    assert table.seen == [PUT, PUT, PUT, PUT, DELETE]


@pytest.mark.parametrize("retry_after", ["99999999", "3600", "101"])
def test_the_server_cannot_make_it_wait_until_the_lease_is_over(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch, retry_after: str
) -> None:
    server.claims = lambda method, path: problem(503, "maintenance", **{"Retry-After": retry_after})
    waits = Waits(monkeypatch, *[lambda: None] * 20)
    with pytest.raises(TryAgain):
        keep(machine)
    assert all(80 < wait <= 100 for wait in waits.seconds), waits.seconds
    assert len(set(waits.seconds)) == 21


@pytest.mark.parametrize("retry_after", ["1", "10"])
def test_hosts_that_collided_do_not_come_back_together(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch, retry_after: str
) -> None:
    server.claims = lambda method, path: problem(429, "slowly", **{"Retry-After": retry_after})
    waits = Waits(monkeypatch, *[lambda: None] * 50)
    with pytest.raises(TryAgain):
        keep(machine)
    first_failures = waits.seconds[:1] + [pause(5, 1, float(retry_after), chance / 50) for chance in range(50)]
    assert min(first_failures) >= float(retry_after)
    assert max(first_failures) - min(first_failures) > 2


def test_a_request_that_hangs_does_not_outlive_the_lease(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        machine.configure(url=f"http://127.0.0.1:{silent.getsockname()[1]}", timeout="600")
        monkeypatch.setattr(Claim, "third", 0.5)
        begun = time.monotonic()
        assert machine.run("claim", *CLAIM, "--once") == 1
        assert time.monotonic() - begun < 10


def test_a_short_timeout_of_the_settings_stays_short(machine: Machine, table: Table) -> None:
    asked: list[float] = []
    claims = Claims(load(None, machine.options))
    send = claims._transport.send
    claims._transport.send = lambda *rest, longest: asked.append(longest) or send(*rest, longest=longest)
    claims.take(Claim("db", "10.0.0.5", None, 3600, "host-1", force=False))
    assert claims._transport.timeout == 5
    assert asked == [1200]
