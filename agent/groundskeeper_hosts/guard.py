"""Documents that are valid and yet doubtful: much smaller than what is installed, or older. They must be confirmed.

A doubtful document is held back until the server has served nothing but doubtful ones for `confirm-after` seconds and
at three polls at least, or until a person says --allow-shrink. They need not be the same one: a fleet that has shrunk
goes on changing, and its names would otherwise never be installed again. One that has shrunk again as much waits anew.
"""

from __future__ import annotations

import dataclasses

from groundskeeper_hosts.options import NEVER
from groundskeeper_hosts.state import State

SHRINK = 0.30
FEW = 4  # of three names, losing one is ordinary life
POLLS = 3


def doubt(installed: int, entries: int, known: int, generation: int) -> str | None:
    """Say what is doubtful about a document with so many entries and this generation, or return None."""
    if installed and not entries:
        return f"it has no entries, and {installed} are installed"
    if installed >= FEW and entries < installed * (1 - SHRINK):
        return f"it has {entries} entries, and {installed} are installed: more than {SHRINK:.0%} fewer"
    if generation < known:
        return f"it is generation {generation} after {known}: the server was reset, or answers from an old copy"
    return None


def hold(state: State, digest: str, entries: int, now: float) -> State:
    """Return the state with one more doubtful poll; the first one begins the wait, and so does a far smaller one."""
    if not state.doubted or entries < state.doubted_entries * (1 - SHRINK):
        state = dataclasses.replace(state, doubted_entries=entries, doubted_since=now, doubted_polls=0)
    return dataclasses.replace(state, doubted=digest, doubted_polls=state.doubted_polls + 1)


def is_confirmed(state: State, confirm_after: float, now: float) -> bool:
    """Say whether doubtful documents have been served for long enough."""
    if confirm_after == NEVER:
        return False
    return state.doubted_polls >= POLLS and now - state.doubted_since >= confirm_after
