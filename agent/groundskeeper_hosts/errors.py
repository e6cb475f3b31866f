"""Every error that the agent raises on purpose, named by its remedy; each knows the exit code that it ends in.

HostsError
├── TryAgain      1   not now (network, server, lock, disk, a command that failed): the next run may do it
│   ├── Changed       somebody else changed the target between our look and our write: look again
│   └── Unforeseen    a fault of ours: said in one line, counted as a failure, never the end of `run`
├── BadSettings   2   set up wrongly (settings, token, rights): nothing will help until that is mended
├── Refused       3   what came, or what is installed, is not to be trusted: a person must look
└── Stale         4   there has been no good answer for longer than max-stale
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

_SETUP = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}


class HostsError(Exception):
    """Anything that the agent raises on purpose; ``retry_after`` is what the server asked for, in seconds."""

    exit_code = 1

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TryAgain(HostsError):
    """It could not be done now; the old file is still in place."""


class Unforeseen(TryAgain):
    """Anything that we did not raise on purpose."""


class Changed(TryAgain):
    """Somebody else changed the target after we had read it."""


class BadSettings(HostsError):
    """The agent is set up wrongly; the message names the setting and what to do."""

    exit_code = 2


class Refused(HostsError):
    """A document or a file is not to be trusted, and was left alone."""

    exit_code = 3


class Stale(HostsError):
    """No good answer for longer than max-stale; what is installed stays."""

    exit_code = 4


def from_os(error: OSError, what: str) -> HostsError:
    """Translate an error of the operating system: missing rights and files are settings, a full disk is for later."""
    message = f"{what}: {error.strerror or error}"
    return BadSettings(message) if error.errno in _SETUP else TryAgain(message)


def on_purpose(error: Exception) -> HostsError:
    """Return an error of ours as it is, and any other as one line that says where it was raised."""
    if isinstance(error, HostsError):
        return error
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = (
        f"{PurePath(place.tb_frame.f_code.co_filename).name}, line {place.tb_lineno}" if place else "an unknown place"
    )
    return Unforeseen(f"a fault in groundskeeper-hosts, please report it: {type(error).__name__} in {where}: {error}")


@contextmanager
def named(what: str) -> Iterator[None]:
    """Translate errors of the operating system that happen inside."""
    try:
        yield
    except OSError as error:
        raise from_os(error, what) from error
