"""Fixtures and small helpers for tests of the Lambda side: a running cloud, functions, a packaged application."""

import fcntl
import http.client
import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from localcloud.cloud import LocalCloud
from localcloud.functions.pace import Pace

TINY_APP = Path(__file__).parent / "tiny_app"
STAGE = {"api_gateway_stage": "api", "autogen_policy": True}
CONFIG = {"version": "2.0", "app_name": "tiny", "stages": {"dev": STAGE}}
ANYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


@pytest.fixture
def cloud(tmp_path: Path) -> Any:
    """A running cloud that waits as little as possible between attempts."""
    pace = Pace(retry_delays=(0.01, 0.01), throttle_delay=0.01, failed_message=0)
    with LocalCloud(workdir=tmp_path / "cloud", pace=pace) as running:
        yield running


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The tiny application, packaged once for all test processes."""
    shared = tmp_path_factory.getbasetemp().parent / "tiny-package"
    with Path(f"{shared}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "out" / "sam.json").exists():
            pack(shared)
    return shared / "out"


@pytest.fixture
def tiny(cloud: LocalCloud, package: Path) -> Any:
    """The tiny application, deployed."""
    return cloud.deploy(package, "tiny", {})


def pack(folder: Path) -> Any:
    """Package the tiny application by Chalice into `folder/out`."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(TINY_APP, folder)
    (folder / ".chalice").mkdir()
    (folder / ".chalice" / "config.json").write_text(json.dumps(CONFIG))
    (folder / "requirements.txt").touch()
    chalice = str(Path(sys.executable).with_name("chalice"))
    command = [chalice, "package", "--stage", "dev", "--merge-template", "resources.json", "out"]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    for name in ("pencil", "brush"):
        (folder / "out" / f"layer-{name}.zip").write_bytes(zipped({f"python/{name}.py": f"MARK = {name[0]!r}"}))


def zipped(files: dict[str, str]) -> Any:
    """Return a zip of files given as a dict of text."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def make_role(cloud: LocalCloud, name: str, statements: Any = ANYTHING, service: str = "lambda.amazonaws.com") -> Any:
    """Make a role that a service may assume, and return its ARN."""
    iam = cloud.client("iam")
    trust = [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=_policy(statements))
    return role


def make_function(
    cloud: LocalCloud, source: str, name: str = "f", statements: Any = ANYTHING, **configuration: Any
) -> Any:
    """Make a function of the module `app` with a function `handler`, and return its ARN."""
    configuration.setdefault("Role", None)
    role = configuration.pop("Role") or make_role(cloud, f"{name}-role", statements)
    made = cloud.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": zipped({"app.py": source})},
        **{"Timeout": 10, **configuration},
    )
    return made["FunctionArn"]


def make_queue(cloud: LocalCloud, name: str = "q", **attributes: Any) -> Any:
    """Make a queue; return its URL and ARN."""
    url = cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:{cloud.aws.account_id}:{name}"


def received(cloud: LocalCloud, url: str, count: int = 1, timeout: float = 10.0) -> Any:
    """Wait for some messages in a queue and return them, taken out of it."""
    messages: list[Any] = []
    sqs, deadline = cloud.client("sqs"), time.monotonic() + timeout
    while len(messages) < count:
        assert time.monotonic() < deadline, f"{len(messages)} of {count} messages came"
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"]
        )
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            messages.append(message)
    return messages


def waiting(cloud: LocalCloud, url: str) -> Any:
    """Return how many messages a queue holds, in whatever state."""
    names = ["", "NotVisible", "Delayed"]
    attributes = [f"ApproximateNumberOfMessages{name}" for name in names]
    answer = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=attributes)
    return sum(int(answer["Attributes"][name]) for name in attributes)


def send(url: str, method: str, path: str, body: Any = None, headers: Any = None) -> Any:
    """Make an HTTP request; return status, headers and body."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def printed(cloud: LocalCloud, function: str) -> Any:
    """Return what a function itself printed, without Lambda's own lines."""
    own = ("START ", "END ", "REPORT ")
    return [line for line in cloud.logs(function) if not line.startswith(own)]


def eventually(condition: Callable[[], Any], timeout: float = 10.0) -> Any:
    """Wait until a condition holds, and return its value."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{condition} did not come true"
        time.sleep(0.01)
    return value


def alive(pid: int | str) -> Any:
    """Tell whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _policy(statements: Any) -> Any:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
