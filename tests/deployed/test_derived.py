"""Derived objects, end to end: the packaged functions, under their own roles, told by S3 what happens."""

import io
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import requests
from PIL import Image

from localcloud.cloud import LocalCloud
from tests.deployed.conftest import eventually
from tests.deployed.media import Media, picture

TINY = "transformations:\n  tiny:\n    kind: image\n"
SCOPES = ("derived:read:*", "derived:write:*")


@pytest.fixture(scope="module")
def media(cloud: LocalCloud) -> Iterator[Media]:
    """Return a stack that tests share; each takes keys of its own."""
    made = Media(cloud)
    yield made
    cloud.delete_stack(made.site.name)


@pytest.fixture
def new_media(cloud: LocalCloud) -> Iterator[Callable[..., Media]]:
    """Return what makes stacks of a test's own."""
    made: list[Media] = []

    def make(parameters: dict[str, str] | None = None, **options: str) -> Media:
        made.append(Media(cloud, parameters or {}, **options))
        return made[-1]

    yield make
    for each in made:
        cloud.delete_stack(each.site.name)


def test_a_new_photograph_gets_its_pictures_with_all_that_belongs_to_them(media: Media):
    media.made("new/a b+c%.jpg", "thumbnail.jpg", "large.jpg")
    shown = media.head("new/a b+c%.jpg/thumbnail.jpg")
    assert (shown["ContentType"], shown["StorageClass"]) == ("image/jpeg", "REDUCED_REDUNDANCY")
    assert shown["CacheControl"] == "max-age=86400"
    said = shown["Metadata"]
    etag = media.s3.head_object(Bucket=media.sources, Key="new/a b+c%.jpg")["ETag"].strip('"')
    assert said["groundskeeper-source-etag"] == etag
    assert said["groundskeeper-source-bucket"] == media.sources
    assert said["groundskeeper-source-key"] == "new/a%20b%2Bc%25.jpg"
    assert said["groundskeeper-engine"].startswith("pillow ")
    with Image.open(io.BytesIO(media.read("new/a b+c%.jpg/thumbnail.jpg"))) as made:
        assert (made.format, made.size) == ("JPEG", (300, 225))


def test_a_lost_thumbnail_is_back_byte_for_byte(media: Media):
    media.made("lost/cat.jpg", "thumbnail.jpg", "large.jpg")
    before = media.read("lost/cat.jpg/thumbnail.jpg")
    media.lose("lost/cat.jpg/thumbnail.jpg")
    eventually(lambda: media.is_there("lost/cat.jpg/thumbnail.jpg"))
    assert media.read("lost/cat.jpg/thumbnail.jpg") == before


def test_a_loss_that_is_told_twice_is_healed_once(media: Media):
    media.made("twice/cat.jpg", "thumbnail.jpg", "large.jpg")
    told = _lost(media, "derived/twice/cat.jpg/thumbnail.jpg")
    before = media.head("twice/cat.jpg/thumbnail.jpg")["LastModified"]
    assert media.site.invoke("on-object-lost", told)["error"] is None
    assert media.head("twice/cat.jpg/thumbnail.jpg")["LastModified"] == before


def test_what_is_lost_without_a_source_is_taken_away(media: Media):
    media.made("gone/cat.jpg", "thumbnail.jpg", "large.jpg")
    _without_notifications(media, lambda: media.delete("gone/cat.jpg"))
    media.lose("gone/cat.jpg/thumbnail.jpg")
    media.await_keys("gone/cat.jpg", "large.jpg")
    eventually(lambda: "its source is gone" in media.site.logs("on-object-lost"))


def test_what_is_lost_while_its_source_changes_is_made_of_the_new_one(media: Media):
    media.made("changed/cat.jpg", "thumbnail.jpg", "large.jpg")
    _without_notifications(media, lambda: media.put("changed/cat.jpg", picture(colour="#ff0000")))
    media.lose("changed/cat.jpg/thumbnail.jpg")
    eventually(lambda: media.is_there("changed/cat.jpg/thumbnail.jpg"))
    with Image.open(io.BytesIO(media.read("changed/cat.jpg/thumbnail.jpg"))) as made:
        assert made.getpixel((5, 5))[0] > 240  # type: ignore[index]


