"""What nobody foresaw: nested, infinite and vanished things; each is one line and an exit code, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from machine import AGENT, OUTSIDE, START, Machine
from playing_server import TOKEN, PlayingServer, Reply, entries, problem

from groundskeeper_hosts import claims, loop, sync
from groundskeeper_hosts.errors import TryAgain
from groundskeeper_hosts.log import printable
from groundskeeper_hosts.notify import Notifier
from groundskeeper_hosts.settings import load
from groundskeeper_hosts.state import State

NESTED = b"[" * 65_000


def state_file(machine: Machine) -> Path:
    return next(machine.state.glob("*.json"))


def test_a_problem_that_is_nested_without_end_is_a_failure_like_any_other(
    machine: Machine, server: PlayingServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.fault = lambda reply: Reply(503, {"Content-Type": "application/problem+json"}, NESTED)
    assert machine.run() == 1
    assert capsys.readouterr().err.endswith("answered 503\n")


@pytest.mark.parametrize(
    "name", ["\u212aelvin.fleet.example", "\u017fun.fleet.example", "host.\u212aelvin.fleet.example"]
)
def test_letters_that_only_unicode_takes_for_ascii_are_no_host_name(
    machine: Machine, server: PlayingServer, name: str
) -> None:
    server.serve(f"10.0.0.1\t{name}\n")
    assert machine.run() == 3
    assert machine.content == OUTSIDE


@pytest.mark.parametrize("command", ["rm {file}", "mv {file} {file}.moved", "sh -c 'rm {file} && mkdir {file}'"])
def test_a_check_may_take_the_candidate_away(machine: Machine, command: str) -> None:
    machine.configure(check=command)
    assert machine.run() == 0
    assert len(machine.names()) == 5


@pytest.mark.parametrize(
    "content",
    [
        NESTED,
        b'{"last_success": 1e999}',
        b'{"last_success": -1e999}',
        b'{"failing_since": NaN}',
        b'{"last_success": 1' + b"0" * 400 + b"}",
        b'{"failures": 9' + b"0" * 4000 + b"}",
        b'{"generation": 9223372036854775808}',
        b'{"last_error": "\\ud800"}',
    ],
    ids=["nested", "infinite", "minus infinite", "not a number", "huge time", "huge count", "64 bits", "surrogate"],
)
@pytest.mark.parametrize("command", ["sync", "status", "doctor"])
def test_a_state_that_no_run_of_ours_wrote_is_as_good_as_none(machine: Machine, content: bytes, command: str) -> None:
    machine.run()
    state_file(machine).write_bytes(content)
    machine.configure(max_stale="0")
    assert machine.run(command) == 0


def test_a_state_from_the_future_is_as_good_as_none(machine: Machine, server: PlayingServer) -> None:
    """The clock was wrong when it was written: nothing may wait until that time has come."""
    server.serve(entries(20))
    machine.run()
    future = time.time() + 10 * 365 * 86400
    machine.configure(max_stale="0")
    server.fault = lambda reply: problem(503, "later")
    state_file(machine).write_text(json.dumps({**_state(machine), "last_success": future, "failing_since": future}))
    assert [machine.run(), machine.run(), machine.run("status")] == [1, 4, 4]
    server.fault = lambda reply: reply
    server.serve(entries(5))
    machine.configure(confirm_after="0")
    assert machine.run() == 3
    state_file(machine).write_text(json.dumps({**_state(machine), "doubted_since": future}))
    assert [machine.run(), machine.run(), machine.run()] == [3, 3, 0]


def _state(machine: Machine) -> dict:
    return dict(json.loads(state_file(machine).read_text()))


def bug(*_: object, **__: object) -> None:
    raise RuntimeError("a bug\nof ours")


def test_a_fault_of_ours_is_one_line_that_names_its_place_and_is_counted(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sync, "parse", bug)
        assert machine.run() == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "RuntimeError in test_faults.py" in said
    assert _state(machine)["failures"] == 1
    assert machine.content == OUTSIDE
    assert machine.run() == 0


@pytest.mark.parametrize("command", ["sync", "status", "uninstall"])
def test_a_fault_of_ours_before_the_poll_is_one_line_too(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.setattr("groundskeeper_hosts.target.Target.of", bug)
    assert machine.run(command) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_fault_of_ours_does_not_end_run(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waits: list[float] = []

    def wait(_: Notifier, stop: threading.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            stop.set()

    monkeypatch.setattr(Notifier, "wait", wait)
    loop.run(load(None, machine.options), threading.Event(), bug)  # type: ignore[arg-type]
    assert len(waits) == 3
    assert waits[2] > 66, "it counts as a failure: the pause grows"
    assert capsys.readouterr().err.count("\n") == 3


def test_a_fault_of_ours_leaves_no_claim_behind(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waits: list[float] = []

    def wait(_: Notifier, stop: threading.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            monkeypatch.setattr(claims.hooks, "run", bug)
        else:
            stop.set()

    monkeypatch.setattr(Notifier, "wait", wait)
    claim = claims.Claim("db", "10.0.0.5", None, 300, "host-1", force=False)
    claims.Holding(claims.Claims(load(None, machine.options)), claim, ("true",)).keep(threading.Event())
    assert [method for method, *_ in server.requests] == ["PUT", "DELETE"]
    assert "RuntimeError" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["full", "closed", "a broken pipe"])
def test_a_line_that_cannot_be_said_changes_nothing(machine: Machine, server: PlayingServer, where: str) -> None:
    words = [sys.executable, "-S", "-E", "-I", "-c", START, str(AGENT), *machine.words("sync")]
    redirection = {"full": "2>/dev/full", "closed": "2>&-", "a broken pipe": "2>&9"}[where]
    reader, writer = os.pipe()
    os.close(reader)
    script = f'"$@" {redirection}' if where != "a broken pipe" else f'"$@" 2>&{writer}'
    for fault, code in [(lambda reply: reply, 0), (lambda reply: problem(401, "expired"), 2)]:
        server.fault = fault
        done = subprocess.run(["bash", "-c", script, "sh", *words], pass_fds=[writer], check=False)
        assert done.returncode == code
    os.close(writer)
    assert len(machine.names()) == 5
    assert _state(machine)["failures"] == 1


def test_with_standard_error_closed_a_command_writes_into_no_file_of_ours(machine: Machine) -> None:
    machine.configure(check="echo spilt", on_change="echo spilt")
    words = [sys.executable, "-S", "-E", "-I", "-c", START, str(AGENT), *machine.words("sync")]
    assert subprocess.run(["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *words], check=False).returncode == 0
    files = [machine.hosts, *machine.state.iterdir()]
    assert not [path for path in files if b"spilt" in path.read_bytes()]


ECHO = "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256): 'c2VjcmV0'."


@pytest.mark.parametrize(
    "detail",
    [
        f"Invalid key=value pair (missing equal-sign) in Authorization header: 'Bearer {TOKEN}'.",
        ECHO,
        f"you sent Bearer {TOKEN} and",
        f"no such token: {TOKEN}",
        "x" * 190 + TOKEN,
        "no such token: gk_other_secret",
    ],
)
@pytest.mark.parametrize("command", ["sync", "claim"])
def test_a_server_that_repeats_the_token_does_not_get_it_into_our_words(
    machine: Machine, server: PlayingServer, capfd: pytest.CaptureFixture[str], detail: str, command: str
) -> None:
    server.fault = lambda reply: problem(403, detail)
    server.claims = lambda method, path: problem(403, detail)
    more = ("db", "--private", "10.0.0.5", "--once") if command == "claim" else ()
    assert machine.run(command, *more) == 2
    machine.run("status")
    out, err = capfd.readouterr()
    for secret in (TOKEN, TOKEN[:12], "c2VjcmV0", "gk_other"):
        assert secret not in out + err
    assert not [path for path in machine.folder.rglob("*.json") if TOKEN[:12].encode() in path.read_bytes()]


def test_a_token_of_another_form_is_not_repeated_either(
    machine: Machine, server: PlayingServer, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.token.write_text("swordfish\n")
    server.fault = lambda reply: reply
    server.reply = lambda method, path, headers: problem(401, "swordfish is wrong")  # type: ignore[method-assign]
    assert machine.run() == 2
    assert "swordfish" not in capfd.readouterr().err


def test_nothing_that_looks_like_a_token_is_printable() -> None:
    assert printable(f"a Bearer {TOKEN} b") == "a Bearer … b"
    assert printable("bearer of-a-long-secret") == "bearer …"


@pytest.mark.parametrize("status", [403, 404])
def test_a_403_or_404_asks_whether_the_url_is_right(
    machine: Machine, server: PlayingServer, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    server.fault = lambda reply: problem(status, "no")
    assert machine.run() == 2
    assert "is the url right? it ends in the stage, /api" in capsys.readouterr().err


def test_a_document_that_was_replaced_behind_the_redirect_is_asked_for_again(
    machine: Machine, server: PlayingServer
) -> None:
    server.elsewhere = Reply(200, {"Content-Type": "text/plain"}, b"# the next one\n")
    server.fault = lambda reply: Reply(307, {**server.about(), "Location": "/elsewhere"}, b"")
    assert machine.run() == 1
    assert machine.content == OUTSIDE
    server.elsewhere = Reply(200, {"Content-Type": "text/plain"}, server.body)
    assert machine.run() == 0


def test_an_error_of_any_kind_counts_from_the_first_failure() -> None:
    state = State().failed(100.0, TryAgain("no")).failed(200.0, TryAgain("no"))
    assert state.age(250.0) == 150.0
