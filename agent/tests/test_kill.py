"""The agent is killed, at every step that it takes and at random moments; the file is always the old or the new one."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from machine import AGENT, OUTSIDE, Machine
from playing_server import PlayingServer, Reply, document, entries, problem

from groundskeeper_hosts import block, in_place

SHORT, LONG = entries(5), entries(6, first=3)
ALLOWED = {OUTSIDE, *(block.put(OUTSIDE, lines.encode()) for lines in (SHORT, LONG))}

# Python tells an audit hook of each step: opening, renaming, locking and so on. At the given one the process dies.
DIE_AT_STEP = """
import errno, os, signal, sys
folder, step, refused = sys.argv.pop(1), int(sys.argv.pop(1)), sys.argv.pop(1)
sys.path.insert(0, folder)
from groundskeeper_hosts.command import main
STEPS = {"open", "os.rename", "os.remove", "os.link", "os.chmod", "os.chown", "os.truncate", "os.setxattr", "os.mkdir",
         "fcntl.flock", "socket.connect", "tempfile.mkstemp", "subprocess.Popen"}
seen = 0
def hook(event, about):
    global seen
    if event == "os.rename" and str(about[1]) == refused:
        raise OSError(errno.EBUSY, "busy")
    if event in STEPS:
        seen += 1
        if seen == step:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
main()
"""


@pytest.mark.parametrize("way", ["rename", "in place"])
def test_killed_at_any_step_the_file_is_old_or_new_and_the_next_run_puts_everything_right(
    machine: Machine, server: PlayingServer, tmp_path: Path, way: str
) -> None:
    changed = tmp_path / "changed"
    machine.configure(on_change=f"touch {changed}")
    refused = str(machine.hosts) if way == "in place" else "-"
    step, status = 0, -9
    while status == -9:
        step += 1
        server.serve(LONG if step % 2 else SHORT)  # by turns longer and shorter than what is there
        old, new = machine.content, block.put(OUTSIDE, LONG.encode() if step % 2 else SHORT.encode())
        changed.unlink(missing_ok=True)
        words = [sys.executable, "-S", "-E", "-I", "-c", DIE_AT_STEP, str(AGENT), str(step), refused]
        status = subprocess.run(words + machine.words("sync"), stderr=subprocess.DEVNULL).returncode
        left = machine.content
        assert left in (old, new) or (way == "in place" and in_place.is_torn(left, old, new))
        assert machine.run() == 0
        assert machine.content == new
        assert changed.exists(), "a change that nobody was told of"
        assert list(machine.hosts.parent.iterdir()) == [machine.hosts]
    assert status == 0
    assert step > 30


def _faults() -> list:
    html = Reply(200, {"Content-Type": "text/html"}, b"<html></html>")
    return [
        lambda reply: reply,
        lambda reply: reply,
        lambda reply: reply,
        lambda reply: problem(500, "oops"),
        lambda reply: html,
        lambda reply: Reply(200, {**reply.headers, "Content-Length": str(len(reply.body))}, reply.body[:40]),
        lambda reply: Reply(200, reply.headers, b""),
        lambda reply: Reply(200, {**reply.headers, "Groundskeeper-Sha256": "0" * 64}, reply.body),
        lambda reply: Reply(307, {**reply.headers, "Location": "https://portal.test/"}, b""),
        lambda reply: Reply(200, reply.headers, reply.body, _slowly),
    ]


def _slowly(wire, body: bytes) -> None:
    half = len(body) // 2
    wire.write(body[:half])
    wire.flush()
    time.sleep(0.03)  # the server's slowness is what is played here
    wire.write(body[half:])


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_random_while_the_server_misbehaves_no_reader_ever_sees_anything_else(
    machine: Machine, server: PlayingServer, seed: int
) -> None:
    chance, faults, over, strange = random.Random(seed), _faults(), threading.Event(), []

    def watch() -> None:
        while not over.wait(0.0005):
            content = machine.content
            if content not in ALLOWED:
                strange.append(content)

    assert machine.run() == 0
    reader = threading.Thread(target=watch)
    reader.start()
    for round_ in range(60):
        server.fault = chance.choice(faults)
        if round_ % 9 == 8:
            server.body, server.generation = document(""), server.generation + 1  # valid and empty: held back
        else:
            server.serve(chance.choice([SHORT, LONG]))
        with machine.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as agent:
            try:
                agent.wait(chance.uniform(0.03, 0.2))
            except subprocess.TimeoutExpired:
                agent.kill()
    over.set()
    reader.join()
    assert not strange
    server.fault = faults[0]
    server.serve(LONG)
    assert machine.run() == 0
    assert machine.content == block.put(OUTSIDE, LONG.encode())
    assert list(machine.hosts.parent.iterdir()) == [machine.hosts]
