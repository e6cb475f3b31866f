"""A deployed stack that derives, as its operator and its users have it."""

import io
import json
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from localcloud.cloud import LocalCloud
from tests.deployed.conftest import Deployment, Operator

PREFIX = "derived/"


def picture(colour: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (120, 80), colour).save(file, "JPEG")
    return file.getvalue()


def run_file(site: Deployment, folder: Path) -> None:
    """Write what `make run` writes, for the command that an operator types in a folder."""
    cloud = site.cloud
    run = {
        "aws_endpoint": cloud.endpoint,
        "access_key": cloud.aws.access_key,
        "secret_key": cloud.aws.secret_key,
        "region": cloud.aws.region,
        "stack": site.name,
    }
    (folder / ".localcloud").mkdir()
    (folder / ".localcloud" / "run.json").write_text(json.dumps(run))


@dataclass
class Studio:
    """A stack that derives, its buckets, and its operator. S3 tells of no losses, so that they stay to be found."""

    cloud: LocalCloud
    folder: Path
    parameters: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sources = f"sources-{uuid.uuid4().hex[:8]}"
        self.s3 = self.cloud.client("s3")
        self.s3.create_bucket(Bucket=self.sources)
        parameters = {name: value.format(sources=self.sources) for name, value in self.parameters.items()}
        parameters = {"SourceBucket": self.sources, "DerivedStorageClass": "STANDARD", **parameters}
        domain = f"{self.sources}.example"
        self.site = Deployment(self.cloud, domain, self.cloud.create_zone(domain), parameters)
        self.derived = self.site.stack.outputs["DerivedBucketName"]
        run_file(self.site, self.folder)

    def put(self, *keys: str, body: bytes | None = None) -> None:
        for key in keys:
            self.s3.put_object(Bucket=self.sources, Key=key, Body=picture() if body is None else body)

    def made(self) -> set[str]:
        """Return what has been derived, without the prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.derived, Prefix=PREFIX)
        return {each["Key"].removeprefix(PREFIX) for page in pages for each in page.get("Contents", ())}

    def types(self, *words: str) -> subprocess.CompletedProcess[str]:
        return Operator(self.folder).types("derived", *words, "--local")

    def configuration(self, bucket: str) -> dict[str, Any]:
        found = self.s3.get_bucket_notification_configuration(Bucket=bucket)
        return {name: value for name, value in found.items() if name != "ResponseMetadata"}

    def define(self, text: str) -> Path:
        file = self.folder / "transformations.yaml"
        file.write_text(text)
        return file


@pytest.fixture
def studio(cloud: LocalCloud, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Studio]:
    made = Studio(cloud, tmp_path, getattr(request, "param", {}))
    yield made
    cloud.delete_stack(made.site.name)
