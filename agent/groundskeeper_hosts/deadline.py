"""A time that a whole HTTP exchange may take, and the urllib handlers that keep to it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
import urllib.request
from typing import Any, cast


class Deadline:
    """Opens connections, and shuts them when the time is over: a timeout for each read lets one byte a minute through.

    It keeps a duplicate of each socket, which is the same connection whatever becomes of the original: a proxy's tunnel
    and the TLS handshake go on inside http.client and ssl, where nobody could reach it.
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._shut, self._lock = False, threading.Lock()
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True
        self._timer.start()

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return self._shut or self._left <= 0

    def connect(self, address: tuple[str, int], timeout: float, *_: Any) -> socket.socket:
        """Do what socket.create_connection does, in the time that is left, of which each address gets its share."""
        fault: OSError = TimeoutError("timed out")
        found = self._resolve(*address)
        for tried, (family, kind, protocol, _name, where) in enumerate(found):
            with contextlib.ExitStack() as undo:
                try:
                    sock = undo.enter_context(socket.socket(family, kind, protocol))
                    sock.settimeout(max(self._left / (len(found) - tried), 0.001))
                    sock.connect(where)
                except OSError as error:
                    fault = error
                else:
                    sock.settimeout(timeout)
                    self._watch(sock)
                    undo.pop_all()
                    return sock
        raise fault

    def cancel(self) -> None:
        """Let the connections be: the exchange is over."""
        self._timer.cancel()
        with self._lock:
            while self._sockets:
                self._sockets.pop().close()

    @property
    def _left(self) -> float:
        return self._until - time.monotonic()

    def _resolve(self, host: str, port: int) -> list[Any]:
        """Ask getaddrinfo, which knows no timeout: in a thread, which is left behind if it takes too long."""
        answers: list[list[Any] | Exception] = []

        def ask() -> None:
            try:
                answers.append(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
            except (OSError, ValueError) as error:
                answers.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(max(self._left, 0))
        if not answers:
            raise TimeoutError(f"{host} could not be looked up in time")
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    def _watch(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.append(sock.dup())
        if self.passed:
            self._pass()

    def _pass(self) -> None:
        self._shut = True
        with self._lock:
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


class Http(urllib.request.HTTPHandler):
    """Opens http:// under a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self.deadline = deadline

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """urllib calls this."""
        return self.do_open(cast("Any", self._connection), req)

    def _connection(self, host: str, **options: Any) -> http.client.HTTPConnection:
        return _watched(http.client.HTTPConnection(host, **options), self.deadline)


class Https(urllib.request.HTTPSHandler):
    """Opens https:// under a deadline."""

    def __init__(self, deadline: Deadline, tls: ssl.SSLContext) -> None:
        super().__init__(context=tls)
        self.deadline, self.tls = deadline, tls

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """urllib calls this."""
        return self.do_open(cast("Any", self._connection), req)

    def _connection(self, host: str, **options: Any) -> http.client.HTTPConnection:
        return _watched(http.client.HTTPSConnection(host, context=self.tls, **options), self.deadline)


def _watched(connection: http.client.HTTPConnection, deadline: Deadline) -> http.client.HTTPConnection:
    connection._create_connection = deadline.connect  # type: ignore[attr-defined]
    return connection


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Makes a redirect an answer like any other: urllib would take the Authorization header along."""

    def _unfollowed(self, *_: Any) -> None:
        """Do not even read Location; None has urllib raise it as an error, with all that came."""

    http_error_301 = http_error_302 = http_error_303 = http_error_307 = http_error_308 = cast("Any", _unfollowed)
