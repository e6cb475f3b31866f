"""The file `run.json`: how other programs find a local cloud that runs."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@contextmanager
def published(path: Path, facts: Mapping[str, Any]) -> Iterator[None]:
    """Keep the file there for a while; readers see all of it or none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)  # it holds keys, if only of an emulator
    partial.write_text(json.dumps(facts, indent=2) + "\n")
    partial.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
