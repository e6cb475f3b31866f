"""What the agent remembers of one target between runs.

Losing it loses no safety, but for the comparisons with what was before: everything is fetched and checked again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from groundskeeper_hosts import swap


@dataclass(frozen=True)
class State:
    """The last good answer and what was made of it; times are seconds since 1970."""

    source: str = ""  # digest of the settings that shape the document; another source, and the ETag means nothing
    etag: str = ""
    generation: int = -1
    entries: int = 0
    outside: int = 0  # bytes outside the block, after we had installed it
    block: str = ""  # SHA-256 of the block that was installed
    last_success: float = 0.0
    last_error: str = ""
    failing_since: float = 0.0
    failures: int = 0
    on_change_due: str = ""  # SHA-256 of the block for which on-change has not yet succeeded
    doubted: str = ""  # SHA-256 of a document that the guard holds back
    doubted_since: float = 0.0
    doubted_polls: int = 0

    def failed(self, now: float, error: str) -> State:
        """Return the state after a failure."""
        return replace(self, last_error=error, failures=self.failures + 1, failing_since=self.failing_since or now)

    def age(self, now: float) -> float:
        """Return the seconds since the last good answer, or since the first failure if there never was one."""
        since = self.last_success or self.failing_since
        return max(0.0, now - since) if since else 0.0


@dataclass(frozen=True)
class Place:
    """The files of one target in the state folder, told apart by the target's path."""

    folder: Path
    target: Path

    def file(self, kind: str) -> Path:
        """Return the path of the target's lock, state, journal, first backup or candidate."""
        key = hashlib.sha256(str(self.target).encode("utf-8", "surrogateescape")).hexdigest()[:12]
        return self.folder / f"{self.target.name}-{key}.{kind}"

    def load(self) -> State:
        """Return the state; one that cannot be understood is as good as none. Raises OSError."""
        try:
            return _state(json.loads(swap.read(self.file("json")) or b"{}"))
        except (ValueError, TypeError):
            return State()

    def save(self, state: State) -> None:
        """Write the state, whole or not at all. Raises OSError."""
        path = self.file("json")
        swap.stage(path, json.dumps(asdict(state), indent=1).encode() + b"\n").replace(path)


def _state(found: Any) -> State:
    default = asdict(State())
    values = {name: found[name] for name in default if name in found}
    wrong = [name for name, value in values.items() if type(value) not in _types(default[name])]
    return State() if wrong else State(**values)


def _types(default: object) -> tuple[type, ...]:
    return (int, float) if isinstance(default, float) else (type(default),)
