"""Overwriting a file that cannot be renamed over: a bind mount, or a folder that we may not write to.

This is not atomic. A journal with both contents is on the disk before the first byte is written, and the next run finds
in it what a killed run was doing.
"""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

from groundskeeper_hosts import log, swap
from groundskeeper_hosts.errors import Changed

CANNOT_RENAME = {errno.EBUSY, errno.EXDEV, errno.EROFS, errno.EACCES, errno.EPERM}


def replace(path: Path, old: bytes | None, new: bytes, journal: Path) -> None:
    """Replace a file by rename where that is possible, else in place. Raises Changed, OSError."""
    try:
        swap.replace(path, old, new)
    except OSError as error:
        if old is None or error.errno not in CANNOT_RENAME:
            raise
        overwrite(path, old, new, journal)


def overwrite(path: Path, old: bytes, new: bytes, journal: Path) -> None:
    """Write the new content over the old, read it back, and put the old back if anything fails."""
    swap.stage(journal, b"%d\n" % len(old) + old + new, mode=0o600).replace(journal)
    with path.open("r+b", buffering=0) as file:
        if file.read() != old:
            journal.unlink()
            raise Changed(f"somebody else is changing {path}")
        try:
            _write(file, new)
        except BaseException:
            _write(file, old)  # should this fail too, the journal stays, and the next run tries again
            journal.unlink()
            raise
    journal.unlink()


def recover(path: Path, journal: Path) -> None:
    """Put the old content back if a killed run left the file half written; leave it alone if somebody has mended it."""
    record = swap.read(journal)
    head, _, contents = (record or b"").partition(b"\n")
    if not head.isdigit() or not path.exists():  # no journal (they are put in their place whole), or nothing to mend
        return journal.unlink(missing_ok=True)
    old, new = contents[: int(head)], contents[int(head) :]
    with path.open("r+b", buffering=0) as file:
        if is_torn(file.read(), old, new):
            log.say(f"{path} was left half written by a run that was killed; the old content is put back")
            _write(file, old)
    return journal.unlink()


def is_torn(content: bytes, old: bytes, new: bytes) -> bool:
    """Say whether content is some beginning of the new content over the old one."""
    if content in (old, new):
        return False
    written = next(
        (at for at, (one, other) in enumerate(zip(content, new)) if one != other), min(len(content), len(new))
    )
    return content[written:] == old[written:]


def _write(file: io.FileIO, content: bytes) -> None:
    file.seek(0)
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
    os.ftruncate(file.fileno(), len(content))
    os.fsync(file.fileno())
    file.seek(0)
    if file.read() != content:
        raise OSError(errno.EIO, "what was written is not what is read back")
