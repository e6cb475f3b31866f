"""Polling for ever: `run`. It says one line for each change and each failure, and ends cleanly when asked to."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable

from groundskeeper_hosts import log
from groundskeeper_hosts.errors import on_purpose
from groundskeeper_hosts.notify import Notifier
from groundskeeper_hosts.pace import pause
from groundskeeper_hosts.settings import Settings
from groundskeeper_hosts.state import State
from groundskeeper_hosts.sync import sync


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; what is being done is done to its end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run(settings: Settings, stop: threading.Event, poll: Callable[[Settings], State] = sync) -> None:
    """Poll until ``stop`` is set. A failure, whichever, is said and tried again: a person may mend it meanwhile."""
    notifier, failures = Notifier(), 0
    while not stop.is_set():
        retry_after = None
        try:
            state = poll(settings)
        except Exception as fault:
            error = on_purpose(fault)
            failures, retry_after, status = failures + 1, error.retry_after, str(error)
            log.say(status)
        else:
            failures, status = 0, f"{state.entries} entries, generation {state.generation}"
        # Ready after the first poll whatever came of it: the last run's names are in place, and a boot must not hang.
        notifier.send("READY=1", f"STATUS={log.printable(status)}")
        notifier.wait(stop, pause(settings.interval, failures, retry_after, random.random()))
    notifier.send("STOPPING=1")
