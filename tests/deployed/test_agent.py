"""The agent against the deployed API: what it installs in a real /etc/hosts is what the zone says."""

import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from tests.conftest import ROOT
from tests.deployed.conftest import Deployment, eventually, launch

CAN_UNSHARE = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0
pytestmark = pytest.mark.skipif(not CAN_UNSHARE, reason="a mount namespace needs more rights than this user has")
NAMESERVER = shutil.which("dnsmasq") and shutil.which("dig")


@dataclass
class Client:
    """A machine with an /etc of its own, on which the agent is set up."""

    folder: Path

    def runs(self, command: str) -> str:
        """Run a command with the machine's own /etc; return what it prints."""
        mounted = f"mount --bind {self.folder}/etc /etc && {command}"
        env = {**os.environ, "PYTHONPATH": str(ROOT / "agent"), "FOLDER": str(self.folder)}
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-ec", mounted],
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return f"{done.stdout}{done.stderr}"

    def syncs(self) -> str:
        return self.runs(f"{sys.executable} -m groundskeeper_hosts sync --config /etc/groundskeeper-hosts.conf")

    def addresses(self, name: str) -> set[str]:
        """Return what the system's resolver finds in the hosts file."""
        return {line.split()[0] for line in self.runs(f"getent -s files ahosts {name} || true").splitlines()}

    def nameserver_says(self, name: str) -> set[str]:
        """Return what dnsmasq answers from the same file."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        serve = f"dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --addn-hosts=/etc/hosts --port={port} "
        serve += "--listen-address=127.0.0.1 --bind-interfaces --user=root --pid-file=$FOLDER/pid"
        ask = f"dig +short +tries=5 +timeout=2 -p {port} @127.0.0.1 {name} A; kill $(cat $FOLDER/pid)"
        return set(self.runs(f"{serve} && {ask}").split())


@pytest.fixture
def client(site: Deployment, tmp_path: Path) -> Client:
    shutil.copytree("/etc", tmp_path / "etc", symlinks=True, ignore_dangling_symlinks=True)
    token = tmp_path / "etc" / "client.token"
    token.write_text(site.token("hosts:read:private") + "\n")
    token.chmod(0o600)
    (tmp_path / "etc" / "groundskeeper-hosts.conf").write_text(
        f"[groundskeeper-hosts]\nurl = {site.api_url}\ntoken-file = /etc/client.token\nview = private\n"
        f"suffix = {site.domain}\nstate-dir = {tmp_path}/state\n"
    )
    return Client(tmp_path)


@pytest.fixture
def site(cloud: LocalCloud, request: pytest.FixtureRequest) -> Deployment:
    domain = f"agent{abs(hash(request.node.name)) % 10**6}.example"
    private = cloud.create_zone(domain, private=True)
    return Deployment(cloud, domain, cloud.create_zone(domain), {"PrivateHostedZoneId": private})


def zone_says(site: Deployment) -> dict[str, str]:
    return site.names(site.parameters["PrivateHostedZoneId"])


def test_the_hosts_file_says_what_the_zone_says_and_forgets_what_stopped(site: Deployment, client: Client):
    before = (client.folder / "etc" / "hosts").read_bytes()
    labels = ("alpha", "beta", "gamma", "delta")
    ids = [launch(site.cloud, label) for label in labels]
    eventually(lambda: set(labels) <= set(zone_says(site)))
    site.sweep()
    eventually(lambda: client.syncs() and all(client.addresses(f"{label}.{site.domain}") for label in labels))
    address = zone_says(site)["alpha"]
    assert client.addresses(f"alpha.{site.domain}") == {address}
    assert client.addresses(f"{ids[0]}.{site.domain}") == {address}
    if NAMESERVER:
        eventually(lambda: client.nameserver_says(f"alpha.{site.domain}") == {address})  # a free port may be taken
    site.cloud.client("ec2").stop_instances(InstanceIds=[ids[0]])
    eventually(lambda: "alpha" not in zone_says(site))
    eventually(lambda: client.syncs() and not client.addresses(f"alpha.{site.domain}"))
    assert client.addresses(f"beta.{site.domain}") == {zone_says(site)["beta"]}
    if NAMESERVER:
        eventually(lambda: client.nameserver_says(f"alpha.{site.domain}") == set())  # a free port may be taken
        eventually(
            lambda: client.nameserver_says(f"beta.{site.domain}") == {zone_says(site)["beta"]}
        )  # a free port may be taken
    after = (client.folder / "etc" / "hosts").read_bytes()
    assert after.startswith(before)
    client.runs(f"{sys.executable} -m groundskeeper_hosts uninstall --config /etc/groundskeeper-hosts.conf")
    assert (client.folder / "etc" / "hosts").read_bytes() == before


def test_an_agent_holds_a_name_while_its_check_succeeds(site: Deployment, client: Client, tmp_path: Path):
    site.sweep()
    token = tmp_path / "claims.token"
    token.write_text(site.token("claims:write:printer"))
    token.chmod(0o600)
    healthy = tmp_path / "healthy"
    healthy.touch()
    where = ["--url", site.api_url, "--token-file", str(token)]
    claim = ["claim", "printer", "--private", "10.20.30.40", "--lease", "30", "--check", f"test -e {healthy}"]
    reader = site.token("claims:write:*")
    env = {**os.environ, "PYTHONPATH": str(ROOT / "agent")}
    agent = subprocess.Popen([sys.executable, "-m", "groundskeeper_hosts", *claim, *where], env=env)
    try:
        shown = eventually(lambda: _claim(site, reader))
        assert (shown["private"], shown["lease"]) == ("10.20.30.40", 30)
        eventually(lambda: _claim(site, reader).get("until", "") > shown["until"])
        healthy.unlink()
        eventually(lambda: not _claim(site, reader))
        healthy.touch()
        eventually(lambda: _claim(site, reader))
    finally:
        agent.terminate()
    assert agent.wait(timeout=30) == 0
    assert not _claim(site, reader)


def test_a_token_that_is_revoked_stops_the_agent_with_a_clear_word_and_the_file_stays(site: Deployment, client: Client):
    site.sweep()
    wrong = client.folder / "etc" / "client.token"
    before = (client.folder / "etc" / "hosts").read_bytes()
    wrong.write_text("gk_aaaaaaaaaaaa_" + "x" * 43)
    said = client.runs(
        f"{sys.executable} -m groundskeeper_hosts sync --config /etc/groundskeeper-hosts.conf || echo status $?"
    )
    assert "status 2" in said
    assert "401" in said
    assert (client.folder / "etc" / "hosts").read_bytes() == before


def _claim(site: Deployment, token: str) -> dict[str, str]:
    answer = site.ask("GET", "/claims/printer", token)
    return dict(json.loads(answer.text)) if answer.status_code == 200 else {}
