"""The token, from a file that only its owner reads."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from groundskeeper_hosts.errors import BadSettings, from_os

_TOKEN = re.compile(rb"[\x21-\x7e]{1,4096}")


def read_token(path: Path) -> str:
    """Return the token. Raises BadSettings, never showing the content, where the file is not safe or not a token."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            _check_owner(path, os.fstat(file.fileno()))  # of the open file: the path may change meanwhile
            content = file.read(5000)
    except OSError as error:
        raise from_os(error, f"token-file {path} cannot be read") from error
    token = content[:-1] if content.endswith(b"\n") else content
    if not _TOKEN.fullmatch(token):
        raise BadSettings(
            f"token-file {path} must hold one line with the token: it is empty, or has spaces or other lines"
        )
    return token.decode("ascii")


def _check_owner(path: Path, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise BadSettings(f"token-file {path} is not a regular file")
    if about.st_mode & 0o077:
        mode = stat.S_IMODE(about.st_mode)
        raise BadSettings(f"token-file {path} has mode {mode:04o}, which lets others at it: chmod 600 {path}")
    if about.st_uid not in (0, os.geteuid()):
        raise BadSettings(f"token-file {path} belongs to user {about.st_uid}, not to you or root: chown it")
