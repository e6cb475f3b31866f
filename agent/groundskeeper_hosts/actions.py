"""What each command does, from its arguments to its exit code.

What `sync` does not need is imported by those who do: it may start every minute.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from groundskeeper_hosts import log
from groundskeeper_hosts.errors import BadSettings, named
from groundskeeper_hosts.options import command, seconds
from groundskeeper_hosts.settings import OPTIONS, Settings, load
from groundskeeper_hosts.sync import sync
from groundskeeper_hosts.target import Target

Action = Callable[[argparse.Namespace], int]


def sync_once(given: argparse.Namespace) -> int:
    """Poll once."""
    sync(_settings(given).require("url", "token-file", "suffix"), replace_source=given.replace_source)
    return 0


def run_for_ever(given: argparse.Namespace) -> int:
    """Poll until a signal."""
    from groundskeeper_hosts.loop import run, stop_on_signals

    run(_settings(given).require("url", "token-file", "suffix"), stop_on_signals())
    return 0


def status(given: argparse.Namespace) -> int:
    """Say what is installed."""
    from groundskeeper_hosts import status as statuses

    return statuses.show(_settings(given), given.json)


def doctor(given: argparse.Namespace) -> int:
    """Check the set-up."""
    from groundskeeper_hosts import doctor as doctors

    return doctors.show(_settings(given))


def uninstall(given: argparse.Namespace) -> int:
    """Take out what was installed, and forget it; the first-run backup stays."""
    settings = _settings(given)
    target = Target.of(settings)
    with target.held(settings.timeout):
        target.tidy()
        removed = target.remove()
        with named(f"state-dir {settings.state_dir} cannot be written"):
            target.place.file("json").unlink(missing_ok=True)
    log.say(f"{target.path}: {'our names are taken out' if removed else 'nothing of ours was there'}")
    return 0


def claim(given: argparse.Namespace) -> int:
    """Hold a name."""
    from groundskeeper_hosts import claims
    from groundskeeper_hosts.loop import stop_on_signals

    settings = _settings(given).require("url", "token-file")
    lease = _read("--lease", seconds(30, 86400), given.lease)
    check = _read("--check", command, given.check) if given.check else None
    wish = claims.Claim(given.name, given.private, given.public, lease, given.holder, given.force).check()
    holding = claims.Holding(claims.Claims(settings), wish, check)
    if given.once:
        holding.once()
    else:
        holding.keep(stop_on_signals())
    return 0


def _settings(given: argparse.Namespace) -> Settings:
    flags = {name: getattr(given, OPTIONS[name].field) for name in given.options}
    return load(given.config, {name: OPTIONS[name].typed(text) for name, text in flags.items() if text is not None})


def _read(flag: str, read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise BadSettings(f"{flag} {text[:80]}: {error}") from error
