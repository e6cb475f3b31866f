"""The workshop: what goes wrong in a decoder costs that source, and nothing else."""

import ctypes
import faulthandler
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from chalicelib.derived.engine import isolation
from chalicelib.derived.engine.child import Ask
from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.outcome import Outcome, Picture, Unrenderable
from chalicelib.derived.engine.workshop import Limits, engine, render
from chalicelib.derived.model import Kind, Transformation
from tests.derived.engine.samples import LIMITS, SMALL, Bytes, photo
from tests.derived.engine.videos import four_seconds

TIGHT = Limits(memory=100_000_000, seconds=2, source_bytes=10_000_000)
MADE = Picture(b"first", 1, 1)


def judged(work, read_range=lambda start, length: b"", limits: Limits = TIGHT) -> isolation.Verdict:
    return isolation.run(work, read_range, limits)


def children() -> set[str]:
    """Return the forks of this process, and those that nobody has waited for; other tests start programs meanwhile."""
    own = Path("/proc/self/cmdline").read_bytes()
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {pid for pid in found if _command(pid) in (own, b"")}


def _command(pid: str) -> bytes | None:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None


def nothing_is_left(before: set[str]) -> bool:
    tick = Event()
    return any(children() <= before or tick.wait(0.1) for _ in range(50))


def crash(_: Ask) -> Iterator[tuple[str, Outcome]]:
    faulthandler.disable()  # of pytest
    yield "first", MADE
    ctypes.string_at(0)


def hang(_: Ask) -> Iterator[tuple[str, Outcome]]:
    yield "first", MADE
    signal.pause()


def spin(_: Ask) -> Iterator[tuple[str, Outcome]]:
    yield "first", MADE
    while True:
        pass


def eat(_: Ask) -> Iterator[tuple[str, Outcome]]:
    yield "first", MADE
    bytearray(200_000_000)


def leave(_: Ask) -> Iterator[tuple[str, Outcome]]:
    yield "first", MADE
    os._exit(7)


def stumble(_: Ask) -> Iterator[tuple[str, Outcome]]:
    yield "first", MADE
    raise RuntimeError("stumbled")


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (crash, "cannot be decoded: the decoder ended with signal SIGSEGV"),
        (hang, "takes more than 2 s to decode"),
        (spin, "takes more than 2 s to decode"),
        (eat, "needs more than 100 MB to decode"),
        (leave, "cannot be decoded: the decoder ended with status 7"),
        (stumble, "cannot be decoded: RuntimeError: stumbled"),
    ],
)
def test_a_decoder_that_goes_wrong_keeps_what_it_made_and_leaves_no_process(work, reason):
    before = children()
    verdict = judged(work)
    assert verdict.broken == reason
    assert verdict.made == {"first": MADE}
    assert nothing_is_left(before)


def test_what_is_wrong_with_reading_passes_through_unchanged_and_the_child_ends():
    class Throttled(OSError):
        pass

    class Failing(Bytes):
        def read_range(self, start, length):
            raise error

    before = children()
    for error in (Throttled("slow down"), TimeoutError("no answer"), ValueError("odd")):
        with pytest.raises(type(error)) as raised:
            render(Failing(four_seconds()), SourceFormat.MP4, [Transformation("s", Kind.VIDEO_STILL, 9, 9)], LIMITS)
        assert raised.value is error
    assert nothing_is_left(before)


def test_time_that_reading_takes_is_not_the_decoders():
    def ask(asked: Ask) -> Iterator[tuple[str, Outcome]]:
        yield "first", Picture(asked(0, 5), 1, 1)

    def slow(start: int, length: int) -> bytes:
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            pass
        return b"bytes"

    limits = Limits(TIGHT.memory, 1, 1)
    assert judged(ask, slow, limits) == isolation.Verdict({"first": Picture(b"bytes", 1, 1)}, "")


def test_a_child_that_reads_for_ever_is_stopped():
    def ask(asked: Ask) -> Iterator[tuple[str, Outcome]]:
        while True:
            asked(0, 100_000_000)
        yield

    assert judged(ask).broken == "needs more than 256 MB of it read"


