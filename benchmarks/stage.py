"""A deployed stack whose documents are put there by the job itself."""

import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.child import access
from benchmarks.names_of_fleet import DOMAIN, PORT, STACK, known
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