def test_a_lost_object_that_is_not_ours_is_left_alone(media: Media):
    told = _lost(media, "somebody/elses.bin")
    assert media.site.invoke("on-object-lost", told) == {"error": None, "payload": None}
    assert "its key is not that of a derived object" in media.site.logs("on-object-lost")


def test_a_deleted_source_takes_its_own_pictures_with_it_and_no_neighbours(media: Media):
    for key in ("family/a", "family/a/thumbnail.jpg", "family/a-b.jpg"):
        media.put(key)
    for key in ("family/a/thumbnail.jpg", "family/a-b.jpg"):
        eventually(partial(media.has_both, key))
    eventually(partial(media.has_both, "family/a"))
    media.delete("family/a")
    left = {
        f"{key}/{leaf}.jpg" for key in ("family/a/thumbnail.jpg", "family/a-b.jpg") for leaf in ("large", "thumbnail")
    }
    eventually(lambda: media.keys("family/a") == left)


def test_an_overwritten_source_is_derived_again_with_what_was_asked_for_besides(media: Media):
    media.made("over/cat.jpg", "thumbnail.jpg", "large.jpg")
    token = media.site.token(*SCOPES)
    assert media.site.ask("GET", "/derived/over/cat.jpg/square.webp", token).status_code == 307
    media.put("over/cat.jpg", picture(colour="#00ff00"))

    def is_green(leaf: str) -> bool:
        with Image.open(io.BytesIO(media.read(f"over/cat.jpg/{leaf}"))) as made:
            red, green, _ = made.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
            return bool(green > 240 and red < 20)

    eventually(lambda: all(map(is_green, ("thumbnail.jpg", "large.jpg", "square.webp"))))


def test_what_can_never_be_rendered_gets_a_tombstone_and_the_next_is_served(media: Media):
    media.put("bad/broken.jpg", picture()[:2000])
    media.await_keys("bad/broken.jpg", "thumbnail.tombstone", "large.tombstone")
    said = json.loads(media.read("bad/broken.jpg/thumbnail.tombstone"))
    assert said["source"] == "bad/broken.jpg"
    assert said["reason"]
    answer = media.site.ask("GET", "/derived/bad/broken.jpg/thumbnail.jpg", media.site.token(*SCOPES))
    assert answer.status_code == 404
    assert said["reason"] in answer.json()["detail"]
    media.put("bad/broken.jpg", picture())
    media.await_keys("bad/broken.jpg", "thumbnail.jpg", "large.jpg")


def test_what_is_no_picture_is_left_alone(media: Media):
    media.put("text/readme.txt", b"no picture at all")
    media.made("text/after.jpg", "thumbnail.jpg", "large.jpg")
    assert media.keys("text/readme.txt") == set()


def test_a_message_that_cannot_be_read_is_kept_whole(media: Media):
    body = json.dumps({"key": "x.jpg", "transformations": ["no-such-thing"], "mark": uuid.uuid4().hex})
    media.cloud.client("sqs").send_message(QueueUrl=media.site.stack.outputs["TransformQueueUrl"], MessageBody=body)
    eventually(lambda: body in media.dead_letters)


def test_a_loss_that_cannot_be_healed_is_kept_whole(media: Media):
    told = _lost(media, "")
    media.cloud.client("lambda").invoke(
        FunctionName=f"{media.site.name}-on-object-lost", InvocationType="Event", Payload=json.dumps(told)
    )
    mark = told["Records"][0]["Sns"]["MessageId"]
    eventually(lambda: any(mark in body for body in media.dead_letters))


