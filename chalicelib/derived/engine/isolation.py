"""A child process that decodes: what crashes, hangs or eats memory there costs one source, never the function.

No ``multiprocessing``: Lambda has no /dev/shm, and what a child says must not be unpickled, since a decoder may have
been taken over. The child says a piece of JSON, and then the bytes that it announced.
"""

import json
import os
import signal
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from chalicelib.derived.engine.child import OUT_OF_MEMORY, Ask, Work, live
from chalicelib.derived.engine.limits import MB, Limits
from chalicelib.derived.engine.outcome import Outcome, Picture, Unrenderable

_LARGEST_MESSAGE = 256 * MB
_MOST_READ = 256 * MB


@dataclass(slots=True)
class Verdict:
    """What a child made before it ended, and why it ended if that was before all was made."""

    made: dict[str, Outcome] = field(default_factory=dict)
    broken: str = ""


def run(work: Work, read_range: Ask, limits: Limits) -> Verdict:
    """Run ``work`` in a child process; it asks for bytes of the source, which ``read_range`` reads here.

    What ``read_range`` raises passes through, after the child was ended; the time that it takes is not the decoder's.
    """
    here, there = socket.socketpair()
    parent, child = os.getpid(), os.fork()
    if child == 0:
        here.close()
        live(work, there, parent, limits)
    there.close()
    talk = _Talk(here, read_range, limits)
    try:
        with here:
            whole = talk.hear_out()
    finally:
        os.kill(child, signal.SIGKILL)  # without effect on one that has ended: its status stays
        status = os.waitpid(child, 0)[1]
    if not whole:
        talk.verdict.broken = talk.verdict.broken or _ended(status, limits)
    return talk.verdict


class _Talk:
    """The parent's side of the conversation."""

    def __init__(self, pipe: socket.socket, read_range: Ask, limits: Limits) -> None:
        self.verdict = Verdict()
        self._pipe, self._read_range, self._limits = pipe, read_range, limits
        self._until = time.monotonic() + limits.seconds
        self._read = 0

    def hear_out(self) -> bool:
        """Listen to the child, and read for it; return whether it came to its end."""
        heard = self._hear()
        while isinstance(heard, tuple):
            began = time.monotonic()
            answer = self._read_range(*heard)
            self._until += time.monotonic() - began
            heard = self._hear(answer)
        return heard

    def _hear(self, answer: bytes | None = None) -> tuple[int, int] | bool:
        """Return the range that the child asks for next, or whether it came to its end."""
        try:
            if answer is not None:
                self._say(len(answer).to_bytes(8) + answer)
            while True:
                said = json.loads(self._exactly(int.from_bytes(self._exactly(4))))
                if "start" in said:
                    return self._range(int(said["start"]), int(said["length"]))
                if "over" in said:
                    return True
                self._keep(said)
        except TimeoutError:
            self.verdict.broken = f"takes more than {self._limits.seconds:g} s to decode"
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            pass  # it died in the middle of a word, or says what no child of ours says: its status tells more
        return False

    def _keep(self, said: dict[str, Any]) -> None:
        if "failed" in said:
            self.verdict.broken = f"cannot be decoded: {said['failed']}"
        elif "reason" in said:
            self.verdict.made[said["name"]] = Unrenderable(said["reason"])
        else:
            body = self._exactly(said["length"])
            self.verdict.made[said["name"]] = Picture(body, said["width"], said["height"])

    def _range(self, start: int, length: int) -> tuple[int, int] | bool:
        self._read += length
        if self._read <= _MOST_READ and start >= 0 and length > 0:
            return start, length
        self.verdict.broken = f"needs more than {_MOST_READ / MB:.0f} MB of it read"
        return False

    def _say(self, body: bytes) -> None:
        self._pipe.settimeout(self._left())
        self._pipe.sendall(body)

    def _exactly(self, length: int) -> bytes:
        if not 0 <= length <= _LARGEST_MESSAGE:
            raise ValueError(length)
        body = bytearray()
        while len(body) < length:
            self._pipe.settimeout(self._left())
            if not (part := self._pipe.recv(min(length - len(body), 1 << 20))):
                raise EOFError
            body += part
        return bytes(body)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _ended(status: int, limits: Limits) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code == OUT_OF_MEMORY:
        return f"needs more than {limits.memory / MB:,.0f} MB to decode"
    if code == -signal.SIGXCPU:
        return f"takes more than {limits.seconds:g} s to decode"
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"
    return f"cannot be decoded: the decoder ended with {how}"
