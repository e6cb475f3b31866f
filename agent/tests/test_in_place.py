"""Overwriting in place: what a killed run left is told from what somebody else wrote."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundskeeper_hosts import in_place

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


@pytest.mark.parametrize("content", [b"old", b"new one", b"somebody mended it", b""])
def test_a_file_that_is_whole_or_was_mended_is_left_alone(tmp_path: Path, content: bytes) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_bytes(content)
    left = journal(tmp_path, b"old", b"new one")
    in_place.recover(hosts, left)
    assert hosts.read_bytes() == content
    assert not left.exists()


def test_a_journal_of_a_file_that_has_gone_is_forgotten(tmp_path: Path) -> None:
    left = journal(tmp_path, b"old", b"new")
    in_place.recover(tmp_path / "none", left)
    assert not left.exists()


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