def test_a_client_is_sent_to_a_picture_that_is_made_while_it_waits(media: Media):
    media.made("asked/cat.jpg", "thumbnail.jpg", "large.jpg")
    answer = media.site.ask("GET", "/derived/asked/cat.jpg/square.webp", media.site.token(*SCOPES))
    assert answer.status_code == 307
    assert answer.headers["Cache-Control"] == "private, max-age=30"
    got = requests.get(answer.headers["Location"], timeout=30)
    assert (got.status_code, got.headers["Content-Type"]) == (200, "image/webp")
    with Image.open(io.BytesIO(got.content)) as made:
        assert made.size == (200, 200)


def test_a_client_is_sent_to_a_picture_that_was_lost(media: Media):
    media.made("healed/cat.jpg", "thumbnail.jpg", "large.jpg")
    media.lose_silently("healed/cat.jpg/thumbnail.jpg")
    answer = media.site.ask("GET", "/derived/healed/cat.jpg/thumbnail.jpg", media.site.token(*SCOPES))
    assert answer.status_code == 307
    assert requests.get(answer.headers["Location"], timeout=30).status_code == 200


@pytest.mark.parametrize("key", ["none.jpg/thumbnail.jpg", "odd/%2525/%C3%A9%20%2B.jpg/thumbnail.jpg"])
def test_what_has_no_source_is_not_found(media: Media, key: str):
    answer = media.site.ask("GET", f"/derived/{key}", media.site.token(*SCOPES))
    assert (answer.status_code, "its source is gone" in answer.json()["detail"]) == (404, True)


def test_odd_keys_are_served(media: Media):
    for key, path in (("odd/%25 é+?#.jpg", "odd/%2525%20%C3%A9%2B%3F%23.jpg"), ("odd//two", "odd//two")):
        media.made(key, "thumbnail.jpg", "large.jpg")
        answer = media.site.ask("GET", f"/derived/{path}/thumbnail.jpg", media.site.token(*SCOPES))
        assert answer.status_code == 307
        assert requests.get(answer.headers["Location"], timeout=30).status_code == 200


def test_a_token_reads_and_derives_no_more_than_its_patterns(media: Media):
    token = media.site.token("derived:read:public/*", "derived:write:public/*")
    assert media.site.ask("GET", "/derived/secret/cat.jpg/thumbnail.jpg", token).status_code == 403
    assert media.site.ask("POST", "/derived", token, json={"key": "secret/cat.jpg"}).status_code == 403
    assert media.site.ask("GET", "/derived/public/cat.jpg/thumbnail.jpg", token).status_code == 404


def test_a_request_over_http_is_carried_out(media: Media):
    media.made("posted/cat.jpg", "thumbnail.jpg", "large.jpg")
    asked = {"key": "posted/cat.jpg", "transformations": ["square"]}
    answer = media.site.ask("POST", "/derived", media.site.token(*SCOPES), json=asked)
    assert answer.status_code == 202
    assert answer.json()["derived"] == ["derived/posted/cat.jpg/square.webp"]
    media.await_keys("posted/cat.jpg", "thumbnail.jpg", "large.jpg", "square.webp")


def test_the_daily_audit_puts_right_what_nobody_was_told_of(new_media: Callable[..., Media]):
    media = new_media()
    for key in ("a.jpg", "b.jpg", "c.jpg"):
        media.made(key, "thumbnail.jpg", "large.jpg")
    media.lose_silently("a.jpg/thumbnail.jpg")
    media.s3.delete_object(Bucket=media.bucket, Key="derived/b.jpg/large.jpg")
    _without_notifications(media, lambda: media.delete("c.jpg"))
    _without_notifications(media, lambda: media.put("d.jpg"))
    assert media.audit()["error"] is None
    wanted = {f"{key}.jpg/{leaf}.jpg" for key in "abd" for leaf in ("thumbnail", "large")}
    eventually(lambda: media.keys() == wanted and media.is_there("a.jpg/thumbnail.jpg"))
    assert media.audit()["error"] is None
    log = media.site.logs("audit-derived")
    for fault in ("lost", "missing", "orphaned"):
        assert f'"message":"{fault}"' in log.replace('": "', '":"')


