"""Replacing a file so that a reader, and a machine that loses its power, sees the old content or the new one."""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from pathlib import Path

from groundskeeper_hosts.errors import BadSettings, Changed


def read(path: Path) -> bytes | None:
    """Return a regular file's whole content, or None if there is none; other errors are raised, not taken for empty."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise BadSettings(f"{path} is not a regular file")
        return file.read()


def replace(path: Path, old: bytes | None, new: bytes) -> None:
    """Put a new file, like the old one in mode, owner and attributes, in its place. Raises Changed, OSError."""
    temporary = stage(path, new, like=path)
    try:
        _compare(path, old)
        temporary.rename(path)
    except BaseException:
        temporary.unlink()
        raise
    sync_folder(path.parent)


def _compare(path: Path, old: bytes | None) -> None:
    if read(path) != old:
        raise Changed(f"somebody else is changing {path}")


def stage(path: Path, content: bytes, like: Path | None = None, mode: int = 0o644) -> Path:
    """Write content to a temporary file beside the path, safely on the disk, and return its name."""
    descriptor, name = tempfile.mkstemp(prefix=_prefix(path), dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            _dress(file.fileno(), like, mode)
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink()
        raise
    return temporary


def sweep(path: Path) -> None:
    """Remove the temporary files that killed runs left beside the path; the caller holds the lock.

    Only what `stage` made: a name as mkstemp makes it, a regular file, that is ours or has the owner of the path.
    """
    name = re.compile(re.escape(_prefix(path)) + "[a-z0-9_]{8}")
    owners = {os.geteuid()} | ({path.stat().st_uid} if path.exists() else set())
    for other in path.parent.iterdir() if path.parent.exists() else ():
        if name.fullmatch(other.name) and stat.S_ISREG(other.lstat().st_mode) and other.lstat().st_uid in owners:
            other.unlink()


def _prefix(path: Path) -> str:
    return f".{path.name}.groundskeeper-"  # dnsmasq and cron skip names that begin with a dot


def _dress(descriptor: int, like: Path | None, mode: int) -> None:
    if like is None or not like.exists():
        return os.fchmod(descriptor, mode)
    about, own = like.stat(), os.fstat(descriptor)
    if (about.st_uid, about.st_gid) != (own.st_uid, own.st_gid):
        os.fchown(descriptor, about.st_uid, about.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(about.st_mode))
    return _copy_attributes(like, descriptor)


def _copy_attributes(like: Path, descriptor: int) -> None:
    """Copy extended attributes (access lists, the SELinux label) as far as we may; macOS has no such calls."""
    if hasattr(os, "listxattr"):
        try:
            for name in os.listxattr(like):
                os.setxattr(descriptor, name, os.getxattr(like, name))
        except OSError:  # a label that the kernel sets by itself, or a file system without attributes
            return


def sync_folder(folder: Path) -> None:
    """Get the names in a folder safely onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)
