"""Derived objects over HTTP: every key that S3 can have, every client, and nothing for those who may not."""

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from chalicelib.access.model import Caller
from chalicelib.derived import definitions
from chalicelib.derived.keys import Keys, Origin
from chalicelib.derived.serving import Gallery
from chalicelib.errors import Forbidden
from chalicelib.web import Request
from localcloud.cloud import LocalCloud
from tests.deployed import api as shared
from tests.deployed.api import is_problem
from tests.deployed.conftest import Deployment

ODD = ("odd/a:b/c;d+e%2F f.jpg", "odd/é.jpg", "odd//two.jpg", "odd/[1]?.jpg", "/odd.jpg")
KEPT = ("photos/cat.jpg", "secret/cat.jpg", "photos/[1]/x.jpg", "photos/1/x.jpg", "photos/a.jpg", "photos/?.jpg")


@pytest.fixture(scope="module")
def api(cloud: LocalCloud) -> Iterator[Deployment]:
    """Return a stack with some sources, which nothing is derived of until somebody asks."""
    domain, sources = "pictures.example", shared.source_bucket(cloud, *ODD, *KEPT)
    with shared.stack(Deployment(cloud, domain, cloud.create_zone(domain), {"SourceBucket": sources})) as made:
        yield made


@pytest.fixture(scope="module")
def reader(api: Deployment) -> str:
    return api.token("derived:read:*")


# How keys are written.


@pytest.mark.parametrize(
    "path",
    [
        "odd/a:b/c;d+e%252F%20f.jpg",
        "odd/%C3%A9.jpg",
        "odd//two.jpg",
        "odd/%2Ftwo.jpg",
        "odd/%5B1%5D%3F.jpg",
        "%2Fodd.jpg",
    ],
)
def test_odd_keys_are_decoded_once(api: Deployment, reader: str, path: str):
    for slash in ("/", "%2F"):
        answer = api.ask("GET", f"/derived/{path}{slash}square.webp", reader)
        assert answer.status_code == 307, answer.text
        got = requests.get(answer.headers["Location"], timeout=30)
        assert (got.status_code, got.headers["Content-Type"]) == (200, "image/webp")


@pytest.mark.parametrize(
    ("path", "status", "why"),
    [
        ("%FF/square.webp", 400, "UTF-8"),
        ("%ED%A0%80/square.webp", 400, "UTF-8"),
        ("photos/%2E%2E/cat.jpg/square.webp", 400, "segments of dots"),
        (f"{'k' * 1100}/square.webp", 400, "1024"),
        (f"{'%C3%A9' * 510}/square.webp", 400, "1024"),
        ("photos/cat.jpg/square.webp/", 404, "not the key of a derived object"),
        ("photos/cat.jpg/square.webp%0A", 404, "not the key of a derived object"),
        ("photos/cat.jpg/square.jpg", 404, "not the key of a derived object"),
        ("photos/cat.jpg/square.tombstone", 404, "not the key of a derived object"),
        ("square.webp", 404, "not the key of a derived object"),
        ("photos/cat.jpg%00/square.webp", 404, "its source is gone"),
        ("photos%252Fcat.jpg/square.webp", 404, "its source is gone"),
        ("photos/cat.jpg+/square.webp", 404, "its source is gone"),
        ("photos/cat.jpg/poster.jpg", 404, "is for the kind video-still"),
    ],
)
def test_what_is_no_key_of_a_derived_object_is_refused_with_a_reason(
    api: Deployment, reader: str, path: str, status: int, why: str
):
    answer = api.ask("GET", f"/derived/{path}", reader)
    is_problem(answer, status)
    assert why in answer.json()["detail"]
    assert api.ask("HEAD", f"/derived/{path}", reader).status_code == status


def test_what_is_derived_is_no_source_even_where_both_share_a_bucket(cloud: LocalCloud):
    domain, bucket = "both.example", shared.source_bucket(cloud, "cat.jpg")
    parameters = {"SourceBucket": bucket, "DerivedBucketName": bucket}
    with shared.stack(Deployment(cloud, domain, cloud.create_zone(domain), parameters)) as both:
        token = both.token("derived:read:*")
        assert both.ask("GET", "/derived/cat.jpg/square.webp", token).status_code == 307
        answer = both.ask("GET", "/derived/derived/cat.jpg/square.webp/square.webp", token)
        is_problem(answer, 400)
        assert "a derived object itself" in answer.json()["detail"]


def test_a_stack_without_sources_says_so(cloud: LocalCloud):
    domain = "sourceless.example"
    with shared.stack(Deployment(cloud, domain, cloud.create_zone(domain))) as bare:
        token = bare.token("derived:read:*", "derived:write:*")
        for answer in (
            bare.ask("GET", "/derived/cat.jpg/square.webp", token),
            bare.ask("POST", "/derived", token, json={"key": "cat.jpg"}),
        ):
            is_problem(answer, 404)
            assert "no SourceBucket" in answer.json()["detail"]


# HEAD, and redirects.