def test_own_definitions_are_in_force_and_malformed_ones_are_refused_with_lines(
    new_media: Callable[..., Media],
):
    media = new_media()
    media.define(f"{TINY}    box: 16x16\n    format: png\nsources:\n  - {{prefix: '', transformations: [tiny]}}\n")
    media.made("cat.jpg", "tiny.png")
    shown = media.site.ask("GET", "/transformations", media.site.token(*SCOPES)).json()
    assert list(shown["transformations"]) == ["tiny"]
    other = new_media()
    other.define(f"{TINY}    box: huge\n")
    result = other.site.invoke("derive", {"key": "cat.jpg"})
    assert result["error"]
    assert "line 4" in result["payload"]["errorMessage"]


def test_a_dry_run_changes_nothing(new_media: Callable[..., Media]):
    media = new_media({"DryRun": "1"})
    media.put("cat.jpg")
    eventually(lambda: "would make" in media.site.logs("on-transform-requests"))
    assert media.keys() == set()


def test_derived_objects_can_outlive_their_source(new_media: Callable[..., Media]):
    media = new_media({"KeepDerived": "1"})
    media.made("cat.jpg", "thumbnail.jpg", "large.jpg")
    media.delete("cat.jpg")
    eventually(lambda: "KeepDerived=1" in media.site.logs("on-transform-requests"))
    assert media.keys() == {"cat.jpg/thumbnail.jpg", "cat.jpg/large.jpg"}


def test_sources_and_derived_objects_in_one_bucket_do_not_chase_each_other(new_media: Callable[..., Media]):
    name = f"shared-{uuid.uuid4().hex[:12]}"
    media = new_media({"DerivedBucketName": name}, sources=name)
    media.made("cat.jpg", "thumbnail.jpg", "large.jpg")
    eventually(lambda: media.site.logs("on-transform-requests").count("it is a derived object itself") >= 2)
    pages = media.s3.list_objects_v2(Bucket=name)["Contents"]
    assert {found["Key"] for found in pages} == {
        "cat.jpg",
        "derived/cat.jpg/large.jpg",
        "derived/cat.jpg/thumbnail.jpg",
    }


def test_healing_costs_two_looks_one_read_and_one_write(media: Media):
    media.made("calls/cat.jpg", "thumbnail.jpg", "large.jpg")
    media.site.invoke("on-object-lost", _lost(media, "derived/calls/cat.jpg/thumbnail.jpg"))  # warm
    before = media.cloud.aws.calls.snapshot()
    media.lose("calls/cat.jpg/thumbnail.jpg")
    eventually(lambda: "calls/cat.jpg" in media.site.logs("on-object-lost"))
    made: dict[str, Counter[str]] = defaultdict(Counter)
    for call, count in media.cloud.aws.calls.snapshot().items():
        made[call.caller][call.action] += count - before.get(call, 0)
    # HEAD is the same permission as GET: two looks, and one read.
    assert {"s3:GetObject": 3, "s3:PutObject": 1} in [dict(+each) for each in made.values()]


def _lost(media: Media, key: str) -> dict[str, Any]:
    """Return the event of a loss as SNS brings it."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ReducedRedundancyLostObject",
        "s3": {"bucket": {"name": media.bucket}, "object": {"key": key.replace(" ", "+")}},
    }
    sns = {
        "MessageId": str(uuid.uuid4()),
        "MessageAttributes": {},
        "Subject": "Amazon S3 Notification",
        "Message": json.dumps({"Records": [record]}),
    }
    return {"Records": [{"EventSource": "aws:sns", "Sns": sns}]}


def _without_notifications(media: Media, act: Callable[[], object]) -> None:
    """Do something to the sources that S3 tells nobody of."""
    before = media.s3.get_bucket_notification_configuration(Bucket=media.sources)
    media.s3.put_bucket_notification_configuration(Bucket=media.sources, NotificationConfiguration={})
    act()
    wanted = {"QueueConfigurations": before["QueueConfigurations"]}
    media.s3.put_bucket_notification_configuration(Bucket=media.sources, NotificationConfiguration=wanted)
