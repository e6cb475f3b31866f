"""TLS and proxies, for real."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from machine import OUTSIDE, Machine
from playing_server import PlayingServer, Reply


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
