"""The file `run.json`: how other programs find a local cloud that runs."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class RunsAlreadyError(Exception):
    """Another local cloud has its file here."""


class NoneRunsError(Exception):
    """No local cloud that still runs has its file here."""


def running(path: Path) -> dict[str, Any]:
    """Return what the file says of the cloud that runs; raise NoneRunsError."""
    try:
        facts: dict[str, Any] = json.loads(path.read_text())
        os.kill(int(facts["pid"]), 0)
    except (FileNotFoundError, ProcessLookupError, ValueError, KeyError) as error:
        raise NoneRunsError(f"no local cloud runs here: {path} names none") from error
    return facts


def refuse_another(path: Path) -> None:
    """Raise RunsAlreadyError where a cloud that still runs has its file here."""
    try:
        facts = running(path)
    except NoneRunsError:
        return
    raise RunsAlreadyError(f"a local cloud runs here already: pid {facts['pid']}, AWS API {facts['aws_endpoint']}")


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
