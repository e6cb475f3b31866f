"""Overwriting a file that cannot be renamed over: a bind mount, or a folder that we may not write to.

This is not atomic. A journal with both contents is on the disk before the first byte is written, and the next run finds
in it what a killed run was doing.
"""

from __future__ import annotations

import errno
import io
import itertools
import os
from pathlib import Path

from groundskeeper_hosts import log, swap
from groundskeeper_hosts.errors import Changed, Refused

CANNOT_RENAME = {errno.EBUSY, errno.EXDEV, errno.EROFS, errno.EACCES, errno.EPERM}
SECTOR = 512  # the least that a disk writes whole


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
    swap.sync_folder(journal.parent)
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
    """Put the old content back if a run that was killed, or a power cut, left the file half written.

    A file that is neither whole nor plainly torn is left alone, and the journal, which may hold the only good copy, is
    kept under another name. Raises Refused then, once.
    """
    record = swap.read(journal)
    contents = _contents(record or b"")
    if record is None:
        return
    if contents is None:
        raise Refused(f"{journal} cannot be understood, and is kept as {_keep(journal)}: look at {path}")
    if path.exists():
        _mend(path, *contents, journal)
    else:  # such as a mount that is not there now
        log.say(f"{path} is gone, and was being written; its content is kept in {_keep(journal)}")


def _mend(path: Path, old: bytes, new: bytes, journal: Path) -> None:
    with path.open("r+b", buffering=0) as file:
        content = file.read()
        if is_torn(content, old, new):
            log.say(f"{path} was left half written by a run that was cut off; the old content is put back")
            _write(file, old)
        elif content not in (old, new):
            aside = _keep(journal)
            before = f"`tail -n +2 {aside} | head -c $(head -n 1 {aside})`"
            raise Refused(f"{path} was changed after a run that wrote it was cut off: compare it with {before}")
    journal.unlink()


def is_torn(content: bytes, old: bytes, new: bytes) -> bool:
    """Say whether the content can be what is left of writing the new one over the old one, without being either.

    A killed run leaves a beginning of the new content over the old. A power cut leaves each sector as it was, as it
    should become, or zeros where the file had grown, in any order; its length may have grown or shrunk on its own.
    """
    shorter, longer = sorted((len(old), len(new)))
    if content in (old, new) or not shorter <= len(content) <= longer:
        return False
    was, becomes = old.ljust(longer, b"\0"), new.ljust(longer, b"\0")
    pieces = (slice(at, min(at + SECTOR, len(content))) for at in range(0, len(content), SECTOR))
    return all(_is_between(content[piece], was[piece], becomes[piece]) for piece in pieces)


def _is_between(piece: bytes, was: bytes, becomes: bytes) -> bool:
    """Say whether it is zeros, one of the two, or a beginning of one over the other (putting the old back, say)."""
    if piece in (was, becomes) or not piece.strip(b"\0"):
        return True
    return any(_is_begun(piece, *pair) for pair in ((was, becomes), (becomes, was)))


def _is_begun(piece: bytes, was: bytes, becomes: bytes) -> bool:
    written = next(at for at, (one, other) in enumerate(zip(piece, becomes)) if one != other)
    return piece[written:] == was[written:]


def _contents(record: bytes) -> tuple[bytes, bytes] | None:
    head, end, contents = record.partition(b"\n")
    if not (end and head.isdigit() and len(head) < 19 and int(head) <= len(contents)):
        return None
    return contents[: int(head)], contents[int(head) :]


def kept(journal: Path) -> list[Path]:
    """Return the journals that were kept aside."""
    return sorted(path for path in journal.parent.glob("*") if path.name.startswith(f"{journal.name}-kept"))


def _keep(journal: Path) -> Path:
    number = next(number for number in itertools.count(1) if not os.path.lexists(_kept(journal, number)))
    return journal.rename(_kept(journal, number))


def _kept(journal: Path, number: int) -> Path:
    return journal.with_name(f"{journal.name}-kept" + (f"-{number}" if number > 1 else ""))


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
