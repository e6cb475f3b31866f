"""What tests of the API share: a stack whose documents are there, and readers of what it sends."""

import io
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import requests
import yaml
from PIL import Image

from chalicelib.inventory.aws import Inventory
from localcloud.cloud import LocalCloud
from tests.conftest import PACKAGE, ROOT
from tests.deployed.conftest import Deployment, eventually

DOCUMENT = ROOT / "docs" / "openapi.yaml"
EVERY_SCOPE = (
    "hosts:read:private",
    "hosts:read:public",
    "claims:write:*",
    "claims:force",
    "derived:read:*",
    "derived:write:*",
)
FACTS = ("ETag", "Groundskeeper-Generation", "Groundskeeper-Entries", "Groundskeeper-Sha256", "Cache-Control")
INSIDE, OUTSIDE = "10.77.0.1", "203.0.113.77"
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


@cache
def described() -> dict[str, Any]:
    """Return docs/openapi.yaml."""
    return dict(yaml.safe_load(DOCUMENT.read_text()))


@cache
def packaged() -> dict[str, Any]:
    """Return what API Gateway is given: the OpenAPI document inside of the packaged template.

    Its paths are written as OpenAPI has them, which knows no greedy parameters such as ``{key+}``.
    """
    template = json.loads((PACKAGE / "sam.json").read_text())
    given = dict(template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"])
    return given | {"paths": {path.replace("+}", "}"): said for path, said in given["paths"].items()}}


def operations(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the methods and paths of an OpenAPI document."""
    return {(method, path) for path, said in document["paths"].items() for method in said if method in METHODS}


def source_bucket(cloud: LocalCloud, *keys: str) -> str:
    """Return a new bucket that holds the same small photograph at each of these keys."""
    s3, bucket = cloud.client("s3"), f"sources-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    Image.new("RGB", (64, 48), "#336699").save(file := io.BytesIO(), "JPEG")
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=file.getvalue())
    return bucket


def look(api: Deployment) -> None:
    """Sweep and publish now, rather than with the next message."""
    assert api.sweep()["error"] is None
    assert api.publish()["error"] is None


def document(api: Deployment, view: str = "private", format_: str = "hosts") -> str:
    """Return a document, checked as a client should check it."""
    answer = api.ask("GET", f"/hosts/{view}?format={format_}", api.token(f"hosts:read:{view}"))
    assert answer.status_code == 200, answer.text
    return answer.text


def names(text: str, domain: str) -> dict[str, set[str]]:
    """Return label -> addresses of a hosts file."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        address, *words = line.partition("#")[0].split()[:2] or [""]
        if words and words[0].endswith(f".{domain}"):
            found.setdefault(words[0].removesuffix(f".{domain}"), set()).add(address)
    return found


def told(api: Deployment, label: str, view: str = "private") -> set[str]:
    """Return the addresses of a name that clients are told, none if the name is not there."""
    return names(document(api, view), api.domain).get(label, set())


def is_problem(answer: requests.Response, status: int) -> None:
    """Check that an answer is a problem of a status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert said["type"] == "about:blank"
    assert said["status"] == status
    assert said["detail"]
    assert ("Retry-After" in answer.headers) == (status in (429, 503))
    assert (answer.headers.get("WWW-Authenticate") == "Bearer") == (status == 401)


@contextmanager
def stack[D: Deployment](made: D) -> Iterator[D]:
    """Yield a stack, and delete it: each that there is looks at every instance of the cloud."""
    try:
        yield made
    finally:
        made.cloud.delete_stack(made.name)


def settled[D: Deployment](api: D) -> D:
    """Return a deployment once its documents have been published."""
    look(api)
    token = api.token("hosts:read:private", "hosts:read:public")
    eventually(
        lambda: all(api.ask("GET", f"/hosts/{view}", token).status_code == 200 for view in ("private", "public"))
    )
    return api


def inventory(api: Deployment) -> Inventory:
    """Return the inventory of a deployment, to write to it as its functions do."""
    return Inventory(api.cloud.client("dynamodb"), api.stack.outputs["TableName"], 20)
