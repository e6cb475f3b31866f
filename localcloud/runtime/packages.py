"""Zips on disk: each function's code and each set of layers is unpacked once, under its hash."""

from __future__ import annotations

import hashlib
import io
import shutil
import threading
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localcloud.runtime.configuration import Function

MAX_UNZIPPED_BYTES = 250 * 1024 * 1024  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html


@dataclass(frozen=True)
class Zip:
    """A zip, told from others by its SHA-256."""

    sha256: str
    content: bytes = field(compare=False, repr=False)


class Packages:
    """Unpacks into a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def code(self, function: Function) -> Path:
        """Return the folder that stands for /var/task; raise ValueError if code and layers are over 250 MB."""
        return self._unpacked(f"code-{function.code.sha256}", [function.code], [each.zip for each in function.layers])

    def layers(self, function: Function) -> Path:
        """Return the folder that stands for /opt: layers in order, a later one over an earlier one."""
        digests = "".join(layer.zip.sha256 for layer in function.layers)
        return self._unpacked(f"opt-{digests}", [layer.zip for layer in function.layers], [])

    def _unpacked(self, contents: str, archives: list[Zip], beside: list[Zip]) -> Path:
        """Unpack what has not been unpacked before; whoever has hashed the zips need not do so at each start."""
        target = self._folder / hashlib.sha256(contents.encode()).hexdigest()[:16]
        with self._lock:
            if not target.exists():
                check_size([*archives, *beside])
                partial = target.with_suffix(".partial")
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
                for archive in archives:
                    _extract(archive.content, partial)
                partial.rename(target)
        return target


def check_size(archives: Iterable[Zip]) -> None:
    """Raise ValueError, in Lambda's words, if zips of code and layers hold over 250 MB together."""
    size = sum(map(_unzipped, archives))
    if size > MAX_UNZIPPED_BYTES:
        raise ValueError(
            f"Function code combined with layers exceeds the maximum allowed size of {MAX_UNZIPPED_BYTES} bytes. "
            f"The actual size is {size} bytes."
        )


@lru_cache(maxsize=8)  # all functions of a stack have the same code
def _unzipped(archive: Zip) -> int:
    with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
        return sum(entry.file_size for entry in opened.infolist())


def _extract(archive: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for entry in opened.infolist():
            path = Path(opened.extract(entry, folder))
            mode = entry.external_attr >> 16 & 0o777
            if mode and not entry.is_dir():
                path.chmod(mode | 0o400)  # zipfile forgets that a layer's program is executable
