"""Bind mounts, full disks and the C library itself, each in a mount namespace of its own."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys

import pytest
from machine import AGENT, OUTSIDE, START, Machine
from playing_server import PlayingServer, entries


def _may_mount() -> bool:
    unshare = shutil.which("unshare")
    return bool(unshare) and subprocess.run([unshare, "-m", "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not _may_mount(), reason="a mount namespace needs root, or a kernel that lends it")


def inside(machine: Machine, script: str, *more: str) -> list[str]:
    """Run a shell script in a mount namespace, where `agent` is one sync, and return its words."""
    words = [sys.executable, "-S", "-E", "-I", "-c", START, str(AGENT), *machine.words("sync", *more)]
    script = f"agent() {{ {shlex.join(words)} >&2; }}\nset -u; cd {machine.folder}\n{script}"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True)
    print(done.stderr)
    return done.stdout.split()


def test_a_bind_mounted_file_is_overwritten_in_place(machine: Machine, server: PlayingServer) -> None:
    script = "cp etc/hosts real; mount --bind real etc/hosts; agent; echo $?; agent; echo $?; ls -A etc"
    assert inside(machine, script) == ["0", "0", "hosts"]
    real = (machine.folder / "real").read_bytes()
    assert real.startswith(OUTSIDE)
    assert b"host-5.fleet.example" in real
    server.serve(entries(4))
    assert inside(machine, "mount --bind real etc/hosts; agent; echo $?") == ["0"]
    assert (machine.folder / "real").read_bytes().count(b"fleet.example") == 4
    assert machine.content == OUTSIDE, "what the mount hides was not touched"


def test_a_read_only_folder_with_a_writable_mounted_file_is_overwritten_in_place(machine: Machine) -> None:
    script = """
        cp etc/hosts real; mount --bind etc etc; mount --bind real etc/hosts; mount -o remount,ro,bind etc
        agent; echo $?; grep -c fleet.example etc/hosts
    """
    assert inside(machine, script) == ["0", "5"]


def test_a_bind_mounted_own_file_is_emptied_by_uninstall(machine: Machine) -> None:
    machine.configure(file=None, own_file=str(machine.folder / "etc" / "own"))
    uninstall = shlex.join([sys.executable, "-S", "-E", "-I", "-c", START, str(AGENT), *machine.words("uninstall")])
    script = f"touch real etc/own; mount --bind real etc/own; agent; echo $?; wc -l < real; {uninstall}; wc -c < real"
    assert inside(machine, script) == ["0", "7", "0"]


FILL = "dd if=/dev/zero of={0}/full bs=4096 2>/dev/null; dd if=/dev/zero of={0}/fuller bs=1 2>/dev/null"


@pytest.mark.parametrize("way", ["rename", "in place"])
def test_on_a_full_disk_the_old_file_stays(machine: Machine, server: PlayingServer, way: str) -> None:
    server.serve(entries(2000))
    bind = "touch etc/hosts; mount --bind small/hosts etc/hosts" if way == "in place" else "mount --bind small etc"
    script = f"""
        mkdir small; mount -t tmpfs -o size=64k tmpfs small; cp etc/hosts small/hosts; {bind}; {FILL.format("small")}
        agent; echo $?; cmp small/hosts before && echo same; ls -A etc | grep -v full
        rm small/full*; agent; echo $?
    """
    (machine.folder / "before").write_bytes(OUTSIDE)
    found = inside(machine, script)
    assert found[:3] == ["1", "same", "hosts"]
    assert found[3] in ("0", "1"), "2000 lines and a copy may not fit side by side even now"


def test_when_the_state_folder_is_full_the_old_file_stays(machine: Machine) -> None:
    machine.state.mkdir()
    script = f"""
        mount -t tmpfs -o size=64k tmpfs state; {FILL.format("state")}
        agent; echo $?; cmp etc/hosts before && echo same; rm state/full*; agent; echo $?
    """
    (machine.folder / "before").write_bytes(OUTSIDE)
    assert inside(machine, script) == ["1", "same", "0"]


def test_the_c_library_resolves_what_was_installed_and_still_localhost(machine: Machine) -> None:
    script = f"""
        mount --bind {machine.hosts} /etc/hosts; agent --file /etc/hosts; echo $?
        getent -s files ahostsv4 host-3.fleet.example | head -1; getent -s files hosts localhost
    """
    words = inside(machine, script.replace("agent --file /etc/hosts", "agent"), "--file", "/etc/hosts")
    assert words[0] == "0"
    assert "10.0.0.4" in words
    assert words[-1] == "localhost"
