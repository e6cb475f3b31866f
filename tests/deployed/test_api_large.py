"""Fleets so large that their documents do not fit through Lambda, or only just."""

import gzip
import hashlib
from collections.abc import Iterator

import pytest
import requests

from chalicelib.hosts.aws.s3 import LINK_SECONDS
from chalicelib.inventory.changes import MarkComplete, SetHolders
from chalicelib.inventory.model import Held, View
from localcloud.cloud import LocalCloud
from tests.deployed import api as shared
from tests.deployed.api import FACTS, inventory
from tests.deployed.conftest import Deployment


@pytest.fixture(scope="module")
def large(cloud: LocalCloud) -> Iterator[Deployment]:
    """Return a stack with so many entries that the private view is too large for Lambda, and the public one is not.

    They are written into the table, since so many instances would take a while, and no sweep takes them out: it is dry.
    """
    domain = "large.example"
    with shared.stack(Deployment(cloud, domain, cloud.create_zone(domain), {"DryRun": "1"})) as made:
        ids = (f"i-{number:017x}" for number in range(1000))
        sides = {View.PRIVATE: 52, View.PUBLIC: 8}
        for view, count in sides.items():
            addresses = tuple(
                f"2001:db8:1111:2222:3333:4444:{number + 4096:x}:{len(view) + 4096:x}" for number in range(1000)
            )
            labels = [f"{view.value}-{number}-".ljust(63, "x") for number in range(count)]
            pairs = zip(labels, ids, strict=False)
            holds = [SetHolders(label, {view: Held(id_, addresses)}, (), "it is large") for label, id_ in pairs]
            inventory(made).write([*holds, MarkComplete(view, domain, "that is all")])
        assert made.publish()["error"] is None
        yield made


@pytest.mark.parametrize("accepted", ["gzip", "identity", "gzip;q=0", "br;q=1.0, gzip;q=0.5"])
def test_a_document_that_is_too_large_is_behind_a_link_that_needs_no_token(large: Deployment, accepted: str):
    token = large.token("hosts:read:private")
    answer = large.ask("GET", "/hosts/private", token, headers={"Accept-Encoding": accepted})
    assert answer.status_code == 307
    assert answer.content == b""
    packed = accepted in ("gzip", "br;q=1.0, gzip;q=0.5")
    link = requests.get(answer.headers["Location"], headers={"Accept-Encoding": accepted}, timeout=60, stream=True)
    assert link.status_code == 200
    assert link.headers.get("Content-Encoding") == ("gzip" if packed else None)
    raw = link.raw.read()
    body = gzip.decompress(raw) if packed else raw
    assert answer.headers["Groundskeeper-Sha256"] == hashlib.sha256(body).hexdigest()
    entries = body.count(f".{large.domain}\n".encode())
    assert answer.headers["Groundskeeper-Entries"] == str(entries)
    assert entries == 52_000
    assert link.headers["Content-Type"] == answer.headers["Content-Type"]
    assert len(raw) < 1_000_000 or not packed


def test_a_link_is_good_for_seconds_and_refused_with_a_token(large: Deployment):
    token = large.token("hosts:read:private")
    location = large.ask("GET", "/hosts/private", token).headers["Location"]
    assert f"X-Amz-Expires={LINK_SECONDS}&" in location
    assert f"good for {LINK_SECONDS} seconds" in " ".join(shared.DOCUMENT.read_text().split())
    assert not location.startswith(large.api_url)
    refused = requests.get(location, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert refused.status_code == 400


def test_the_etag_of_a_large_document_is_that_of_the_redirect(large: Deployment):
    token = large.token("hosts:read:private")
    redirect = large.ask("GET", "/hosts/private", token)
    asked = large.ask("HEAD", "/hosts/private", token)
    assert asked.status_code == 200  # there is nothing to fetch elsewhere, and the link would be good for GET only
    assert {name: asked.headers[name] for name in FACTS} == {name: redirect.headers[name] for name in FACTS}
    again = large.ask("GET", "/hosts/private", token, headers={"If-None-Match": redirect.headers["ETag"]})
    assert again.status_code == 304


def test_a_document_is_compressed_for_those_who_accept_that(large: Deployment):
    token = large.token("hosts:read:public")
    plain, packed = (
        large.ask("GET", "/hosts/public", token, headers={"Accept-Encoding": coding}, stream=True)
        for coding in ("identity", "gzip")
    )
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    body = plain.raw.read()
    assert gzip.decompress(packed.raw.read()) == body
    assert {name: plain.headers[name] for name in FACTS} == {name: packed.headers[name] for name in FACTS}
    assert plain.headers["Groundskeeper-Sha256"] == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("view", ["public", "private"])
def test_a_poll_is_one_read_of_s3_and_nothing_else_whatever_the_size_of_the_fleet(large: Deployment, view: str):
    token = large.token(f"hosts:read:{view}")
    etag = large.ask("GET", f"/hosts/{view}", token).headers["ETag"]
    asked = large.logs("authorize").count("START ")
    before = large.cloud.aws.calls.snapshot()
    for options in ({}, {"headers": {"If-None-Match": etag}}):
        for _ in range(5):
            assert large.ask("GET", f"/hosts/{view}", token, **options).status_code in (200, 304, 307)
    made = {call: n - before.get(call, 0) for call, n in large.cloud.aws.calls.snapshot().items()}
    readers = {call.caller for call, n in made.items() if n and call.action == "s3:GetObject"}
    assert {call.action: n for call, n in made.items() if n and call.caller in readers} == {"s3:GetObject": 10}
    assert large.logs("authorize").count("START ") == asked
