"""A poll is one conditional read; whatever goes wrong, it is never answered with an empty document."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib import web
from chalicelib.errors import BadRequest, BadSettings, Conflict, Forbidden, GroundskeeperError, NotFound, TryAgain
from chalicelib.hosts.aws.s3 import LARGEST_ANSWER, DocumentStore
from chalicelib.hosts.model import Document, StoredDocument, Version, ViewContent
from chalicelib.hosts.plan import Publish
from chalicelib.hosts.poll import poll
from chalicelib.inventory.model import View
from localcloud.server.aws import AwsServer
from tests.hosts.fakes import request

READER = ("hosts:read:private",)
METADATA = {"generation": "7", "entries": "2", "sha256": "ab" * 32}


@dataclass
class FakeShelf:
    """A store with one document on it, which notes what it is asked."""

    copy: StoredDocument = field(default_factory=lambda: StoredDocument('"tag"', METADATA, "text/plain", "text"))
    asked: list[dict[str, Any]] = field(default_factory=list)

    def get(self, view: View, format_: str, etag: str, **options: bool) -> StoredDocument:
        self.asked.append({"view": view, "format": format_, "etag": etag, **options})
        return StoredDocument(etag) if etag and etag == self.copy.etag else self.copy


def test_a_document_comes_with_its_facts():
    answer = poll(FakeShelf(), request(scopes=READER), "private")
    assert (answer.status, answer.body) == (200, "text")
    assert answer.headers["ETag"] == '"tag"'
    assert answer.headers["Groundskeeper-Generation"] == "7"
    assert answer.headers["Groundskeeper-Entries"] == "2"
    assert answer.headers["Groundskeeper-Sha256"] == "ab" * 32


@pytest.mark.parametrize(
    ("wanted", "status", "asked"),
    [
        ('"tag"', 304, '"tag"'),
        ('W/"tag"', 304, '"tag"'),
        ('"old"', 200, '"old"'),
        ('"old", "tag"', 304, ""),
        ('"old", "older"', 200, ""),
        ("*", 304, ""),
        ("nonsense", 200, ""),
        ('"a\nb"', 200, ""),
    ],
)
def test_a_client_that_has_it_already_is_told_so(wanted: str, status: int, asked: str):
    """RFC 9110, section 13.1.2: If-None-Match compares weakly, and may list several."""
    store = FakeShelf()
    answer = poll(store, request(scopes=READER, headers={"if-none-match": wanted}), "private")
    assert (answer.status, store.asked[0]["etag"], len(store.asked)) == (status, asked, 1)
    assert answer.body == ("" if status == 304 else "text")


def test_a_large_document_is_a_link():
    store = FakeShelf(
        StoredDocument('"tag"', {**METADATA, "oversized": "true"}, "text/plain", "", "https://elsewhere.example/x")
    )
    answer = poll(store, request(scopes=READER, headers={"accept-encoding": "br, gzip"}), "private")
    assert (answer.status, answer.body, answer.headers["Location"]) == (307, "", "https://elsewhere.example/x")
    assert answer.headers["Groundskeeper-Generation"] == "7"
    assert store.asked[0]["accepts_gzip"] is True


def test_a_head_request_for_a_large_document_is_answered_and_not_sent_elsewhere():
    store = FakeShelf(
        StoredDocument('"tag"', {**METADATA, "oversized": "true"}, "text/plain", "", "https://elsewhere.example/x")
    )
    answer = poll(store, request(scopes=READER, method="HEAD"), "private")
    assert (answer.status, "Location" in answer.headers) == (200, False)


def test_a_head_request_reads_no_text():
    store = FakeShelf()
    assert poll(store, request(scopes=READER, method="HEAD"), "private").status == 200
    assert store.asked[0]["with_text"] is False


@pytest.mark.parametrize("scopes", [(), ("hosts:read:public",), ("claims:write:*",), ("claims:force",)])
def test_a_token_reads_only_the_view_of_its_scope(scopes: tuple[str, ...]):
    store = FakeShelf()
    with pytest.raises(Forbidden, match="hosts:read:private"):
        poll(store, request(scopes=scopes), "private")
    assert store.asked == []


def test_a_view_or_format_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(NotFound, match="'secret': there are public and private"):
        poll(FakeShelf(), request(scopes=READER), "secret")
    with pytest.raises(BadRequest, match="'xml': there are hosts, json"):
        poll(FakeShelf(), request(scopes=READER, query={"format": "xml"}), "private")


@pytest.mark.parametrize(
    ("error", "status"),
    [(BadRequest("x"), 400), (Forbidden("x"), 403), (NotFound("x"), 404), (Conflict("x"), 409), (TryAgain("x"), 503)],
)
def test_each_error_is_a_problem_with_its_status(error: GroundskeeperError, status: int):
    def fail() -> web.Answer:
        raise error

    answer = web.answer(fail)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert ("Retry-After" in answer.headers) is (status == 503)


def test_an_error_that_is_not_the_clients_is_left_to_the_log():
    def fail() -> web.Answer:
        raise BadSettings("TABLE_NAME must be the DynamoDB table's name")

    with pytest.raises(BadSettings):
        web.answer(fail)


@pytest.fixture
def store(aws: AwsServer, request: pytest.FixtureRequest) -> DocumentStore:
    bucket = f"store-{abs(hash(request.node.nodeid)):x}"
    aws.client("s3").create_bucket(Bucket=bucket)
    return DocumentStore(aws.client("s3"), bucket)


def version(text: str = "a hosts file\n") -> Publish:
    content = ViewContent("gk-test", View.PRIVATE, 9100, ())
    return Publish(content, (Document(View.PRIVATE, "hosts", "text/plain", text),), Version(3, "digest"), "a test")


def test_what_was_put_into_the_store_is_found_there_by_one_call(aws: AwsServer, store: DocumentStore):
    store.put(version())
    before = sum(aws.calls.snapshot().values())
    found = store.get(View.PRIVATE, "hosts", "", accepts_gzip=False)
    assert (found.text, found.content_type, found.redirect_url) == ("a hosts file\n", "text/plain", "")
    assert found.metadata is not None
    assert (found.metadata["generation"], found.metadata["entries"]) == ("3", "0")
    assert store.get(View.PRIVATE, "hosts", found.etag, accepts_gzip=False) == StoredDocument(found.etag)
    head = store.get(View.PRIVATE, "hosts", "", accepts_gzip=False, with_text=False)
    assert (head.etag, head.text, head.metadata) == (found.etag, "", found.metadata)
    assert sum(aws.calls.snapshot().values()) - before == 3


def test_a_document_too_large_for_an_answer_is_linked_to_as_it_is_and_packed(aws: AwsServer, store: DocumentStore):
    store.put(version("x" * LARGEST_ANSWER))
    plain = store.get(View.PRIVATE, "hosts", "", accepts_gzip=False)
    packed = store.get(View.PRIVATE, "hosts", "", accepts_gzip=True)
    assert plain.text == packed.text == ""
    assert plain.etag == packed.etag
    assert "hosts/private.hosts?" in plain.redirect_url
    assert "hosts/private.hosts.gz?" in packed.redirect_url
    assert store.get(View.PRIVATE, "hosts", plain.etag, accepts_gzip=True) == StoredDocument(plain.etag)


def test_a_document_that_is_not_there_cannot_be_read_now(store: DocumentStore):
    with pytest.raises(TryAgain, match="the hosts document of the private view is not there or cannot be read"):
        store.get(View.PRIVATE, "hosts", "", accepts_gzip=False)
    with pytest.raises(TryAgain):
        store.get(View.PRIVATE, "hosts", '"tag"', accepts_gzip=False, with_text=False)


def test_an_object_that_somebody_else_put_there_is_not_passed_on(aws: AwsServer, store: DocumentStore):
    aws.client("s3").put_object(Bucket=store._bucket, Key="hosts/private.hosts", Body=b"127.0.0.1 evil\n")
    with pytest.raises(TryAgain, match="not as we put it"):
        poll(store, request(scopes=READER), "private")
