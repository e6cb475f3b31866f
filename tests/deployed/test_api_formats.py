"""Each format is what those accept for whom it is made."""

import hashlib
import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path

import pytest

from chalicelib.hosts.render import FORMATS
from tests.deployed import api as shared
from tests.deployed.api import document, told
from tests.deployed.conftest import Deployment, eventually

INSIDE, OUTSIDE, SIX = "10.77.9.1", "203.0.113.9", "fd00::77"  # of no other test: targets are listed by address


def needs(*commands: str) -> pytest.MarkDecorator:
    """Skip a test where a command that it asks is not installed."""
    missing = [command for command in commands if not shutil.which(command)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@pytest.fixture(scope="session")
def api(deployment: Deployment) -> Deployment:
    return shared.settled(deployment)


@pytest.fixture(scope="session")
def reader(api: Deployment) -> str:
    return api.token("hosts:read:private", "hosts:read:public")


@pytest.fixture(scope="session")
def listed(api: Deployment) -> Deployment:
    """Return the stack once two names that do not change are in its documents; the second has IPv6 only."""
    for label, wish in (("kept", {"private": INSIDE, "public": OUTSIDE}), ("six", {"private": SIX, "public": SIX})):
        assert (
            api.ask("PUT", f"/claims/{label}", api.token("claims:write:*"), json={**wish, "lease": 86_400}).status_code
            == 201
        )
    eventually(lambda: told(api, "six"))
    return api


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_says_how_much_it_is_and_what_its_digest_is(listed: Deployment, reader: str, format_: str):
    def poll() -> bool:
        said, hosts = (listed.ask("GET", f"/hosts/private?format={name}", reader) for name in (format_, "hosts"))
        assert said.headers["Groundskeeper-Sha256"] == hashlib.sha256(said.content).hexdigest()
        assert said.headers["Content-Type"] == FORMATS[format_][0]
        pairs = sum(map(len, shared.names(hosts.text, listed.domain).values()))
        return said.headers["Groundskeeper-Entries"] == hosts.headers["Groundskeeper-Entries"] == str(pairs)

    eventually(poll)  # other tests may change the documents in between


def test_a_hosts_file_is_one_that_can_be_installed_as_it_is(listed: Deployment):
    lines = document(listed).splitlines()
    assert lines[1:3] == ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    assert f"{INSIDE}\tkept.{listed.domain}" in lines
    assert f"{SIX}\tsix.{listed.domain}" in lines
    assert f"{OUTSIDE}\tkept.{listed.domain}" in document(listed, "public").splitlines()


def test_json_is_an_object_with_entries(listed: Deployment):
    said = json.loads(document(listed, format_="json"))
    assert said["view"] == "private"
    assert {"address": INSIDE, "name": f"kept.{listed.domain}", "instance": None} in said["entries"]


def test_prometheus_gets_what_its_http_discovery_wants(listed: Deployment):
    """https://prometheus.io/docs/prometheus/latest/http_sd/: a list of groups, nothing but strings inside."""
    groups = json.loads(document(listed, format_="prometheus"))
    for group in groups:
        assert set(group) == {"targets", "labels"}
        assert all(isinstance(text, str) for text in (*group["targets"], *group["labels"].values()))
    targets = {group["targets"][0]: group["labels"] for group in groups}
    assert targets[f"{INSIDE}:9100"]["__meta_groundskeeper_names"] == f",kept.{listed.domain},"
    assert f"[{SIX}]:9100" in targets


@needs("dnsmasq")
def test_dnsmasq_accepts_its_document(listed: Deployment, tmp_path: Path):
    (file := tmp_path / "fleet.conf").write_text(document(listed, format_="dnsmasq"))
    said = subprocess.run(["dnsmasq", "--test", "-C", str(file)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


@needs("dnsmasq", "dig")
@pytest.mark.parametrize("format_", ["dnsmasq", "hosts"])
def test_dnsmasq_answers_from_a_document(listed: Deployment, tmp_path: Path, format_: str):
    (file := tmp_path / "fleet").write_text(document(listed, format_=format_))
    options = {"dnsmasq": [f"--conf-file={file}"], "hosts": ["--conf-file=/dev/null", f"--addn-hosts={file}"]}
    with resolver(*options[format_]) as ask:
        eventually(lambda: ask(f"kept.{listed.domain}", "A") == [INSIDE])
        assert ask(f"six.{listed.domain}", "AAAA") == [SIX]
        assert ask(f"nobody.{listed.domain}", "A") == []


@contextmanager
def resolver(*options: str) -> Iterator[Callable[[str, str], list[str]]]:
    """Run dnsmasq on a free port of loopback, and yield what asks it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = [f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file="]
    command = ["dnsmasq", "--keep-in-foreground", f"--user={getuser()}", "--no-resolv", "--no-hosts", *where, *options]

    def ask(name: str, type_: str) -> list[str]:
        words = ["dig", "@127.0.0.1", "-p", str(port), "+short", "+time=1", "+tries=1", name, type_]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield ask
        finally:
            running.terminate()


@needs("ssh")
def test_ssh_reads_its_document(listed: Deployment, tmp_path: Path):
    (file := tmp_path / "config").write_text(document(listed, format_="ssh_config"))
    for name in ("kept", f"kept.{listed.domain}"):
        words = ["ssh", "-G", "-F", str(file), name]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
        assert {f"hostname {INSIDE}"} <= set(said)
