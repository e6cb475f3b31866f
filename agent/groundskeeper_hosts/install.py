"""Installing checked lines into a target: the check command, the write, another try if somebody else was writing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from groundskeeper_hosts import block, hooks, log, swap
from groundskeeper_hosts.errors import Changed, named
from groundskeeper_hosts.settings import Settings
from groundskeeper_hosts.target import Target

ATTEMPTS = 5


def install(settings: Settings, target: Target, lines: bytes, note: Callable[[bytes], None]) -> bytes:
    """Make the target's block hold these lines, and return its content; without a difference nothing is written.

    ``note`` is told the content before it is written: a run that is killed right after must leave on-change due.
    """
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(Changed):
            return _once(settings, target, lines, note)
    return _once(settings, target, lines, note)


def _once(settings: Settings, target: Target, lines: bytes, note: Callable[[bytes], None]) -> bytes:
    old = target.look()
    new = block.put(old, lines)
    if new != old:
        _check(settings, target, new)
        note(new)
        target.write(old, new)
        log.say(f"{target.path}: {_difference(old, new)}")
    return new


def _check(settings: Settings, target: Target, new: bytes) -> None:
    if not settings.check:
        return
    with named(f"state-dir {settings.state_dir} cannot be written"):
        candidate = swap.stage(target.place.file("candidate"), new)
    try:
        hooks.run("check", settings.check, candidate)
    finally:
        with contextlib.suppress(OSError):  # the command may have moved it
            candidate.unlink()


def _difference(old: bytes, new: bytes) -> str:
    before, after = block.split(old), block.split(new)
    had, has = set(before.lines), set(after.lines)
    return f"{after.entries} entries ({len(has - had)} new, {len(had - has)} gone)"
