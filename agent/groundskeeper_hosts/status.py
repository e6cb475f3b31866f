"""What is installed, how old it is and what went wrong last; looks only, takes no lock and asks no server."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from groundskeeper_hosts import block
from groundskeeper_hosts.errors import BadSettings, HostsError, Refused, Stale, TryAgain, named
from groundskeeper_hosts.settings import Settings
from groundskeeper_hosts.target import Target

_FOR_PEOPLE: dict[int, type[HostsError]] = {kind.exit_code: kind for kind in (BadSettings, Refused)}


def report(settings: Settings, now: float) -> dict[str, Any]:
    """Return the facts, and under `exit` what a monitor should think of them: the exit codes of `sync`."""
    target = Target.of(settings)
    with named(f"state-dir {settings.state_dir} cannot be read"):
        state = target.place.load().as_of(now)
    fault: HostsError | None = None
    parts = block.Split(b"", b"", b"")
    try:
        parts = block.split(target.look())
    except (BadSettings, Refused) as error:
        fault = error
    if fault is None and not parts.block:
        fault = BadSettings("nothing is installed yet: run `groundskeeper-hosts sync`")
    age = state.age(now)
    if fault is None and state.failures and state.last_exit in _FOR_PEOPLE:
        fault = _FOR_PEOPLE[state.last_exit](state.last_error)
    if fault is None and age > settings.max_stale:
        fault = Stale(f"no good answer for {age:.0f} s; the last error: {state.last_error}")
    if fault is None and state.failures:
        fault = TryAgain(state.last_error)
    return {
        "target": str(target.path),
        "mode": "own-file" if target.own else "block",
        "installed": bool(parts.block),
        "intact": bool(parts.block) and parts.digest == state.block,
        "entries": parts.entries,
        "generation": state.generation if state.generation >= 0 else None,
        "age": round(age) if state.last_success else None,
        "failures": state.failures,
        "last_error": state.last_error or None,
        "on_change_due": bool(state.on_change_due),
        "held_back": bool(state.doubted),
        "fault": str(fault) if fault else None,
        "exit": fault.exit_code if fault else 0,
    }


def show(settings: Settings, as_json: bool) -> int:
    """Print the report, and return its exit code."""
    facts = report(settings, time.time())
    text = json.dumps(facts, indent=2) if as_json else "\n".join(f"{name:<14} {_said(facts[name])}" for name in facts)
    sys.stdout.write(text + "\n")
    return int(facts["exit"])


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)
