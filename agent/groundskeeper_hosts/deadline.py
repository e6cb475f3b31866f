"""A time that a whole HTTP exchange may take, and the urllib handlers that keep to it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import urllib.request
from typing import Any, cast


class Deadline:
    """Shuts the watched sockets when the time is over: a timeout for each read would let one byte a minute through."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, connection: http.client.HTTPConnection) -> None:
        """Shut this connection too, at once if the time is over already."""
        self._sockets.append(connection.sock)
        if self.passed:
            self._pass()

    def cancel(self) -> None:
        """Let the sockets be: the exchange is over."""
        self._timer.cancel()

    def _pass(self) -> None:
        self.passed = True
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not SSLSocket's, which is not made for other threads


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
    connect = connection.connect

    def connect_and_watch() -> None:
        connect()
        deadline.watch(connection)

    connection.connect = connect_and_watch  # type: ignore[method-assign]
    return connection


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Makes a redirect an answer like any other: urllib would take the Authorization header along."""

    def _unfollowed(self, *_: Any) -> None:
        """Do not even read Location; None has urllib raise it as an error, with all that came."""

    http_error_301 = http_error_302 = http_error_303 = http_error_307 = http_error_308 = cast("Any", _unfollowed)
