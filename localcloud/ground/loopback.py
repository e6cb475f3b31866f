"""A small HTTP server on 127.0.0.1 that costs nothing while nobody calls, and closes at once."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    timeout = None

    def handle_error(self, request: object, client_address: object) -> None:
        """Let a client that hung up go its way: it has seen the failure itself."""


class QuietHandler(BaseHTTPRequestHandler):
    """Keeps connections open, answers without delay and logs nothing."""

    protocol_version = "HTTP/1.1"
    # An answer is written in two pieces (head, body): with Nagle's algorithm each would wait 40 ms for an ACK.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Keep quiet."""

    def read_body(self) -> bytes:
        """Return the request's body, be it sent whole or in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)


class LoopbackServer:
    """Serves each connection on a thread of its own; `port` 0 takes a free one.

    Raises OSError when the port is taken.
    """

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), handler)
        self._open = True
        self._thread = threading.Thread(target=self._serve, name=f"loopback-{self.port}", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return the port served."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop serving and release the port."""
        if not self._open:
            return
        self._open = False
        # `serve_forever` would look twice a second whether to stop; this loop sleeps, so wake it.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            self._thread.join(timeout=5)
        self._server.server_close()

    def _serve(self) -> None:
        while self._open:
            self._server.handle_request()
