"""The commands of the settings: bounded in time, without a shell, their output on our standard error."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from groundskeeper_hosts.errors import BadSettings, TryAgain, from_os

LONGEST = 60.0
STDERR = 2
_SYSTEMDS = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}  # meant for us, not for our children


def run(option: str, words: tuple[str, ...], file: Path | None = None, longest: float = LONGEST) -> None:
    """Run a command. Raises TryAgain if it fails or takes too long, BadSettings if there is no such command."""
    environment = {name: value for name, value in os.environ.items() if name not in _SYSTEMDS}
    if file:
        environment["GROUNDSKEEPER_FILE"] = str(file)
        words = tuple(word.replace("{file}", str(file)) for word in words)
    try:
        process = subprocess.Popen(  # noqa: S603 (the command is the administrator's)
            words, stdin=subprocess.DEVNULL, stdout=STDERR, env=environment, start_new_session=True
        )
    except (OSError, ValueError) as error:
        fault = error if isinstance(error, OSError) else OSError(str(error))
        raise BadSettings(f"the {option} command cannot be run: {from_os(fault, words[0])}") from error
    status = _wait(option, process, longest)
    if status != 0:
        raise TryAgain(f"the {option} command {words[0]} ended with status {status}")


def _wait(option: str, process: subprocess.Popen[bytes], longest: float) -> int:
    try:
        return process.wait(longest)
    except subprocess.TimeoutExpired:
        raise TryAgain(f"the {option} command took longer than {longest:g} s and was ended") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own: its children end with it
            process.wait()
