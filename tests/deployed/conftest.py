"""The packaged zip and template, deployed to the local cloud."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests

from chalicelib.access import tokens
from chalicelib.access.aws import Tokens
from chalicelib.access.model import checked_scopes
from localcloud.cloud import LocalCloud
from localcloud.run_file import published
from localcloud.stacks.deploy import Stack
from tests.conftest import PACKAGE, ROOT

PATIENCE = 60.0
IMAGE = "ami-12c6146b"


def eventually(condition: Callable[[], Any]) -> Any:
    """Wait until a condition gives something true, and return that."""
    tick = Event()
    for _ in range(int(PATIENCE / 0.1)):
        if found := condition():
            return found
        tick.wait(0.1)
    pytest.fail(f"waited {PATIENCE} seconds in vain")


@dataclass
class Deployment:
    """A deployed stack and its zones, as their owner sees them."""

    cloud: LocalCloud
    domain: str
    zone_id: str
    parameters: dict[str, str] = field(default_factory=dict)
    name: str = field(default_factory=lambda: f"gk-{uuid.uuid4().hex[:8]}")
    stack: Stack = field(init=False)

    def __post_init__(self) -> None:
        self.stack = self.cloud.deploy(PACKAGE, self.name, {"HostedZoneId": self.zone_id, **self.parameters})

    def names(self, zone_id: str = "") -> dict[str, str]:
        """Return label -> value of a zone's records, but NS, SOA and marks."""
        pages = self.cloud.client("route53").get_paginator("list_resource_record_sets")
        return {
            r["Name"].removesuffix(f".{self.domain}."): r["ResourceRecords"][0]["Value"]
            for page in pages.paginate(HostedZoneId=zone_id or self.zone_id)
            for r in page["ResourceRecordSets"]
            if r["Type"] in ("CNAME", "A", "AAAA")
        }

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke a function synchronously through the Lambda API."""
        answer = self.cloud.client("lambda").invoke(FunctionName=f"{self.name}-{function}", Payload=json.dumps(event))
        return {"error": answer.get("FunctionError"), "payload": json.loads(answer["Payload"].read() or "null")}

    @property
    def api_url(self) -> str:
        """Return the URL of this stack's API."""
        return f"{self.cloud.api_url}/_aws/execute-api/{self.stack.outputs['RestAPIId']}/api"

    def token(self, *scopes: str, lifetime: float = 3600) -> str:
        """Return a new token with these scopes, as its owner shows it."""
        token, text = tokens.create("a test", checked_scopes(scopes), time.time(), lifetime)
        self.tokens.add(token)
        return text

    @property
    def tokens(self) -> Tokens:
        """Return the tokens of the stack, as its operator sees them."""
        return Tokens(self.cloud.client("dynamodb"), self.stack.outputs["TableName"])

    def ask(self, method: str, path: str, token: str = "", **options: Any) -> requests.Response:
        """Send a request to the API."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        options = {"allow_redirects": False, **options}
        return requests.request(method, f"{self.api_url}{path}", headers=headers, timeout=60, **options)

    def hear_nothing(self) -> None:
        """Let no event reach the stack any more: what is to be done is left to whoever looks."""
        events = self.cloud.client("events")
        for page in events.get_paginator("list_rules").paginate(NamePrefix=self.name):
            for rule in page["Rules"]:
                events.disable_rule(Name=rule["Name"])

    def sweep(self) -> dict[str, Any]:
        """Run the sweep once."""
        return self.invoke("sweep-names", self._scheduled())

    def publish(self) -> dict[str, Any]:
        """Publish documents, as the schedule does each minute."""
        return self.invoke("publish-hosts", self._scheduled())

    def _scheduled(self) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self.cloud.aws.account_id,
            "time": "2026-11-20T12:00:00Z",
            "region": self.cloud.aws.region,
            "resources": [],
            "detail": {},
        }

    def logs(self, function: str) -> str:
        """Return what a function has logged."""
        return "\n".join(self.cloud.logs(f"{self.name}-{function}"))


def launch(cloud: LocalCloud, tag: str, region: str | None = None, account: str | None = None) -> str:
    """Start an instance with a ShortName tag and return its id."""
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "ShortName", "Value": tag}]}]
    client = cloud.aws.client("ec2", region, account=account)
    answer = client.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, TagSpecifications=tags)
    return str(answer["Instances"][0]["InstanceId"])


@pytest.fixture(scope="session")
def deployment(cloud: LocalCloud) -> Deployment:
    """Return a deployment that tests share; each takes labels of its own."""
    domain = "shared.example"
    return Deployment(cloud, domain, cloud.create_zone(domain))


@dataclass
class Operator:
    """Somebody in a folder where `make run` left its file."""

    folder: Path

    def types(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from cli.main import main; main()", *words],
            cwd=self.folder,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "80", "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture
def site(cloud: LocalCloud, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    domain = f"n{abs(hash(request.node.name)) % 10**8}.example"
    made = Deployment(cloud, domain, cloud.create_zone(domain))
    yield made
    cloud.delete_stack(made.name)  # its schedules would go on


@pytest.fixture
def operator(site: Deployment, tmp_path: Path) -> Iterator[Operator]:
    with published(tmp_path / ".localcloud" / "run.json", site.cloud.facts(site.name)):
        yield Operator(tmp_path)
