"""What functions print: kept per function in memory (the newest lines) and in one file each."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import TextIO

MAX_LINES = 10_000
type Listener = Callable[[str, str], None]


class Logs:
    """Collect the output of functions, line by line; each of the listeners, `(function, line)`, sees every line too."""

    def __init__(self, folder: Path, listeners: Sequence[Listener] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._listeners = listeners
        self._lock = threading.Lock()
        self._lines: dict[str, deque[str]] = {}
        self._files: dict[str, TextIO] = {}

    def write(self, function: str, line: str) -> None:
        """Add one line of a function's output."""
        with self._lock:
            self._lines.setdefault(function, deque(maxlen=MAX_LINES)).append(line)
            file = self._file(function)
            file.write(f"{line}\n")
            file.flush()
        for listener in self._listeners:
            listener(function, line)

    def read(self, function: str) -> list[str]:
        """Return the newest lines of a function's output, oldest first, at most 10,000."""
        with self._lock:
            return list(self._lines.get(function, ()))

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _file(self, function: str) -> TextIO:
        if function not in self._files:
            name = re.sub(r"[^A-Za-z0-9_-]", "_", function)
            self._files[function] = (self._folder / f"{name}.log").open("a", encoding="utf-8")
        return self._files[function]


def json_line(line: str) -> dict[str, Any]:
    """Return what a structured line says; nothing of one that is plain text."""
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
