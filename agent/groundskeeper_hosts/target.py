"""The file that gets the names: looked at, written, cleaned up, and only while we hold its lock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from groundskeeper_hosts import block, in_place, swap
from groundskeeper_hosts.errors import BadSettings, Refused, from_os, named
from groundskeeper_hosts.lock import locked
from groundskeeper_hosts.settings import Settings
from groundskeeper_hosts.state import Place, State

_KINDS = ("json", "journal", "first", "candidate")


@dataclass(frozen=True)
class Target:
    """A hosts file with a block of ours, or (``own``) a file that is nothing but our block."""

    path: Path
    own: bool
    place: Place

    @classmethod
    def of(cls, settings: Settings) -> Target:
        """Return the target of these settings; a symbolic link stays, and what it points to is the target."""
        path = Path(os.path.realpath(settings.own_file or settings.file))
        return cls(path, settings.own_file is not None, Place(settings.state_dir, path))

    @contextmanager
    def held(self, patience: float) -> Iterator[None]:
        """Hold the lock. Raises TryAgain, BadSettings."""
        with named(f"state-dir {self.place.folder} cannot be made"):
            self.place.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with locked(self.place.file("lock"), patience):
            yield

    def tidy(self) -> None:
        """Put right what runs that were killed left; the caller holds the lock. Raises HostsError."""
        with named(f"{self.path} cannot be put in order after a run that was killed"):
            for path in (self.path, *map(self.place.file, _KINDS)):
                swap.sweep(path)
            in_place.recover(self.path, self.place.file("journal"))

    def look(self) -> bytes:
        """Return the content; b"" for an own file that is not there. Raises BadSettings, Refused."""
        with named(f"{self.path} cannot be read"):
            content = swap.read(self.path)
        if content is None and not self.own:
            raise BadSettings(f"{self.path} does not exist: name another with --file, or let --own-file make one")
        if self.own and block.split(content or b"").outside.strip():
            raise Refused(f"own-file {self.path} holds lines that are not ours: name another file, or use --file")
        return content or b""

    def check_origin(self, state: State, settings: Settings) -> None:
        """Raise BadSettings if the names that are installed come from elsewhere: two agents would overwrite in turn."""
        if state.origin in ("", settings.origin) or not block.split(self.look()).block:
            return
        raise BadSettings(
            f"{self.path} holds the names of {state.origin}, not of {settings.origin}: `uninstall` those first, or "
            "give these an own-file; if they moved on purpose, `sync --replace-source` once"
        )

    def write(self, old: bytes, new: bytes) -> None:
        """Replace the old content, which is kept if this is the first time. Raises HostsError, Changed above all."""
        if block.split(old).outside != block.split(new).outside:
            raise Refused(
                f"{self.path}: what is outside the block would change; this is a fault in groundskeeper-hosts"
            )
        with named(f"{self.path} cannot be written, and is as it was"):
            there = self.path.exists()
            if there:
                self._keep_first(old)
            in_place.replace(self.path, old if there else None, new, self.place.file("journal"))

    def remove(self) -> bool:
        """Take the block out, or the own file away; say whether there was one. Raises as look and write do."""
        with named(f"{self.path} cannot be read"):
            if not self.path.exists():
                return False
        old = self.look()
        if not block.split(old).block:
            return False
        if not (self.own and self._unlink()):
            self.write(old, block.remove(old))
        return True

    def _unlink(self) -> bool:
        try:
            self.path.unlink()
        except OSError as error:
            if error.errno in in_place.CANNOT_RENAME:
                return False  # a bind mount: empty it instead
            raise from_os(error, f"{self.path} cannot be removed") from error
        return True

    def _keep_first(self, content: bytes) -> None:
        first = self.place.file("first")
        if first.exists():
            return
        temporary = swap.stage(first, content, mode=0o600)
        try:
            os.link(temporary, first)  # unlike a rename, this never overwrites
        finally:
            temporary.unlink()
