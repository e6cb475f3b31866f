"""A threaded WSGI server on loopback that stops cleanly: port free, connections closed, threads joined."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

STOP_SECONDS = 0.01  # the longest that stopping waits for the thread that accepts connections


class WebServer:
    """Serve a WSGI application on 127.0.0.1, each request in a thread of its own.

    Raise `OSError` at once when the port is taken. Port 0 takes a free one.
    """

    def __init__(self, application: WSGIApplication, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._server = _Server("127.0.0.1", self.port, application, _Handler, fd=self._listener.fileno())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_SECONDS,), name=f"aws-{self.port}", daemon=True
        )

    def start(self) -> None:
        """Answer requests from now on; earlier ones have waited."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, close every connection, wait for every thread."""
        self._server.shutdown()
        self._thread.join()
        self._listener.close()
        self._server.close_connections()


class _Handler(MotoRequestHandler):  # type: ignore[misc]  # moto is untyped here
    # Answers are written in two pieces (head, body): with Nagle's algorithm each would wait 40 ms for an ACK.
    disable_nagle_algorithm = True

    def log_request(self, *_: Any) -> None:
        """Keep quiet: the call log counts requests."""


class _Server(ThreadedWSGIServer):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._connections: dict[threading.Thread, socket.socket] = {}
        super().__init__(*args, **kwargs)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        self._connections[threading.current_thread()] = request
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.pop(threading.current_thread(), None)

    def close_connections(self) -> None:
        # What is still open belongs to a client that keeps its connection, or to a request under way.
        for thread, connection in list(self._connections.items()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=5)
