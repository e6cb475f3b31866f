"""What the agent remembers of one target between runs.

Losing it loses no safety, but for the comparisons with what was before: everything is fetched and checked again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from groundskeeper_hosts import log, swap
from groundskeeper_hosts.errors import HostsError


@dataclass(frozen=True)
class State:
    """The last good answer and what was made of it; times are seconds since 1970."""

    origin: str = ""  # the url and view whose names are installed; another one must not overwrite them in turn
    source: str = ""  # digest of the settings that shape the document; another source, and the ETag means nothing
    etag: str = ""
    generation: int = -1
    entries: int = 0
    outside: int = 0  # bytes outside the block, after we had installed it
    block: str = ""  # SHA-256 of the block that was installed
    last_success: float = 0.0
    last_error: str = ""
    last_exit: int = 0
    failing_since: float = 0.0
    failures: int = 0
    on_change_due: str = ""  # SHA-256 of the block for which on-change has not yet succeeded
    doubted: str = ""  # SHA-256 of a document that the guard holds back
    doubted_entries: int = 0  # of the first document of this wait
    doubted_since: float = 0.0
    doubted_polls: int = 0

    def failed(self, now: float, error: HostsError) -> State:
        """Return the state after a failure."""
        failures, since = self.failures + 1, self.failing_since or now
        text = log.printable(str(error))
        return replace(self, last_error=text, last_exit=error.exit_code, failures=failures, failing_since=since)

    def as_of(self, now: float) -> State:
        """Return the state without times that are yet to come: the clock was wrong when they were noted."""
        changes: dict[str, Any] = {"doubted": ""} if self.doubted_since > now else {}
        for name in ("last_success", "failing_since", "doubted_since"):
            if getattr(self, name) > now:
                changes[name] = 0.0
        return replace(self, **changes)

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
        except (ValueError, TypeError, RecursionError, OverflowError):
            return State()

    def save(self, state: State) -> None:
        """Write the state, whole or not at all. Raises OSError."""
        path = self.file("json")
        swap.stage(path, json.dumps(asdict(state), indent=1).encode() + b"\n").replace(path)


def _state(found: Any) -> State:
    default = asdict(State())
    values = {name: found[name] for name in default if name in found}
    return State(**{name: _like(default[name], value) for name, value in values.items()})


def _like(default: object, value: Any) -> Any:
    """Return the value if we could have written it, in place of this default. Raises ValueError, OverflowError."""
    kinds = (int, float) if isinstance(default, float) else (type(default),)
    if type(value) not in kinds:
        raise ValueError("of another type")
    if isinstance(value, str):
        value.encode("utf-8")  # half a surrogate pair can be read from JSON, and not be printed
    elif not abs(value) < 2**63:
        raise ValueError("infinite, or no number, or huge")
    return float(value) if isinstance(default, float) else value
