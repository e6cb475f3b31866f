"""The child's side: within its limits it works, says what it made, and ends without touching what it inherited."""

import ctypes
import gc
import json
import math
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from typing import NoReturn

from chalicelib.derived.engine.limits import MB, Limits
from chalicelib.derived.engine.outcome import Outcome, Picture

Ask = Callable[[int, int], bytes]
Work = Callable[[Ask], Iterator[tuple[str, Outcome]]]

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_FILE_BYTES = MB  # nothing is written to files
OUT_OF_MEMORY = 2  # the status of a child that ended for that


def live(work: Work, pipe: socket.socket, parent: int, limits: Limits) -> NoReturn:
    """Work and end; no atexit, no flushing of what the parent has in its buffers."""
    status = 1
    try:
        _restrain(parent, limits)
        for name, outcome in work(lambda start, length: _ask(pipe, start, length)):
            _say(pipe, name, outcome)
        _send(pipe, {"over": True})
        status = 0
    except MemoryError:
        status = OUT_OF_MEMORY
    except BaseException as error:
        _send(pipe, {"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(status)


def _restrain(parent: int, limits: Limits) -> None:
    """Set limits; memory is counted from what was inherited, and not as addresses, of which decoders reserve many."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    gc.freeze()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    seconds = math.ceil(limits.seconds * (os.cpu_count() or 1)) + 1
    for what, most in (
        (resource.RLIMIT_DATA, inherited_data() + limits.memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
    ):
        resource.setrlimit(what, (most, most))


def inherited_data() -> int:
    """Return the bytes of private writable memory that the process has; proc_pid_status(5), VmData."""
    with open("/proc/self/status", "rb") as status:  # noqa: PTH123 - of a child, with nothing imported for it
        for line in status:
            if line.startswith(b"VmData:"):
                return int(line.split()[1]) * 1024
    return 0


def _ask(pipe: socket.socket, start: int, length: int) -> bytes:
    _send(pipe, {"start": start, "length": length})
    return _exactly(pipe, int.from_bytes(_exactly(pipe, 8)))


def _say(pipe: socket.socket, name: str, outcome: Outcome) -> None:
    if isinstance(outcome, Picture):
        size = {"width": outcome.width, "height": outcome.height}
        _send(pipe, {"name": name, "length": len(outcome.body), **size}, outcome.body)
    else:
        _send(pipe, {"name": name, "reason": outcome.reason})


def _send(pipe: socket.socket, said: dict[str, object], body: bytes = b"") -> None:
    line = json.dumps(said).encode()
    pipe.sendall(len(line).to_bytes(4) + line)
    pipe.sendall(body)


def _exactly(pipe: socket.socket, length: int) -> bytes:
    body = bytearray()
    while len(body) < length:
        if not (part := pipe.recv(min(length - len(body), 1 << 20))):
            os._exit(1)  # the parent is gone
        body += part
    return bytes(body)
