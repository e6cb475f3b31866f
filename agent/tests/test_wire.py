"""TLS and proxies, for real."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest
from machine import OUTSIDE, Machine
from playing_server import PlayingServer, Reply

from groundskeeper_hosts.errors import TryAgain
from groundskeeper_hosts.transport import Transport


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=here"
    alternative = "subjectAltName=IP:127.0.0.1"
    files = ["-keyout", str(path), "-out", str(path.with_name("cert.pem")), "-addext", alternative]
    subprocess.run([openssl, *words.split(), *files], check=True, capture_output=True)
    with path.open("ab") as both:
        both.write(path.with_name("cert.pem").read_bytes())
    return path


@pytest.fixture
def https(server: PlayingServer, machine: Machine, certificate: Path) -> PlayingServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.wrap(context)
    machine.configure(url=server.url.replace("http:", "https:"))
    return server


def test_a_certificate_that_ca_file_vouches_for_is_trusted(
    machine: Machine, https: PlayingServer, certificate: Path
) -> None:
    machine.configure(ca_file=str(certificate.with_name("cert.pem")))
    assert machine.run() == 0
    assert len(machine.names()) == 5


def test_any_other_certificate_is_refused_before_the_token_is_sent(
    machine: Machine, https: PlayingServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.run() == 2
    assert machine.content == OUTSIDE
    assert not https.requests
    assert "certificate" in capsys.readouterr().err


def test_a_certificate_for_another_host_is_refused(machine: Machine, https: PlayingServer, certificate: Path) -> None:
    url = https.url.replace("http://127.0.0.1", "https://localhost")
    machine.configure(ca_file=str(certificate.with_name("cert.pem")), url=url)
    assert machine.run() == 2
    assert not https.requests


def test_https_does_not_lead_to_http(machine: Machine, https: PlayingServer, certificate: Path) -> None:
    machine.configure(ca_file=str(certificate.with_name("cert.pem")))
    https.fault = lambda reply: Reply(307, {**reply.headers, "Location": "http://127.0.0.1:9/x"}, b"")
    assert machine.run() == 3


def test_a_handshake_that_never_ends_is_not_waited_for(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        machine.configure(url=f"https://127.0.0.1:{listener.getsockname()[1]}", timeout="1")
        accepted: list[socket.socket] = []
        threading.Thread(target=lambda: accepted.append(listener.accept()[0]), daemon=True).start()
        assert machine.run() == 1
        accepted[0].close()


def test_a_body_over_tls_that_comes_too_slowly_is_not_waited_for(
    machine: Machine, https: PlayingServer, certificate: Path
) -> None:
    released = threading.Event()

    def drip(wire, body: bytes) -> None:
        for byte in body:
            wire.write(bytes([byte]))
            wire.flush()
            if released.wait(0.2):
                return

    https.fault = lambda reply: Reply(200, reply.headers, reply.body, drip)
    machine.configure(ca_file=str(certificate.with_name("cert.pem")), timeout="1")
    assert machine.run() == 1
    released.set()


def test_a_proxy_of_the_environment_is_used(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    machine.configure(url="http://names.example", allow_http="yes")
    assert machine.run() == 0
    assert server.requests[-1][1] == "http://names.example/hosts/private"


def test_a_server_on_this_machine_is_not_looked_for_behind_a_proxy(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert machine.run() == 0


class Trickle:
    """A proxy or server that answers one byte at a time, for ever; `raw` begins the answer."""

    def __init__(self, raw: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._released, self._raw = threading.Event(), raw
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Trickle:
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._listener.close()

    def _serve(self) -> None:
        try:
            wire, _ = self._listener.accept()
            with wire:
                wire.recv(65536)
                wire.sendall(self._raw)
                while not self._released.wait(0.2):
                    wire.sendall(b"a")
        except OSError:
            return


def test_a_proxy_that_opens_the_tunnel_too_slowly_is_not_waited_for(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Trickle(b"HTTP/1.1 200 OK\r\nX: ") as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.address}")
        machine.configure(url="https://names.example", timeout="1")
        begun = time.monotonic()
        assert machine.run() == 1
        assert time.monotonic() - begun < 5
    assert "took longer than 1 s" in capsys.readouterr().err


def test_a_handshake_that_comes_byte_by_byte_is_not_waited_for(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    with Trickle(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03") as server:  # the head of a large ServerHello
        machine.configure(url=f"https://{server.address}", timeout="1")
        begun = time.monotonic()
        assert machine.run() == 1
        assert time.monotonic() - begun < 5
    assert "took longer than 1 s" in capsys.readouterr().err


def test_many_addresses_that_do_not_answer_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """192.0.2.0/24 is for documentation: nobody answers, or the kernel says at once that there is no way."""
    tried: list[float] = []

    class Silent(socket.socket):
        def connect(self, address: object) -> None:
            tried.append(self.gettimeout() or 0)
            time.sleep(min(0.3, tried[-1]))  # what a lost packet is like
            raise TimeoutError

    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (f"192.0.2.{n}", 443)) for n in range(1, 60)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "socket", Silent)
    begun = time.monotonic()
    with pytest.raises(TryAgain, match="took longer than 1 s"):
        Transport(1).send("GET", "http://names.example/", {})
    assert time.monotonic() - begun < 3
    assert tried == sorted(tried, reverse=True)


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(30))
    begun = time.monotonic()
    with pytest.raises(TryAgain, match="took longer than 1 s"):
        Transport(1).send("GET", "http://names.example/", {})
    assert time.monotonic() - begun < 5
    released.set()


def test_the_second_address_is_asked_when_the_first_refuses(
    machine: Machine, server: PlayingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(server.url.rpartition(":")[2])
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (f"127.0.0.{n}", port)) for n in (2, 1)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    machine.configure(url=f"http://localhost:{port}")
    assert machine.run() == 0


def test_nothing_of_a_request_is_left_open(machine: Machine, server: PlayingServer) -> None:
    transport, folder = Transport(5), Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("no list of open files here")
    transport.send("GET", server.url, {})
    before = len(list(folder.iterdir()))
    for _ in range(5):
        transport.send("GET", server.url, {})
    assert len(list(folder.iterdir())) <= before + 2  # the server's side may still be closing
