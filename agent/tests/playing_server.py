"""A server on loopback that plays Groundskeeper's API, and its faults."""

from __future__ import annotations

import gzip
import hashlib
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "gk_test_0123456789abcdef"
LOCALHOST = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"


def entries(count: int, first: int = 1) -> str:
    """So many entries, from 10.0.0.<first> on."""
    return "".join(f"10.0.{n // 250}.{n % 250 + 1}\thost-{n}.fleet.example\n" for n in range(first, first + count))


def document(lines: str) -> bytes:
    return ("# Groundskeeper stack groundskeeper-test, private view\n" + LOCALHOST + lines).encode()


@dataclass
class Reply:
    """What the server sends; a fault changes it."""

    status: int
    headers: dict[str, str]
    body: bytes
    send: Callable[[Any, bytes], None] = field(default=lambda wire, body: wire.write(body))


class PlayingServer:
    """Serves one document, and keeps what it was asked; ``fault`` is put between document and wire."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.generation = 1
        self.body = document(entries(5))
        self.fault: Callable[[Reply], Reply | None] = lambda reply: reply
        self.claims: Callable[[str, str], Reply] = lambda method, path: Reply(204, {}, b"")
        self.elsewhere: Reply | None = None
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> PlayingServer:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def wrap(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on; the handshake is the handler's, so that a client that refuses it hinders nobody."""
        listener = self._http.socket
        self._http.socket = context.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)

    def serve(self, lines: str) -> None:
        """Serve another document, of the next generation."""
        self.body, self.generation = document(lines), self.generation + 1

    @property
    def last(self) -> dict[str, str]:
        """The headers of the last request, in lower case."""
        return self.requests[-1][2]

    def reply(self, method: str, path: str, headers: dict[str, str]) -> Reply | None:
        if path.startswith("/elsewhere"):
            assert self.elsewhere
            return self.elsewhere
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return problem(401, "no such token")
        if path.startswith("/claims/"):
            return self.claims(method, path)
        if path not in ("/hosts/private", "/hosts/public"):
            return problem(404, "no such view")
        return self.fault(self._document(headers))

    def _document(self, headers: dict[str, str]) -> Reply:
        about = self.about()
        if headers.get("if-none-match") == about["ETag"]:
            return Reply(304, {"ETag": about["ETag"]}, b"")
        return Reply(200, {**about, "Content-Type": "text/plain; charset=utf-8"}, self.body)

    def about(self) -> dict[str, str]:
        digest = hashlib.sha256(self.body).hexdigest()
        count = sum(1 for line in self.body.decode().split("\n")[:-1] if line[0] != "#" and "localhost" not in line)
        return {
            "ETag": f'"{digest[:16]}"',
            "Groundskeeper-Generation": str(self.generation),
            "Groundskeeper-Entries": str(count),
            "Groundskeeper-Sha256": digest,
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        playing = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", 0)))
                playing.requests.append((self.command, self.path, headers, body))
                path = self.path.replace("http://names.example", "")  # what a proxy is asked for
                reply = playing.reply(self.command, path, headers)
                if reply is None:
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in reply.headers and reply.status != 304:
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                reply.send(self.wfile, reply.body)

            do_GET = do_PUT = do_DELETE = answer  # noqa: N815 (http.server's names)

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    return  # the client went away

            def log_message(self, *_: object) -> None:
                return

        return Handler


def problem(status: int, detail: str, **headers: str) -> Reply:
    kind = {"Content-Type": "application/problem+json"}
    return Reply(status, {**kind, **headers}, f'{{"title": "x", "status": {status}, "detail": "{detail}"}}'.encode())


def zipped(reply: Reply) -> Reply:
    return Reply(reply.status, {**reply.headers, "Content-Encoding": "gzip"}, gzip.compress(reply.body))
