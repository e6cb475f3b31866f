"""A deployed stack whose documents are put there by the job itself."""

import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.child import access
from benchmarks.names_of_fleet import DOMAIN, PORT, STACK, known
from benchmarks.publisher import SCHEDULED
from chalicelib.hosts import job
from chalicelib.hosts.aws.s3 import DocumentStore
from chalicelib.hosts.job import Publisher
from chalicelib.hosts.model import PublicationState
from chalicelib.inventory.model import Header, Snapshot
from localcloud.cloud import LocalCloud
from localcloud.stacks.deploy import Stack


@dataclass
class Stage:
    """A local cloud with one stack, whose package is unpacked as Lambda unpacks it."""

    cloud: LocalCloud
    stack: Stack
    code: Path

    def environment(self, **changes: str) -> dict[str, str]:
        """Return the environment of the stack's functions, with an administrator's keys."""
        function = self.cloud.client("lambda").get_function_configuration(FunctionName=f"{self.stack.name}-api")
        return {
            **os.environ,
            **function["Environment"]["Variables"],
            **access(self.cloud.endpoint, self.cloud.aws.access_key, self.cloud.aws.secret_key),
            **changes,
        }

    def invoke(self, function: str, longest: float) -> str:
        """Invoke a scheduled function, under its own role, and wait so many seconds; return its error, if any."""
        keys: dict[str, Any] = {
            "endpoint_url": self.cloud.endpoint,
            "region_name": self.cloud.aws.region,
            "aws_access_key_id": self.cloud.aws.access_key,
            "aws_secret_access_key": self.cloud.aws.secret_key,
            "config": Config(read_timeout=longest, retries={"total_max_attempts": 1}),
        }
        name = f"{self.stack.name}-{function}"
        answer = boto3.client("lambda", **keys).invoke(FunctionName=name, Payload=json.dumps(SCHEDULED))
        return answer["Payload"].read().decode() if "FunctionError" in answer else ""

    def fill(self, bucket: str, size: int) -> None:
        """Publish the documents of so many names into a bucket."""
        store = DocumentStore(self.cloud.client("s3"), bucket)
        job.publish(Publisher(STACK, PORT, _Known(known(size)), store, _Forgetful(), _Asleep()), lambda: 0)

    def bucket(self, size: int) -> str:
        """Return a new bucket with the documents of so many names."""
        name = f"{STACK}-{size}"
        self.cloud.client("s3").create_bucket(Bucket=name)
        self.fill(name, size)
        return name


@contextmanager
def stage(package: Path) -> Iterator[Stage]:
    """Deploy the package; its schedules are off, since nothing may run beside what is measured."""
    with LocalCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        parameters = {"HostedZoneId": cloud.create_zone(DOMAIN), "ApiRequestsPerSecond": "10000"}
        stack = cloud.deploy(package, STACK, parameters)
        events = cloud.client("events")
        for rule in events.list_rules()["Rules"]:
            events.disable_rule(Name=rule["Name"])
        zipfile.ZipFile(package / "deployment.zip").extractall(folder)
        yield Stage(cloud, stack, Path(folder))


@dataclass
class _Known:
    """An inventory that was read already."""

    names: Snapshot

    def header(self) -> Header:
        return self.names.header

    def everything(self) -> Snapshot:
        return self.names


class _Forgetful:
    """StateStore of a stack that has never published."""

    def read(self) -> PublicationState:
        return PublicationState()

    def write(self, state: PublicationState) -> None:
        """Forget it."""

    def turn(self) -> Any:
        return nullcontext(self)

    def check(self) -> None:
        """Let every write through."""


class _Asleep:
    """No scheduler: nothing here has a lease."""

    def schedule_at(self, moment: float, now: float) -> None:
        """Do nothing."""
