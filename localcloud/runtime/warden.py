"""The warden: kills what the emulator started, however the emulator itself came to its end."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Self

# Runs alone, on the standard library. Standard input closes when the emulator ends, be it by SIGKILL:
# a "parent death signal" would not do, for it ends one process and not what that process started in turn.
_PROGRAM = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    group = int(line[1:])
    groups.add(group) if line[0] == "+" else groups.discard(group)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


class Warden:
    """Watches over process groups: those still guarded when this process ends, end with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, a constant program
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the terminal is not meant for the warden
            text=True,
            bufsize=1,
        )

    def guard(self, group: int) -> None:
        """End this process group when the emulator ends."""
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        """Forget a process group that has ended."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """End every group that is still guarded, and the warden."""
        with self._lock:
            if self._process.stdin and not self._process.stdin.closed:
                self._process.stdin.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._process.stdin and not self._process.stdin.closed:
                self._process.stdin.write(line)
