"""Telling systemd how we are (sd_notify(3)); without NOTIFY_SOCKET nothing is sent."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time


class Notifier:
    """Sends datagrams to the socket that systemd named in the environment."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        watchdog = os.environ.get("WATCHDOG_USEC", "") if self._address else ""
        self._beat = int(watchdog) / 2_000_000 if watchdog.isdigit() else float("inf")

    def send(self, *lines: str) -> None:
        """Send lines such as READY=1; systemd not listening is no reason to fail."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
        ):
            sock.sendto("\n".join(lines).encode(), address)

    def wait(self, stop: threading.Event, seconds: float) -> None:
        """Wait for that long or until we are to stop, and say meanwhile that we are alive."""
        until = time.monotonic() + seconds
        while not stop.is_set():
            self.send("WATCHDOG=1")
            rest = until - time.monotonic()
            if rest <= 0:
                return
            stop.wait(min(rest, self._beat))
