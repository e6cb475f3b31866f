"""S3 as healing sees it, answering at once: one source is there, all that is derived of it is lost for ever."""

import hashlib
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

LISTED_AND_LOST, MISSING = 405, 404
NO_SUCH_KEY = b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>"


class InstantS3:
    """Serves one source of one bucket, says of another's objects that they are lost, and takes every PUT."""

    def __init__(self, source: str, body: bytes, derived: str) -> None:
        self.calls: Counter[str] = Counter()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(f"/{source}/", body, f"/{derived}/", self.calls))
        self._http.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def endpoint(self) -> str:
        """Return the URL."""
        return f"http://127.0.0.1:{self._http.server_port}"


def _handler(source: str, body: bytes, derived: str, calls: Counter[str]) -> type[BaseHTTPRequestHandler]:
    etag = hashlib.md5(body, usedforsecurity=False).hexdigest()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_HEAD(self) -> None:
            if self.path.startswith(derived):
                self._send(LISTED_AND_LOST)
            else:
                self._send(200, length=len(body))

        def do_GET(self) -> None:
            if self.path.startswith(source):
                self._send(200, body)
            else:
                self._send(MISSING, NO_SUCH_KEY)

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._send(200)

        def _send(self, status: int, said: bytes = b"", length: int | None = None) -> None:
            calls[self.command] += 1
            self.send_response(status)
            self.send_header("ETag", f'"{etag}"')
            self.send_header("Content-Length", str(len(said) if length is None else length))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    return Handler
