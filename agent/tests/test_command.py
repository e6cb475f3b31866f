"""The command line, the settings, `status` and `doctor`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from machine import AGENT, Machine
from playing_server import TOKEN, PlayingServer, entries, problem

from groundskeeper_hosts import block, doctor
from groundskeeper_hosts.command import execute


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"interval": "often"}, "interval"),
        ({"interval": "4"}, "interval"),
        ({"interval": "٣٣"}, "interval"),
        ({"timeout": "0"}, "timeout"),
        ({"max_stale": "-1"}, "max-stale"),
        ({"view": "secret"}, "view"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "https://user@example.com"}, "url"),
        ({"url": "https://example.com/?a=b"}, "url"),
        ({"url": "https://example.com:99999"}, "url"),
        ({"url": "http://example.com"}, "url"),
        ({"url": None}, "url"),
        ({"suffix": None}, "suffix"),
        ({"suffix": ""}, "suffix"),
        ({"suffix": "-x.example"}, "suffix"),
        ({"token_file": None}, "token-file"),
        ({"token_file": "token"}, "token-file"),
        ({"token_file": "/no/such/file"}, "token-file"),
        ({"check": "'"}, "check"),
        ({"check": ""}, "check"),
        ({"allow_http": "perhaps"}, "allow-http"),
        ({"own_file": "/tmp/x"}, "own-file"),  # noqa: S108 (never written)
        ({"ca_file": "/no/such/file"}, "ca-file"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(
    machine: Machine, capsys: pytest.CaptureFixture[str], options: dict[str, str | None], named: str
) -> None:
    machine.configure(**options)
    assert machine.run() == 2
    said = capsys.readouterr().err
    assert named in said
    assert said.count("\n") == 1
    assert str(machine.config) in said or "/no/such/file" in said


def test_a_relative_path_on_the_command_line_is_meant_from_where_one_is(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.configure(file=None, token_file=None, state_dir=None)
    monkeypatch.chdir(machine.folder)
    assert machine.run("sync", "--file", "etc/hosts", "--token-file", "token", "--state-dir", "state") == 0
    assert machine.names()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "url = x\n",
        "[other]\n",
        "[groundskeeper-hosts]\nurl\n",
        "[groundskeeper-hosts]\nview=private\nview=public\n",
    ],
)
def test_a_file_that_is_not_one_section_of_options_is_refused(machine: Machine, text: str) -> None:
    words = machine.words("sync")
    machine.config.write_text(text)
    assert execute(words) == 2


def test_flags_win_over_the_file(machine: Machine, server: PlayingServer) -> None:
    own = machine.folder / "own"
    assert machine.run("sync", "--view", "public", "--own-file", str(own)) == 0
    assert server.requests[-1][1] == "/hosts/public"
    assert own.exists()


def test_without_a_file_flags_are_enough(machine: Machine) -> None:
    flags = [word for name, value in machine.options.items() for word in (f"--{name}", value)]
    assert execute(["sync", *flags]) == 0


def test_a_settings_file_that_is_named_must_exist(machine: Machine) -> None:
    assert execute(["sync", "--config", str(machine.folder / "none")]) == 2


def test_plain_http_elsewhere_needs_a_word(machine: Machine, server: PlayingServer) -> None:
    machine.configure(url=server.url.replace("127.0.0.1", "localhost"))
    assert machine.run() == 0


@pytest.mark.parametrize("command", ["sync", "run", "claim", "status", "doctor", "uninstall"])
def test_help_says_the_exit_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        execute([command, "--help"])
    assert ended.value.code == 0
    assert "exit codes:" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["polish"], ["sync", "--intervall", "5"], ["sync", "--inter", "5"]])
def test_a_wrong_word_is_set_up_wrongly(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        execute(words)
    assert ended.value.code == 2


def _status(machine: Machine, capsys: pytest.CaptureFixture[str]) -> dict:
    capsys.readouterr()
    code = machine.run("status", "--json")
    facts = json.loads(capsys.readouterr().out)
    assert facts["exit"] == code
    return facts


def test_status_says_what_is_installed_and_what_went_wrong(
    machine: Machine, server: PlayingServer, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = _status(machine, capsys)
    assert (facts["exit"], facts["installed"], facts["age"]) == (2, False, None)
    machine.run()
    facts = _status(machine, capsys)
    assert (facts["exit"], facts["entries"], facts["generation"], facts["intact"]) == (0, 5, 1, True)
    server.fault = lambda reply: problem(503, "later")
    machine.run()
    facts = _status(machine, capsys)
    assert (facts["exit"], facts["failures"]) == (1, 1)
    assert "later" in facts["last_error"]
    machine.configure(max_stale="0")
    assert _status(machine, capsys)["exit"] in (1, 4)
    assert machine.run("status") in (1, 4)
    assert "entries        5" in capsys.readouterr().out


def test_status_says_that_a_document_is_held_back(
    machine: Machine, server: PlayingServer, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.run()
    server.serve(entries(1))
    machine.run()
    assert _status(machine, capsys)["held_back"] is True


def test_status_needs_no_token_and_takes_no_lock(machine: Machine) -> None:
    machine.run()
    machine.token.unlink()
    assert machine.run("status") == 0


def test_doctor_finds_nothing_where_all_is_well(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.run()
    machine.config.chmod(0o600)
    assert machine.run("doctor") == 0
    levels = {line.split()[1]: line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert levels == dict.fromkeys(["settings", "token", "server", "target", "folder", "state", "nsswitch"], "ok")


def test_doctor_changes_nothing(machine: Machine) -> None:
    before = machine.content
    machine.run("doctor")
    assert machine.content == before
    assert not machine.state.exists()


@pytest.mark.parametrize(
    ("what", "subject", "code"),
    [
        ("token", "token", 2),
        ("server", "server", 1),
        ("document", "server", 3),
        ("target", "target", 2),
        ("block", "target", 3),
    ],
)
def test_doctor_names_what_fails(
    machine: Machine, server: PlayingServer, capsys: pytest.CaptureFixture[str], what: str, subject: str, code: int
) -> None:
    if what == "token":
        machine.token.chmod(0o644)
    elif what == "server":
        server.fault = lambda reply: problem(503, "later")
    elif what == "document":
        server.serve("10.0.0.1\tlocalhost\n")
    elif what == "target":
        machine.hosts.unlink()
    else:
        machine.hosts.write_bytes(b"# BEGIN groundskeeper\n")
    assert machine.run("doctor") == code
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("fail")][0 if what == "token" else -1] == subject
    assert TOKEN not in "".join(lines)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("hosts: files dns\n", "ok"),
        ("hosts:\tfiles mdns4_minimal [NOTFOUND=return] dns # x\n", "ok"),
        ("passwd: files\n", "ok"),
        ("hosts: dns files\n", "warn"),
        ("hosts: dns\n", "fail"),
        (None, "ok"),
    ],
)
def test_doctor_reads_nsswitch(tmp_path: Path, text: str | None, level: str) -> None:
    path = tmp_path / "nsswitch.conf"
    if text is not None:
        path.write_text(text)
    assert doctor._attempt("nsswitch", lambda: doctor._nsswitch(path)).level == level


@pytest.mark.parametrize(("status", "code"), [(401, 2), (204, 3), (503, 1)])
def test_status_ends_in_what_the_last_poll_ended_in(
    machine: Machine, server: PlayingServer, capsys: pytest.CaptureFixture[str], status: int, code: int
) -> None:
    machine.run()
    server.fault = lambda reply: problem(status, "no")
    assert machine.run() == code
    assert _status(machine, capsys)["exit"] == code
    server.fault = lambda reply: reply
    machine.run()
    assert _status(machine, capsys)["exit"] == 0


def test_staleness_does_not_hide_what_needs_a_person_from_status(
    machine: Machine, server: PlayingServer, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.run()
    server.fault = lambda reply: problem(401, "expired")
    machine.run()
    path = next(machine.state.glob("*.json"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "last_success": 1.0}))
    assert _status(machine, capsys)["exit"] == 2
    server.fault = lambda reply: problem(503, "later")
    machine.run()
    assert _status(machine, capsys)["exit"] == 4


@pytest.mark.parametrize("change", ["url", "view"])
def test_two_configurations_do_not_overwrite_one_file_in_turn(
    machine: Machine, server: PlayingServer, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    machine.run()
    before = machine.content
    first, second = {"url": server.url, "view": "private"}, {"url": server.url, "view": "private"}
    second[change] = {"url": server.url.replace("127.0.0.1", "localhost"), "view": "public"}[change]
    for _ in range(2):
        machine.configure(**second)
        server.serve(entries(6))
        assert machine.run() == 2
        assert machine.content == before
        said = capsys.readouterr().err
        assert all(word in said for word in ("uninstall", "own-file", "--replace-source", server.url))
        assert machine.run("doctor") == 2
        machine.configure(**first)
        assert _status(machine, capsys)["failures"] == 0, "the other's failures are not ours"
        server.serve(entries(5))
        assert machine.run() == 0


@pytest.mark.parametrize("way", ["uninstall first", "--replace-source", "by hand"])
def test_a_source_that_is_changed_on_purpose_is_believed(machine: Machine, server: PlayingServer, way: str) -> None:
    machine.run()
    machine.configure(view="public")
    more = ["--replace-source"] if way == "--replace-source" else []
    if way == "uninstall first":
        assert machine.run("uninstall") == 0
    elif way == "by hand":
        machine.hosts.write_bytes(block.remove(machine.content))
    assert machine.run("sync", *more) == 0
    assert server.requests[-1][1] == "/hosts/public"
    assert machine.run() == 0
    machine.configure(view="private")
    assert machine.run() == 2


def test_a_state_of_an_earlier_version_takes_the_source_that_is_there(machine: Machine) -> None:
    machine.run()
    path = next(machine.state.glob("*.json"))
    state = json.loads(path.read_text())
    del state["origin"], state["last_exit"]
    path.write_text(json.dumps(state))
    assert machine.run() == 0
    machine.configure(view="public")
    assert machine.run() == 2


def test_doctor_warns_of_hard_links(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    (machine.folder / "other").hardlink_to(machine.hosts)
    machine.run("doctor")
    line = next(line for line in capsys.readouterr().out.splitlines() if "folder" in line.split()[1])
    assert line.startswith("warn")
    assert "2 hard links" in line


def test_sync_imports_only_what_sync_needs() -> None:
    script = "import sys; from groundskeeper_hosts import command; command.parser(); print(*sys.modules)"
    words = [sys.executable, "-S", "-E", "-I", "-c", f"import sys; sys.path.insert(0, {str(AGENT)!r}); {script}"]
    modules = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert "groundskeeper_hosts.command" in modules
    own = ("claims", "doctor", "status", "loop", "notify")
    assert not {f"groundskeeper_hosts.{name}" for name in own} & set(modules)