def test_head_makes_what_is_missing_and_leads_nowhere(api: Deployment, reader: str):
    answer = api.ask("HEAD", "/derived/photos/cat.jpg/large.jpg", reader)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, max-age=30")
    assert "Location" not in answer.headers
    bucket = api.stack.outputs["DerivedBucketName"]
    assert api.cloud.client("s3").head_object(Bucket=bucket, Key="derived/photos/cat.jpg/large.jpg")["ContentLength"]


def test_a_library_that_follows_the_link_leaves_the_token_behind(api: Deployment, reader: str):
    got = api.ask("GET", "/derived/photos/cat.jpg/square.webp", reader, allow_redirects=True)
    assert (got.status_code, got.headers["Content-Type"]) == (200, "image/webp")
    assert [each.status_code for each in got.history] == [307]
    assert "Authorization" not in got.request.headers


def test_s3_refuses_a_link_that_is_followed_with_the_token(api: Deployment, reader: str):
    location = api.ask("GET", "/derived/photos/cat.jpg/square.webp", reader).headers["Location"]
    assert requests.get(location, headers={"Authorization": f"Bearer {reader}"}, timeout=30).status_code == 400


@pytest.mark.skipif(not shutil.which("curl"), reason="not installed: curl")
def test_curl_follows_the_link_too(api: Deployment, reader: str):
    words = ["curl", "-sSL", "-o", "-", "-H", f"Authorization: Bearer {reader}"]
    got = subprocess.run([*words, f"{api.api_url}/derived/photos/cat.jpg/square.webp"], capture_output=True, check=True)
    assert got.stdout[8:12] == b"WEBP"


# Who may.


@pytest.mark.parametrize("leaf", ["square.webp", "large.jpg", "poster.jpg"])
def test_whether_a_forbidden_source_exists_is_not_said(api: Deployment, leaf: str):
    token = api.token("derived:read:photos/*", "derived:write:photos/*")
    assert api.ask("GET", f"/derived/secret/cat.jpg/{leaf}", api.token("derived:read:*")).status_code in (307, 404)
    said = set()
    for name in ("cat", "dog"):  # of which one is there, with all that can be derived of it
        got = api.ask("GET", f"/derived/secret/{name}.jpg/{leaf}", token)
        asked = api.ask("POST", "/derived", token, json={"key": f"secret/{name}.jpg"})
        head = api.ask("HEAD", f"/derived/secret/{name}.jpg/{leaf}", token)
        is_problem(got, 403)
        is_problem(asked, 403)
        assert (head.status_code, head.content) == (403, b"")
        said.add((got.text.replace(name, "NAME"), asked.text.replace(name, "NAME"), tuple(sorted(head.headers))))
    assert len(said) == 1


def test_a_forbidden_source_is_not_even_looked_at():
    nothing: Any = object()  # whatever is asked of it is an error
    origin = Origin("sources", "derived", Keys("derived/"))
    gallery = Gallery(origin, lambda: definitions.read(definitions.packaged()), store=nothing, maker=nothing)
    for method in ("GET", "HEAD"):
        request = Request(method, Caller("token", frozenset({"derived:read:photos/*"})), "203.0.113.7", {}, {}, b"")
        with pytest.raises(Forbidden, match=r"derived:read:PATTERN.*'secret/new.jpg'"):
            gallery.get(request, "secret/new.jpg/square.webp")


@pytest.mark.parametrize(
    ("scope", "allowed", "forbidden"),
    [
        ("derived:read:photos/[1]/*", "photos/%5B1%5D/x.jpg", "photos/1/x.jpg"),
        ("derived:read:photos/?.jpg", "photos/%3F.jpg", "photos/a.jpg"),
        ("derived:read:photos/*", "photos/cat.jpg", "secret/photos/cat.jpg"),
        ("derived:read:*/cat.jpg", "secret/cat.jpg", "secret/cat.jpg%0A"),
    ],
)
def test_a_pattern_covers_what_it_says_and_no_more(api: Deployment, scope: str, allowed: str, forbidden: str):
    token = api.token(scope)
    assert api.ask("GET", f"/derived/{allowed}/square.webp", token).status_code == 307
    is_problem(api.ask("GET", f"/derived/{forbidden}/square.webp", token), 403)


def test_dots_do_not_lead_out_of_a_pattern(api: Deployment):
    token = api.token("derived:read:photos/*")
    for dots in ("..", "%2E%2E", ".%2e"):
        answer = api.ask("GET", f"/derived/photos/{dots}/secret/cat.jpg/square.webp", token)
        assert answer.status_code in (400, 403)
    assert api.ask("GET", "/derived/photos%2F..%2Fsecret/cat.jpg/square.webp", token).status_code == 400


def test_a_token_that_may_read_may_not_ask_and_the_other_way_round(api: Deployment):
    read, write = api.token("derived:read:*"), api.token("derived:write:*")
    is_problem(api.ask("POST", "/derived", read, json={"key": "photos/cat.jpg"}), 403)
    is_problem(api.ask("GET", "/derived/photos/cat.jpg/square.webp", write), 403)
    for token in (read, write, api.token("claims:force")):
        for path in ("/transformations", "/formats"):
            assert api.ask("GET", path, token).status_code == 200