def test_pictures_of_many_megabytes_come_through():
    def paint(_: Ask) -> Iterator[tuple[str, Outcome]]:
        for name in "abc":
            yield name, Picture(name.encode() * 8_000_000, 1, 1)

    assert [len(one.body) for one in judged(paint).made.values() if isinstance(one, Picture)] == [8_000_000] * 3


def test_a_child_can_write_neither_files_nor_the_parents_output(tmp_path, capfd):
    def write(_: Ask) -> Iterator[tuple[str, Outcome]]:
        os.write(1, b"to standard output")
        (tmp_path / "large").write_bytes(bytes(2_000_000))
        yield "first", MADE

    assert "SIGXFSZ" in judged(write).broken or "File too large" in judged(write).broken
    assert capfd.readouterr().out == ""


def test_what_the_parent_has_in_its_buffers_is_written_once():
    code = """
import sys
from chalicelib.derived.engine.workshop import *
from tests.derived.engine.samples import *
import atexit
atexit.register(print, "bye")
print("buffered")
assert isinstance(render(Bytes(photo()), SourceFormat.JPEG, [SMALL], LIMITS)["small"], Picture)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "buffered\nbye\n"


def test_a_child_does_not_outlive_its_parent():
    code = """
import os, signal
from chalicelib.derived.engine import isolation
from chalicelib.derived.engine.workshop import Limits
def work(ask):
    os.write(out, str(os.getpid()).encode())
    signal.pause()
    yield
out = os.dup(1)
isolation.run(work, None, Limits(100_000_000, 60, 1))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(os.read(parent.stdout.fileno(), 20))
        parent.kill()
        parent.wait()
        assert parent.stdout.read() == b""  # it ends when the last process that has it open has ended
    assert not os.path.exists(f"/proc/{child}/exe") or _is_dead(child)  # noqa: PTH110


def _is_dead(child: int) -> bool:
    with open(f"/proc/{child}/stat") as file:  # noqa: PTH123
        return file.read().rsplit(")", 1)[1].split()[0] in {"Z", "X"}


def test_a_source_is_read_once_and_an_empty_or_large_one_never():
    class Counted(Bytes):
        reads = 0

        def read_all(self) -> bytes:
            self.reads += 1
            return self.body

    source, empty, large = Counted(photo()), Counted(b""), Counted(bytes(10_000_001))
    wanted = [SMALL, Transformation("other", Kind.IMAGE, 50, 50)]
    assert all(isinstance(one, Picture) for one in render(source, SourceFormat.JPEG, wanted, LIMITS).values())
    assert render(empty, SourceFormat.JPEG, [SMALL], TIGHT) == {"small": Unrenderable("is empty")}
    reason = "has 10.0 MB, and 10.0 MB is the limit for JPEG"
    assert render(large, SourceFormat.JPEG, [SMALL], TIGHT) == {"small": Unrenderable(reason)}
    assert (source.reads, empty.reads, large.reads) == (1, 0, 0)


def test_nothing_wanted_is_nothing_made():
    assert render(Bytes(photo()), SourceFormat.JPEG, [], LIMITS) == {}


def test_the_engine_is_named_with_its_version():
    assert engine(SourceFormat.JPEG).startswith("pillow ")
    assert engine(SourceFormat.HEIC).startswith("pi-heif ")
    assert engine(SourceFormat.MP4).startswith("av ")
    assert engine(SourceFormat.PDF).startswith("pypdfium2 ")


@pytest.mark.parametrize("module", ["av", "pypdfium2", "pi_heif"])
def test_only_what_a_source_needs_is_imported(module):
    code = f"""
import sys
from chalicelib.derived.engine import workshop
assert "PIL" not in sys.modules
from tests.derived.engine.samples import *
render(Bytes(photo()), SourceFormat.JPEG, [SMALL], LIMITS)
assert {module!r} not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
