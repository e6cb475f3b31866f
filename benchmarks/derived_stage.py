"""A deployed stack that derives, whose buckets are filled as if its functions had done it long ago."""

import hashlib
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.s3.models import s3_backends

from benchmarks.healer import PREFIX
from benchmarks.peak_memory import peaks
from benchmarks.publisher import SCHEDULED
from chalicelib.derived import definitions
from chalicelib.derived.aws import stamps
from chalicelib.derived.engine import workshop
from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.model import Stamp
from localcloud.cloud import LocalCloud
from localcloud.stacks.deploy import Stack

STACK = "groundskeeper-healing"
SOURCES = "photographs"
MADE = ("thumbnail", "large")
PATIENCE = 1_800.0


@dataclass
class Media:
    """A local cloud with one stack, its buckets and its functions."""

    cloud: LocalCloud
    stack: Stack
    code: Path
    logs: Path

    @property
    def derived(self) -> str:
        """Return the bucket of derived objects."""
        return self.stack.outputs["DerivedBucketName"]

    def function(self, name: str) -> str:
        """Return the whole name of a function."""
        return f"{self.stack.name}-{name}"

    def fill(self, sources: Iterable[tuple[str, bytes]]) -> None:
        """Put keys with their photographs, and with the right stamps something in the place of what is derived.

        Nobody is told. Through the API, each object would cost the emulator as much as a heal does.
        """
        wanted = [definitions.read(definitions.packaged()).transformations[name] for name in MADE]
        engine = workshop.engine(SourceFormat.JPEG)
        for key, photo in sources:
            self._put(SOURCES, key, photo)
            etag = hashlib.md5(photo, usedforsecurity=False).hexdigest()
            for each in wanted:
                said = stamps.metadata(Stamp(etag, each.digest, engine), SOURCES, key)
                self._put(self.derived, f"{PREFIX}{key}/{each.of(key).leaf}", b"", said)

    def remove(self, key: str) -> None:
        """Delete a source and what is derived of it."""
        s3 = self.cloud.client("s3")
        s3.delete_object(Bucket=SOURCES, Key=key)
        for name in MADE:
            s3.delete_object(Bucket=self.derived, Key=f"{PREFIX}{key}/{name}.jpg")

    def thumbnail(self, key: str) -> str:
        """Return the key of a source's thumbnail."""
        return f"{PREFIX}{key}/thumbnail.jpg"

    def lose(self, keys: Iterable[str]) -> None:
        """Lose the thumbnails of these sources, all at once: the first is told of when the last is lost."""
        with self.cloud.aws.gate:
            for key in keys:
                if self.cloud.lose_object(self.derived, self.thumbnail(key)) != 1:
                    raise AssertionError("nobody is told of the loss")

    def start_anew(self) -> None:
        """Change the configuration of the function that heals, so that no process of it is used again."""
        client, name = self.cloud.client("lambda"), self.function("on-object-lost")
        timeout = client.get_function_configuration(FunctionName=name)["Timeout"]
        client.update_function_configuration(FunctionName=name, Timeout=timeout - 1)

    def audit(self) -> list[dict[str, Any]]:
        """Audit everything, slice by slice; return what the function logged at the end of each."""
        before = len(self.logged("audit-derived", "audited"))
        while True:
            self.cloud.client("lambda").invoke(
                FunctionName=self.function("audit-derived"), InvocationType="Event", Payload=json.dumps(SCHEDULED)
            )
            self.cloud.wait_idle(PATIENCE)
            slices = self.logged("audit-derived", "audited")[before:]
            if not slices or slices[-1]["is_last"]:
                return slices

    def listed(self) -> dict[str, tuple[str, float]]:
        """Return ETag and time of all thumbnails, by their keys."""
        pages = self.cloud.aws.client("s3", internal=True).get_paginator("list_objects_v2")
        return {
            found["Key"]: (found["ETag"], found["LastModified"].timestamp())
            for page in pages.paginate(Bucket=self.derived)
            for found in page.get("Contents", ())
            if found["Key"].endswith("/thumbnail.jpg")
        }

    def logged(self, function: str, message: str) -> list[dict[str, Any]]:
        """Return a function's log lines with a message, from its first on."""
        file = self.logs / f"{self.function(function)}.log"
        lines = file.read_text().splitlines() if file.exists() else []
        said = [json.loads(line) for line in lines if line.startswith("{") and f'"{message}"' in line]
        return [line for line in said if line.get("message") == message]

    def dead_letters(self) -> int:
        """Return how many messages were given up."""
        url, wanted = self.stack.outputs["DeadLetterQueueUrl"], "ApproximateNumberOfMessages"
        answer = self.cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[wanted])
        return int(answer["Attributes"][wanted])

    def calls(self) -> Counter[str]:
        """Return how many calls the functions have made so far, by action."""
        found: Counter[str] = Counter()
        for call, number in self.cloud.aws.calls.snapshot().items():
            if call.caller != self.cloud.aws.access_key:
                found[call.action] += number
        return found

    def peak(self, function: str) -> float:
        """Return the peak memory in MiB of the largest of a function's processes, not of what these have started."""
        said = {"AWS_LAMBDA_FUNCTION_NAME": self.function(function), "AWS_ENDPOINT_URL": self.cloud.endpoint}
        return max(peaks({f"{name}={value}".encode() for name, value in said.items()}))

    def _put(self, bucket: str, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        with self.cloud.aws.gate:
            storage = "REDUCED_REDUNDANCY" if metadata else "STANDARD"
            made = s3_backends[self.cloud.aws.account_id]["aws"].put_object(bucket, key, body, storage=storage)
            made.set_metadata({f"x-amz-meta-{name}": value for name, value in (metadata or {}).items()})


@contextmanager
def media(package: Path) -> Iterator[Media]:
    """Deploy the package; its schedules are off, since nothing may run beside what is measured."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with LocalCloud(workdir=folder) as cloud:
            cloud.client("s3").create_bucket(Bucket=SOURCES)
            parameters = {"HostedZoneId": cloud.create_zone("healing.example"), "SourceBucket": SOURCES}
            stack = cloud.deploy(package, STACK, parameters)
            events = cloud.client("events")
            for rule in events.list_rules()["Rules"]:
                events.disable_rule(Name=rule["Name"])
            zipfile.ZipFile(package / "deployment.zip").extractall(folder / "code")
            cloud.wait_idle()
            yield Media(cloud, stack, folder / "code", folder / "logs")
