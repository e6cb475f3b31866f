"""The traps of a client that rewrites /etc/hosts, one section for each, and the answer to each."""

from __future__ import annotations

import errno
import gzip
import json
import os
import socket
import threading
from pathlib import Path

import pytest
from machine import OUTSIDE, Machine
from playing_server import TOKEN, PlayingServer, Reply, document, entries, problem, zipped

from groundskeeper_hosts import block, checks, swap
from groundskeeper_hosts.errors import Changed
from groundskeeper_hosts.lock import locked
from groundskeeper_hosts.settings import load
from groundskeeper_hosts.target import Target


def written(machine: Machine) -> tuple[bytes, int, int]:
    about = machine.hosts.stat()
    return machine.content, about.st_mtime_ns, about.st_ino


# Truncate, then write


def test_truncate_then_write__a_reader_that_has_the_file_open_goes_on_reading_the_old_one(machine: Machine) -> None:
    with machine.hosts.open("rb") as reader:
        machine.run()
        assert reader.read() == OUTSIDE


def test_truncate_then_write__mode_owner_and_attributes_are_kept(machine: Machine) -> None:
    machine.hosts.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(machine.hosts, 1234, 4321)
    try:
        os.setxattr(machine.hosts, "user.note", b"kept")
    except OSError:
        pytest.skip("no extended attributes here")
    machine.run()
    about = machine.hosts.stat()
    assert about.st_mode & 0o7777 == 0o640
    assert os.geteuid() != 0 or (about.st_uid, about.st_gid) == (1234, 4321)
    assert os.getxattr(machine.hosts, "user.note") == b"kept"


def test_truncate_then_write__nothing_is_left_beside_the_file_and_leftovers_of_killed_runs_go(machine: Machine) -> None:
    leftover = machine.hosts.with_name(".hosts.groundskeeper-x1y2_abc")
    leftover.write_bytes(b"half")
    machine.run()
    assert list(machine.hosts.parent.iterdir()) == [machine.hosts]


def test_truncate_then_write__what_only_looks_like_a_leftover_is_somebody_elses(machine: Machine) -> None:
    folder, outside = machine.hosts.parent, machine.folder / "outside"
    outside.write_bytes(b"mine")
    for name in (".hosts.groundskeeper-backup", ".hosts.groundskeeper-", ".hosts.groundskeeper-x1y2_abcd"):
        (folder / name).write_bytes(b"mine")
    (folder / ".hosts.groundskeeper-x1y2_lnk").symlink_to(outside)
    (folder / ".hosts.groundskeeper-x1y2_dir").mkdir()
    before = sorted(folder.iterdir())
    if os.geteuid() == 0:
        stranger = folder / ".hosts.groundskeeper-x1y2_uid"
        stranger.write_bytes(b"mine")
        os.chown(stranger, 1234, 1234)
        before = sorted(folder.iterdir())
    assert machine.run() == 0
    assert sorted(folder.iterdir()) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_truncate_then_write__a_leftover_that_has_the_owner_of_the_file_already_goes_too(machine: Machine) -> None:
    leftover = machine.hosts.with_name(".hosts.groundskeeper-x1y2_abc")
    leftover.write_bytes(b"half")
    for path in (machine.hosts, leftover):
        os.chown(path, 1234, 1234)
    assert machine.run() == 0
    assert not leftover.exists()


# Rename fails on a bind mount; a symbolic link is replaced (bind mounts for real: test_mounts.py)


