"""Overwriting in place: what a killed run left is told from what somebody else wrote."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine import Machine
from playing_server import PlayingServer, entries

from groundskeeper_hosts import block, in_place, swap
from groundskeeper_hosts.errors import Refused

CONTENT = st.lists(st.sampled_from([b"a\n", b"b\n", b"127.0.0.1 localhost\n", b"\0"]), max_size=8).map(b"".join)


@given(CONTENT, CONTENT, st.data())
def test_any_beginning_of_the_new_over_the_old_is_recognised(old: bytes, new: bytes, data: st.DataObject) -> None:
    written = data.draw(st.integers(0, len(new)))
    content = new[:written] + old[written:]
    assert in_place.is_torn(content, old, new) or content in (old, new)


def journal(folder: Path, old: bytes, new: bytes) -> Path:
    path = folder / "journal"
    path.write_bytes(b"%d\n" % len(old) + old + new)
    return path


def test_the_old_content_is_put_back_over_a_half_written_one(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_bytes(b"NEW and longer, but"[:8] + b"content that was here"[8:])
    left = journal(tmp_path, b"content that was here", b"NEW and longer, but")
    in_place.recover(hosts, left)
    assert hosts.read_bytes() == b"content that was here"
    assert not left.exists()


@pytest.mark.parametrize("content", [b"old", b"new one"])
def test_a_file_that_is_whole_is_left_alone(tmp_path: Path, content: bytes) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_bytes(content)
    left = journal(tmp_path, b"old", b"new one")
    in_place.recover(hosts, left)
    assert hosts.read_bytes() == content
    assert not left.exists()


def test_what_is_neither_old_nor_new_nor_torn_is_left_alone_and_the_journal_is_kept_aside(tmp_path: Path) -> None:
    hosts, kept = tmp_path / "hosts", []
    for content in (b"somebody mended it", b"", b"odd"):
        hosts.write_bytes(content)
        left = journal(tmp_path, b"old", b"new one")
        with pytest.raises(Refused) as refusal:
            in_place.recover(hosts, left)
        assert hosts.read_bytes() == content
        assert not left.exists()
        in_place.recover(hosts, left)
        kept.append(next(word for word in str(refusal.value).replace(":", " ").split() if "journal-kept" in word))
    assert [Path(path).read_bytes() for path in kept] == [b"3\noldnew one"] * 3
    assert len(set(kept)) == 3, "one journal that was kept never overwrites another"


@pytest.mark.parametrize("record", [b"", b"x\noldnew", b"30\noldnew", b"9" * 5000 + b"\n", b"12"])
def test_a_journal_that_cannot_be_read_is_kept_aside(tmp_path: Path, record: bytes) -> None:
    hosts, left = tmp_path / "hosts", tmp_path / "journal"
    hosts.write_bytes(b"old")
    left.write_bytes(record)
    with pytest.raises(Refused):
        in_place.recover(hosts, left)
    assert hosts.read_bytes() == b"old"
    assert (tmp_path / "journal-kept").read_bytes() == record


def test_a_journal_of_a_file_that_is_not_there_is_kept_aside(tmp_path: Path) -> None:
    left = journal(tmp_path, b"old", b"new")
    in_place.recover(tmp_path / "none", left)
    assert not left.exists()
    assert (tmp_path / "journal-kept").exists()


PIECES = st.lists(st.sampled_from(["old", "new", "zeros"]), min_size=12, max_size=12)
LARGE = st.lists(st.sampled_from([b"a" * 100 + b"\n", b"b" * 300 + b"\n"]), min_size=1, max_size=15).map(b"".join)


@given(LARGE, LARGE, PIECES, st.integers(0, 100))
def test_whatever_pieces_a_power_cut_left_the_file_is_recognised_as_torn(
    old: bytes, new: bytes, pieces: list[str], percent: int
) -> None:
    """Sectors of 512 bytes reach the disk whole, in any order; those that did not are as they were, or zeros."""
    size = min(len(old), len(new)) + abs(len(old) - len(new)) * percent // 100
    sources = {"old": old.ljust(size, b"\0"), "new": new.ljust(size, b"\0"), "zeros": bytes(size)}
    content = b"".join(sources[piece][at * 512 : (at + 1) * 512] for at, piece in enumerate(pieces))[:size]
    assert content in (old, new) or in_place.is_torn(content, old, new)


@given(LARGE, LARGE, st.data())
def test_what_somebody_else_wrote_is_not_taken_for_torn(old: bytes, new: bytes, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([old, new]))
    at = data.draw(st.integers(0, len(whole)))
    content = whole[:at] + b"192.0.2.1 edited\n" + whole[at:]
    assert not in_place.is_torn(content, old, new)


def test_after_a_power_cut_the_old_content_is_back_and_the_next_sync_goes_on(
    machine: Machine, server: PlayingServer
) -> None:
    server.serve(entries(200))
    machine.run()
    left = next(machine.state.glob("*.json")).with_suffix(".journal")
    printers = b"".join(b"192.0.2.%d printer-%d.home\n" % (n % 250, n) for n in range(400))
    old = machine.content + printers
    new, page = block.put(old, entries(300).encode()), 4096
    torn = {
        "pages out of order": old[:page] + new[page : 2 * page] + old[2 * page :],
        "size first, then zeros": (new[:page] + old[page:]).ljust(len(new), b"\0"),
        "last pages only": old[: 2 * page] + new[2 * page :],
    }
    server.serve(entries(300))
    for content in torn.values():
        machine.hosts.write_bytes(content)
        left.write_bytes(b"%d\n" % len(old) + old + new)
        assert machine.run() == 0
        assert machine.content == new


def test_an_edit_after_a_power_cut_is_refused_once_recorded_and_left_alone(
    machine: Machine, server: PlayingServer, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.run()
    left = next(machine.state.glob("*.json")).with_suffix(".journal")
    left.write_bytes(b"3\noldnew")
    before = machine.content
    assert machine.run() == 3
    assert machine.content == before
    assert str(left) + "-kept" in capsys.readouterr().err
    assert machine.run("status") == 3
    assert "journal-kept" in capsys.readouterr().out
    assert machine.run() == 0
    machine.run("doctor")
    assert "journal-kept" in capsys.readouterr().out


def test_the_journal_is_on_the_disk_before_the_first_byte_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts, steps = tmp_path / "hosts", []
    hosts.write_bytes(b"old")
    write = in_place._write
    monkeypatch.setattr(swap, "sync_folder", lambda folder: steps.append(f"sync {folder.name}"))
    monkeypatch.setattr(in_place, "_write", lambda *rest: (steps.append("write"), write(*rest)))
    in_place.overwrite(hosts, b"old", b"new", tmp_path / "journal")
    assert steps[:2] == [f"sync {tmp_path.name}", "write"]


def test_when_the_disk_is_full_half_way_the_old_content_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts, write = tmp_path / "hosts", in_place._write
    hosts.write_bytes(b"old content")

    def full(file, content: bytes) -> None:
        if content == b"new content, longer":
            file.seek(0)
            file.write(content[:7])
            raise OSError(errno.ENOSPC, "no space left on device")
        write(file, content)

    monkeypatch.setattr(in_place, "_write", full)
    with pytest.raises(OSError, match="no space"):
        in_place.overwrite(hosts, b"old content", b"new content, longer", tmp_path / "journal")
    assert hosts.read_bytes() == b"old content"
    assert not (tmp_path / "journal").exists()
