"""One agent at a time for each target: a lock on a side file, which the kernel gives back when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from groundskeeper_hosts.errors import TryAgain, named


@contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock. Raises TryAgain if somebody else holds it for longer than ``patience`` seconds."""
    with named(f"the lock {path} cannot be opened"):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)  # never deleted: that would split it
    try:
        _wait(descriptor, path, time.monotonic() + patience)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: Path, until: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise TryAgain(f"another groundskeeper-hosts is at work (it holds {path})") from None
        time.sleep(0.05)