def test_symlink__the_link_stays_and_what_it_points_to_is_changed(machine: Machine) -> None:
    real = machine.folder / "real-hosts"
    machine.hosts.rename(real)
    machine.hosts.symlink_to(real)
    assert machine.run() == 0
    assert machine.hosts.is_symlink()
    assert b"host-1.fleet.example" in real.read_bytes()


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EXDEV, errno.EPERM])
def test_rename_fails__the_file_is_overwritten_in_place(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    inode = machine.hosts.stat().st_ino
    _fail_rename_to(machine.hosts, monkeypatch, number)
    assert machine.run() == 0
    assert b"host-1.fleet.example" in machine.content
    assert machine.hosts.stat().st_ino == inode
    assert not list(machine.state.glob("*.journal"))


def _fail_rename_to(path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if Path(target) == path:
            raise OSError(number, os.strerror(number))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)


# A read error taken for an empty file


def test_read_error__nothing_is_written(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    real = swap.read

    def fail(path: Path) -> bytes | None:
        if path == machine.hosts:
            raise OSError(errno.EIO, "input/output error")
        return real(path)

    monkeypatch.setattr(swap, "read", fail)
    assert machine.run() == 1
    assert machine.content == OUTSIDE


def test_read_error__a_missing_hosts_file_is_not_made_from_nothing(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.hosts.unlink()
    assert machine.run() == 2
    assert not machine.hosts.exists()
    assert "--own-file" in capsys.readouterr().err


def test_read_error__a_file_that_is_empty_all_at_once_is_refused_until_a_person_says_so(machine: Machine) -> None:
    machine.run()
    machine.hosts.write_bytes(b"")
    assert machine.run() == 3
    assert machine.content == b""
    assert machine.run("sync", "--allow-shrink") == 0


def test_read_error__a_result_that_lacks_what_was_outside_is_never_written(machine: Machine) -> None:
    machine.run()
    target = Target.of(_settings(machine))
    with pytest.raises(Exception, match="outside the block"):
        target.write(machine.content, block.put(b"# no localhost\n", b""))
    assert machine.content.startswith(OUTSIDE)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_read_error__what_is_not_a_regular_file_is_left_alone(machine: Machine, kind: str) -> None:
    machine.hosts.unlink()
    if kind == "folder":
        machine.hosts.mkdir()
    else:
        os.mkfifo(machine.hosts)
    assert machine.run() == 2


def _settings(machine: Machine):
    words = machine.words("sync")
    return load(Path(words[2]), {})


# 404 or 502 page, captive portal, cut body


HTML = b"<html>Please log in</html>"


def _cut(reply: Reply) -> Reply:
    length = str(len(reply.body))
    return Reply(200, {**reply.headers, "Content-Length": length}, reply.body[:-20])


def _bomb(reply: Reply) -> Reply:
    return Reply(200, {**reply.headers, "Content-Encoding": "gzip"}, gzip.compress(b"#" * (80 << 20)))


FAULTS = {
    "a 500": (lambda reply: Reply(500, {}, b"oops"), 1),
    "a 502 page": (lambda reply: Reply(502, {"Content-Type": "text/html"}, HTML), 1),
    "a 503": (lambda reply: problem(503, "later"), 1),
    "a 429": (lambda reply: problem(429, "slowly"), 1),
    "a 401": (lambda reply: problem(401, "no"), 2),
    "a 403": (lambda reply: problem(403, "no"), 2),
    "a 404": (lambda reply: problem(404, "no"), 2),
    "a 204": (lambda reply: Reply(204, reply.headers, b""), 3),
    "an HTML page with 200": (lambda reply: Reply(200, {"Content-Type": "text/html"}, HTML), 3),
    "HTML with all the right headers": (lambda reply: Reply(200, reply.headers, HTML), 3),
    "HTML content type": (lambda reply: Reply(200, {**reply.headers, "Content-Type": "text/html"}, reply.body), 3),
    "a 302 of a captive portal": (lambda reply: Reply(302, {"Location": "https://portal.test/login"}, b""), 3),
    "a 307 of a captive portal": (lambda reply: Reply(307, {"Location": "https://portal.test/login"}, b""), 3),
    "a 307 in clear": (lambda reply: Reply(307, {**reply.headers, "Location": "http://192.0.2.1/x"}, b""), 3),
    "a 307 to a file": (lambda reply: Reply(307, {**reply.headers, "Location": "file:///etc/passwd"}, b""), 3),
    "a 307 to nonsense": (lambda reply: Reply(307, {**reply.headers, "Location": "https://[x/"}, b""), 3),
    "a cut body": (_cut, 1),
    "a cut body of a right length": (lambda reply: Reply(200, reply.headers, reply.body[:-20]), 3),
    "an empty body": (lambda reply: Reply(200, reply.headers, b""), 3),
    "no answer": (lambda reply: None, 1),
    "a wrong digest": (lambda reply: Reply(200, {**reply.headers, "Groundskeeper-Sha256": "0" * 64}, reply.body), 3),
    "a wrong count": (lambda reply: Reply(200, {**reply.headers, "Groundskeeper-Entries": "4"}, reply.body), 3),
    "no count": (lambda reply: Reply(200, {**reply.headers, "Groundskeeper-Entries": ""}, reply.body), 3),
    "no generation": (lambda reply: Reply(200, {**reply.headers, "Groundskeeper-Generation": "x"}, reply.body), 3),
    "a gzip bomb": (_bomb, 3),
    "gzip that is none": (lambda reply: Reply(200, {**reply.headers, "Content-Encoding": "gzip"}, reply.body), 3),
    "gzip cut short": (lambda reply: Reply(200, zipped(reply).headers, zipped(reply).body[:-9]), 3),
    "another encoding": (lambda reply: Reply(200, {**reply.headers, "Content-Encoding": "br"}, reply.body), 3),
    "another charset": (
        lambda reply: Reply(200, {**reply.headers, "Content-Type": "text/plain; charset=utf-16"}, reply.body),
        3,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_answer__the_old_file_stays_and_the_failure_is_counted(
    machine: Machine, server: PlayingServer, fault: str
) -> None:
    machine.run()
    before = written(machine)
    server.serve(entries(6))
    server.fault, code = FAULTS[fault]
    assert machine.run() == code
    assert machine.run() == code
    assert written(machine) == before
    assert machine.run("status") == code, "status says what the last poll said"
    state = json.loads(next(machine.state.glob("*.json")).read_text())
    assert state["failures"] == 2
    server.fault = lambda reply: reply
    assert machine.run() == 0
    assert len(machine.names()) == 6


def test_bad_answer__a_304_that_was_not_asked_for_is_refused(machine: Machine, server: PlayingServer) -> None:
    server.fault = lambda reply: Reply(304, {}, b"")
    assert machine.run() == 3


def test_bad_answer__bytes_that_come_too_slowly_are_not_waited_for(machine: Machine, server: PlayingServer) -> None:
    released = threading.Event()

    def drip(wire, body: bytes) -> None:
        for byte in body:
            wire.write(bytes([byte]))
            wire.flush()
            if released.wait(0.2):
                return

    server.fault = lambda reply: Reply(200, reply.headers, reply.body, drip)
    machine.configure(timeout="1")
    assert machine.run() == 1
    released.set()
    assert machine.content == OUTSIDE


def test_bad_answer__headers_that_come_too_slowly_are_not_waited_for(machine: Machine) -> None:
    released = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            wire, _ = listener.accept()
            with wire:
                try:
                    while not released.wait(0.1):
                        wire.send(b"H")
                except OSError:
                    return

        threading.Thread(target=drip, daemon=True).start()
        machine.configure(url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout="1")
        assert machine.run() == 1
        released.set()


def test_a_good_answer_elsewhere__the_redirect_is_followed_without_the_token(
    machine: Machine, server: PlayingServer
) -> None:
    whole = Reply(200, {"Content-Type": "text/plain; charset=utf-8"}, server.body)
    server.elsewhere = zipped(whole)
    server.fault = lambda reply: Reply(307, {**server.about(), "Location": "/elsewhere?signature=s3cret"}, b"")
    assert machine.run() == 0
    assert len(machine.names()) == 5
    assert server.requests[-1][1].startswith("/elsewhere")
    assert "authorization" not in server.last
    assert machine.run() == 0
    assert server.requests[-2][1] != "/elsewhere", "the ETag of the 307 is the one that is remembered"
    assert server.last.get("if-none-match") or server.requests[-2][2].get("if-none-match")


def test_a_good_answer_elsewhere__one_redirect_is_the_most_and_a_signature_is_never_logged(
    machine: Machine, server: PlayingServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.elsewhere = Reply(307, {**server.about(), "Location": "/elsewhere?signature=s3cret"}, b"")
    server.fault = lambda reply: server.elsewhere
    assert machine.run() == 1
    assert len(server.requests) == 2
    assert "s3cret" not in capsys.readouterr().err


def test_a_good_answer__gzip_is_understood(machine: Machine, server: PlayingServer) -> None:
    server.fault = zipped
    assert machine.run() == 0
    assert server.last["accept-encoding"] == "gzip"
    assert len(machine.names()) == 5


# Valid but empty, or much smaller


@pytest.mark.parametrize("left", [0, 1, 6])
def test_shrink__a_document_with_far_fewer_names_is_held_back(
    machine: Machine, server: PlayingServer, left: int
) -> None:
    server.serve(entries(10))
    machine.run()
    before = written(machine)
    server.serve(entries(left))
    assert [machine.run() for _ in range(5)] == [3] * 5
    assert written(machine) == before
    assert machine.run("sync", "--allow-shrink") == 0
    assert len(machine.names()) == left


def test_shrink__thirty_percent_fewer_is_ordinary_and_of_three_names_so_is_losing_two(
    machine: Machine, server: PlayingServer
) -> None:
    for count in (10, 7, 5, 4, 3, 1):
        server.serve(entries(count))
        assert machine.run() == 0, count


def test_shrink__to_nothing_is_held_back_even_from_one(machine: Machine, server: PlayingServer) -> None:
    server.serve(entries(1))
    machine.run()
    server.serve("")
    assert machine.run() == 3
    assert len(machine.names()) == 1


def test_shrink__the_very_same_document_served_for_long_enough_is_believed(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _clock(monkeypatch)
    machine.run()
    server.serve(entries(1))
    codes = []
    for _ in range(4):
        clock[0] += 250
        codes.append(machine.run())
    assert codes == [3, 3, 3, 0]
    assert len(machine.names()) == 1


def test_shrink__a_good_document_in_between_begins_the_wait_anew(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _clock(monkeypatch)
    machine.run()
    small, full = entries(1), entries(5)
    for lines, code in [(small, 3), (small, 3), (full, 0), (small, 3), (small, 3), (small, 3), (small, 0)]:
        clock[0] += 250
        server.serve(lines)
        assert machine.run() == code


def test_shrink__a_good_document_begins_the_wait_anew_although_the_check_refuses_it(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _clock(monkeypatch)
    machine.run()
    small, full = entries(1), entries(5, first=2)
    for lines, check, code in [(small, "true", 3), (small, "true", 3), (full, "false", 1), (small, "true", 3)]:
        clock[0] += 500
        server.serve(lines)
        machine.configure(check=check)
        assert machine.run() == code


def test_shrink__a_fleet_that_goes_on_changing_is_believed_all_the_same(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _clock(monkeypatch)
    server.serve(entries(100))
    machine.run()
    codes = []
    for minute in range(12):
        server.serve(entries(50 + minute))
        codes.append(machine.run())
        clock[0] += 60
    assert codes == [3] * 10 + [0, 0]
    assert len(machine.names()) == 61


def test_shrink__what_shrinks_again_while_it_is_held_back_waits_anew(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _clock(monkeypatch)
    server.serve(entries(100))
    machine.run()
    codes = []
    for count in (50, 50, 50, 0, 0, 0, 0):
        clock[0] += 290
        server.serve(entries(count))
        codes.append(machine.run())
    assert codes == [3, 3, 3, 3, 3, 3, 0]


def test_shrink__with_confirm_after_never_only_a_person_can_say_so(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _clock(monkeypatch)
    machine.configure(confirm_after="never")
    machine.run()
    server.serve("")
    for _ in range(5):
        clock[0] += 1_000_000
        assert machine.run() == 3


def test_an_older_generation_is_held_back_until_it_is_confirmed(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _clock(monkeypatch)
    server.generation = 50
    machine.run()
    server.body, server.generation = document(entries(5, first=2)), 3
    assert [machine.run(), machine.run(), machine.run()] == [3, 3, 3]
    clock[0] += 601
    assert machine.run() == 0
    assert "host-6.fleet.example" in machine.names()


def _clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_800_000_000.0]
    monkeypatch.setattr("groundskeeper_hosts.sync.sync.__defaults__", (lambda: now[0],))
    return now


# A parser that owns the whole file


@pytest.mark.parametrize(
    "outside",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"127.0.0.1 localhost", id="no last newline"),
        pytest.param(b"127.0.0.1 localhost\r\n10.1.1.1 a\r\n", id="CRLF"),
        pytest.param(b"127.0.0.1 localhost\n\0\0\0\n", id="NUL bytes"),
        pytest.param(b"127.0.0.1 localhost # caf\xe9\n", id="Latin-1"),
        pytest.param(b"127.0.0.1 localhost\n# " + b"x" * 70_000 + b"\n10.1.1.1 a\n", id="a line beyond 64 KiB"),
        pytest.param(b"127.0.0.1 localhost\n" + b"10.9.9.9 some-name\n" * 550_000, id="10 MB"),
    ],
)
def test_parser__bytes_outside_the_block_survive_sync_and_uninstall(
    machine: Machine, server: PlayingServer, outside: bytes
) -> None:
    machine.hosts.write_bytes(outside)
    assert machine.run() == 0
    server.serve(entries(6))
    assert machine.run() == 0
    assert block.split(machine.content).outside == outside
    assert machine.run("uninstall") == 0
    assert machine.content == outside
    assert machine.run("uninstall") == 0


@pytest.mark.parametrize("command", ["sync", "uninstall", "status", "doctor"])
@pytest.mark.parametrize("markers", [b"# BEGIN groundskeeper\n", b"# END groundskeeper\n# BEGIN groundskeeper\n"])
def test_parser__half_a_block_is_refused(machine: Machine, command: str, markers: bytes) -> None:
    machine.hosts.write_bytes(OUTSIDE + markers)
    before = written(machine)
    assert machine.run(command) == 3
    assert written(machine) == before


def test_parser__the_first_backup_is_never_overwritten(machine: Machine, server: PlayingServer) -> None:
    machine.run()
    machine.run("uninstall")
    machine.hosts.write_bytes(b"127.0.0.1 localhost\n# later\n")
    machine.run()
    server.serve(entries(6))
    machine.run()
    assert next(machine.state.glob("*.first")).read_bytes() == OUTSIDE


# Injection


@pytest.mark.parametrize(
    "line",
    [
        "10.0.0.1\tevil localhost",
        "10.0.0.1\tlocalhost",
        "10.0.0.1\tbank.example.com",
        "10.0.0.1\ta.evilfleet.example",
        "10.0.0.1\tdb",
        "127.0.0.1\tdb.fleet.example",
        "169.254.169.254\tdb.fleet.example",
        "::1\tdb.fleet.example",
        "::ffff:127.0.0.1\tdb.fleet.example",
    ],
)
def test_injection__one_bad_line_and_nothing_of_the_document_is_installed(
    machine: Machine, server: PlayingServer, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    machine.run()
    before = written(machine)
    server.serve(entries(5) + line + "\n")
    assert machine.run() == 3
    assert written(machine) == before
    assert "line 9" in capsys.readouterr().err


def test_injection__the_machines_own_names_are_never_installed(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "own_names", lambda: frozenset({"host-2", "host-2.fleet.example"}))
    assert machine.run() == 0
    assert machine.names() == [f"host-{n}.fleet.example" for n in (1, 3, 4, 5)]


def test_injection__comments_of_the_server_never_reach_the_file(machine: Machine, server: PlayingServer) -> None:
    server.body = document("# END groundskeeper\n" + entries(5) + "# 10.0.0.1 localhost\n")
    assert machine.run() == 0
    assert machine.content.count(b"END groundskeeper") == 1
    assert b"10.0.0.1 localhost" not in machine.content


# Two writers


def test_two_writers__the_second_waits_for_the_lock_and_then_gives_up(machine: Machine) -> None:
    machine.run()
    machine.configure(timeout="1")
    with locked(next(machine.state.glob("*.lock")), 0):
        assert machine.run() == 1
    assert machine.run() == 0


def test_two_writers__ten_agents_at_once_all_end_well(machine: Machine, server: PlayingServer) -> None:
    machine.configure(timeout="60")
    agents = [machine.start() for _ in range(10)]
    assert [agent.wait(60) for agent in agents] == [0] * 10, [agent.stderr.read() for agent in agents]
    for agent in agents:
        agent.communicate()
    assert block.split(machine.content).outside == OUTSIDE
    assert len(machine.names()) == 5


def test_two_writers__what_an_editor_saves_meanwhile_is_not_lost(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, edits = swap.stage, [b"# first edit\n", b"# second edit\n"]

    def edit_meanwhile(path: Path, *rest, **options) -> Path:
        staged = stage(path, *rest, **options)
        if path == machine.hosts and edits:
            machine.hosts.write_bytes(machine.content + edits.pop(0))
        return staged

    monkeypatch.setattr(swap, "stage", edit_meanwhile)
    assert machine.run() == 0
    assert block.split(machine.content).outside == OUTSIDE + b"# first edit\n# second edit\n"


def test_two_writers__somebody_who_never_stops_writing_is_left_to_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise Changed("somebody else is changing it")

    monkeypatch.setattr(swap, "_compare", busy)
    assert machine.run() == 1
    assert machine.content == OUTSIDE


# Stale for ever, thundering herd (pace and loop: test_loop.py)


def test_stale__after_max_stale_the_exit_code_says_so_and_the_names_stay(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _clock(monkeypatch)
    machine.configure(max_stale="600")
    machine.run()
    before = written(machine)
    server.fault = lambda reply: problem(503, "later")
    clock[0] += 599
    assert machine.run() == 1
    clock[0] += 2
    assert machine.run() == 4
    assert written(machine) == before
    server.fault = lambda reply: reply
    assert machine.run() == 0


def test_stale__a_machine_that_never_had_an_answer_is_stale_after_max_stale_too(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _clock(monkeypatch)
    server.fault = lambda reply: problem(503, "later")
    assert machine.run() == 1
    clock[0] += 3601
    assert machine.run() == 4


def test_stale__what_needs_a_person_is_not_hidden_behind_staleness(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _clock(monkeypatch)
    machine.run()
    clock[0] += 10_000
    server.fault = lambda reply: problem(401, "expired")
    assert machine.run() == 2


# Secrets


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_secrets__a_token_file_that_others_can_reach_is_refused(
    machine: Machine, server: PlayingServer, mode: int
) -> None:
    machine.token.chmod(mode)
    assert machine.run() == 2
    assert not server.requests


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_secrets__a_token_file_of_another_user_is_refused(machine: Machine, server: PlayingServer) -> None:
    os.chown(machine.token, 1234, 1234)
    assert machine.run() == 2
    assert not server.requests


@pytest.mark.parametrize(
    "content", ["", "\n", "two words\n", f"{TOKEN}\n{TOKEN}\n", f"{TOKEN}\r\n", "gk_\x07\n", "gk_é\n"]
)
def test_secrets__what_is_not_one_line_with_a_token_is_refused(
    machine: Machine, server: PlayingServer, content: str
) -> None:
    machine.token.write_text(content)
    assert machine.run() == 2
    assert not server.requests


def test_secrets__the_token_is_never_said_nor_stored(
    machine: Machine, server: PlayingServer, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.configure(on_change="env")
    for fault in (lambda reply: reply, lambda reply: problem(401, "no"), lambda reply: None, _bomb):
        server.fault = fault
        for command in ("sync", "status", "doctor"):
            machine.run(command)
    out, err = capfd.readouterr()
    assert TOKEN not in out + err
    assert not [path for path in machine.state.iterdir() if TOKEN.encode() in path.read_bytes()]


def test_secrets__plain_http_to_another_machine_is_refused(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.configure(url="http://192.0.2.1")
    assert machine.run() == 2
    assert "https" in capsys.readouterr().err


# Other habits


def test_habit__when_nothing_changed_nothing_is_written(machine: Machine, server: PlayingServer) -> None:
    machine.run()
    before = written(machine)
    machine.run()
    assert "if-none-match" in server.last
    next(machine.state.glob("*.json")).unlink()
    machine.run()
    assert "if-none-match" not in server.last
    assert written(machine) == before


def test_habit__a_304_is_asked_for_only_while_the_block_is_the_one_that_was_installed(
    machine: Machine, server: PlayingServer
) -> None:
    machine.run()
    machine.hosts.write_bytes(machine.content.replace(b"10.0.0.3", b"10.6.6.6"))
    assert machine.run() == 0
    assert "if-none-match" not in server.last
    assert b"10.6.6.6" not in machine.content
    machine.hosts.write_bytes(OUTSIDE)
    assert machine.run() == 0
    assert len(machine.names()) == 5


def test_habit__another_suffix_forgets_the_etag(machine: Machine, server: PlayingServer) -> None:
    machine.run()
    machine.configure(suffix="fleet.example other.example")
    assert machine.run() == 0
    assert "if-none-match" not in server.last


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"etag": 3}', b"\xff\xfe", b'{"failures": true}'])
def test_habit__a_corrupt_state_file_is_as_good_as_none(machine: Machine, content: bytes) -> None:
    machine.run()
    before = written(machine)
    next(machine.state.glob("*.json")).write_bytes(content)
    assert machine.run() == 0
    assert written(machine) == before


def test_habit__a_check_that_says_no_keeps_the_old_file(machine: Machine) -> None:
    machine.configure(check="sh -c 'grep -q host-5 $GROUNDSKEEPER_FILE && test {file} = $GROUNDSKEEPER_FILE && exit 7'")
    assert machine.run() == 1
    assert machine.content == OUTSIDE
    machine.configure(check="grep -q host-5.fleet.example {file}")
    assert machine.run() == 0
    assert not list(machine.state.glob("*candidate*"))


def test_habit__there_is_no_shell_unless_it_is_written(machine: Machine) -> None:
    machine.configure(check="true ; false | $(reboot)")
    assert machine.run() == 0


def test_habit__a_command_that_is_not_there_is_a_wrong_setting(machine: Machine) -> None:
    machine.configure(check="/no/such/command")
    assert machine.run() == 2
    assert machine.content == OUTSIDE


def test_habit__on_change_runs_after_a_change_only_and_again_while_it_fails(machine: Machine, tmp_path: Path) -> None:
    log, works = tmp_path / "log", tmp_path / "works"
    machine.configure(on_change=f"sh -c 'echo x >> {log}; test -e {works}'")
    assert [machine.run(), machine.run()] == [1, 1]
    assert len(machine.names()) == 5
    works.touch()
    assert [machine.run(), machine.run(), machine.run()] == [0, 0, 0]
    assert log.read_text() == "x\n" * 3


def test_habit__a_command_that_hangs_is_ended_with_its_children(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundskeeper_hosts.hooks.run.__defaults__", (None, 0.2))
    machine.configure(check="sh -c 'sleep 1000 & sleep 1000'")
    assert machine.run() == 1
    assert machine.content == OUTSIDE


def test_habit__the_own_file_is_made_and_changed_and_taken_away(machine: Machine, server: PlayingServer) -> None:
    own = machine.folder / "etc" / "groundskeeper"
    machine.configure(file=None, own_file=str(own))
    assert machine.run() == 0
    assert own.stat().st_mode & 0o7777 == 0o644
    server.serve(entries(6))
    assert machine.run() == 0
    assert own.read_text().count("fleet.example") == 6
    assert machine.content == OUTSIDE
    assert machine.run("uninstall") == 0
    assert not own.exists()


def test_habit__an_own_file_with_lines_of_others_is_refused(machine: Machine) -> None:
    machine.configure(file=None, own_file=str(machine.hosts))
    assert machine.run() == 3
    assert machine.run("uninstall") == 3
    assert machine.content == OUTSIDE
