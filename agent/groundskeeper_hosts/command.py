"""The command line of groundskeeper-hosts."""

from __future__ import annotations

import argparse
import re
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from groundskeeper_hosts import __version__, actions, log
from groundskeeper_hosts.errors import on_purpose
from groundskeeper_hosts.options import HOSTS, SERVER, TARGET, Option

EXIT_CODES = """exit codes:
  0  in place, changed or not
  1  not now (network, 5xx, 429, lock, disk, check or on-change failed); the old file stays; try again
  2  set up wrongly (settings, token, rights, 401, 403, 404); the old file stays until that is mended
  3  refused (bad document, held back, half a block); the old file stays; a person must look
  4  instead of 1, once there has been no good answer for longer than max-stale; the old file stays
"""


def main() -> NoReturn:
    """Run the command that the process was called with."""
    log.prepare()
    sys.exit(execute(sys.argv[1:]))


def execute(words: Sequence[str]) -> int:
    """Run a command, and return its exit code."""
    given = parser().parse_args(words)
    try:
        return int(given.action(given))
    except KeyboardInterrupt:
        log.say("interrupted")
        return 1
    except Exception as fault:
        error = on_purpose(fault)
        log.say(str(error))
        return error.exit_code


def parser() -> argparse.ArgumentParser:
    """Return the parser; options of the settings have no default here, for the file may have them."""
    top = _Parser(
        prog="groundskeeper-hosts",
        description="Install the names that Groundskeeper serves into a hosts file, and never break the file.",
    )
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    everything = [*SERVER, *HOSTS, *TARGET]
    sync = _add(commands, "sync", actions.sync_once, "poll once", everything)
    sync.add_argument(
        "--replace-source",
        action="store_true",
        help="the url or view was changed on purpose: replace the other's names",
    )
    _add(commands, "run", actions.run_for_ever, "poll until SIGTERM", everything)
    status = _add(commands, "status", actions.status, "say what is installed, and how old it is", TARGET)
    status.add_argument("--json", action="store_true", help="as JSON")
    _add(commands, "doctor", actions.doctor, "check the set-up, and say what to do", everything)
    _add(commands, "uninstall", actions.uninstall, "take the block out, or the own file away", TARGET)
    _add_claim(_add(commands, "claim", actions.claim, "ask for a name, and renew it until SIGTERM", SERVER))
    return top


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: object) -> None:
        options = {"epilog": EXIT_CODES, "allow_abbrev": False, **options}
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)  # type: ignore[arg-type]


def _add(
    commands: argparse._SubParsersAction[_Parser], name: str, action: actions.Action, text: str, options: list[Option]
) -> _Parser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.set_defaults(action=action, options=[option.name for option in options])
    command.add_argument("--config", type=Path, metavar="FILE", help="settings (/etc/groundskeeper-hosts.conf)")
    for option in options:
        if isinstance(option.default, bool):
            command.add_argument(f"--{option.name}", nargs="?", const="yes", metavar="yes|no", help=option.help)
        else:
            command.add_argument(f"--{option.name}", metavar=option.name.rpartition("-")[2].upper(), help=option.help)
    return command


def _add_claim(command: _Parser) -> None:
    holder = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:64] or "unnamed"
    command.add_argument("name", metavar="NAME", help="one label, such as db")
    command.add_argument("--private", metavar="ADDRESS", help="address for clients inside the cloud")
    command.add_argument("--public", metavar="ADDRESS", help="address for clients outside, or: observed")
    command.add_argument("--lease", metavar="SECONDS", default="300", help="30 to 86400 (300)")
    command.add_argument("--holder", default=holder, help=f"who holds it, if several share a token ({holder})")
    command.add_argument(
        "--force", action="store_true", help="take it from whoever holds it; the token must allow that"
    )
    command.add_argument("--check", metavar="COMMAND", help="hold the name only while this command succeeds")
    command.add_argument("--once", action="store_true", help="claim or renew once, and leave it; for cron")
