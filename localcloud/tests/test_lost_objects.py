"""Objects that S3 loses: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (405 on a lost object)."""

import http.client
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from localcloud.__main__ import main
from localcloud.cloud import LocalCloud
from localcloud.own_api_client import LOSE
from localcloud.run_file import published
from localcloud.s3.lost import NotThereError
from localcloud.server.aws import AwsServer
from localcloud.tests.acting import client, refusal
from localcloud.tests.clouds import send
from localcloud.tests.test_s3_notifications import Inbox, listening, to_queue

WHERE = {"Bucket": "photos", "Key": "small/a b.jpg"}
LOST = "s3:ReducedRedundancyLostObject"


@pytest.fixture
def s3(aws: AwsServer) -> Any:
    made = client(aws, "s3", signature_version="s3v4")
    made.create_bucket(Bucket="photos")
    made.put_object(**WHERE, Body=b"bytes", StorageClass="REDUCED_REDUNDANCY")
    return made


def lose(aws: AwsServer) -> int | None:
    return aws.lose_object(WHERE["Bucket"], WHERE["Key"])


def fetched(s3: Any, method: str) -> tuple[int, Any, bytes]:
    """Make a plain HTTP request for the object."""
    url = urlsplit(s3.generate_presigned_url(f"{method.lower()}_object", Params=WHERE))
    connection = http.client.HTTPConnection(url.netloc, timeout=10)
    connection.request(method, f"{url.path}?{url.query}")
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def test_a_lost_object_cannot_be_read_and_is_still_listed(aws: AwsServer, s3: Any) -> None:
    lose(aws)
    error = refusal(s3.get_object, **WHERE)
    assert error["Code"] == "MethodNotAllowed"
    assert error["Message"] == "The specified method is not allowed against this resource."
    assert refusal(s3.head_object, **WHERE)["Code"] == "405"
    assert refusal(s3.get_object, **WHERE, Range="bytes=0-1")["Code"] == "MethodNotAllowed"
    listed = s3.list_objects_v2(Bucket="photos")["Contents"]
    assert [(each["Key"], each["Size"]) for each in listed] == [(WHERE["Key"], 5)]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_answer_is_not_that_of_a_delete_marker(aws: AwsServer, s3: Any, method: str) -> None:
    lose(aws)
    status, headers, body = fetched(s3, method)
    assert status == 405
    assert "x-amz-delete-marker" not in headers
    assert (b"<Code>MethodNotAllowed</Code>" in body) == (method == "GET")
    assert (body == b"") == (method == "HEAD")


def test_a_lost_object_cannot_be_copied(aws: AwsServer, s3: Any) -> None:
    lose(aws)
    upload = s3.create_multipart_upload(Bucket="photos", Key="whole")["UploadId"]
    part = {"UploadId": upload, "PartNumber": 1}
    for call, more in ((s3.copy_object, {"Key": "copy"}), (s3.upload_part_copy, {"Key": "whole", **part})):
        assert refusal(call, Bucket="photos", CopySource=WHERE, **more)["Code"] == "MethodNotAllowed"
    assert refusal(s3.head_object, Bucket="photos", Key="copy")["Code"] == "404"


def test_the_key_of_a_lost_object_still_exists_and_a_plain_put_brings_it_back(aws: AwsServer, s3: Any) -> None:
    lose(aws)
    assert refusal(s3.put_object, **WHERE, Body=b"again", IfNoneMatch="*")["Code"] == "PreconditionFailed"
    assert refusal(s3.head_object, **WHERE)["Code"] == "405"
    s3.put_object(**WHERE, Body=b"again")
    assert s3.get_object(**WHERE)["Body"].read() == b"again"


def test_a_lost_object_can_be_deleted(aws: AwsServer, s3: Any) -> None:
    lose(aws)
    s3.delete_object(**WHERE)
    assert refusal(s3.get_object, **WHERE)["Code"] == "NoSuchKey"
    assert "Contents" not in s3.list_objects_v2(Bucket="photos")


def test_the_loss_is_told_with_no_more_than_bucket_and_key(aws: AwsServer, s3: Any) -> None:
    inbox = Inbox(aws)
    listening(s3, inbox, to_queue(inbox, LOST, id="losses", prefix="small/"))
    assert lose(aws) == 1
    (record,) = inbox.records()
    assert record.pop("eventTime").endswith("Z")
    assert record == {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventName": "ReducedRedundancyLostObject",
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "losses",
            "bucket": {"name": "photos", "arn": "arn:aws:s3:::photos"},
            "object": {"key": "small/a+b.jpg"},
        },
    }


def test_only_reduced_redundancy_is_told_of(aws: AwsServer, s3: Any) -> None:
    inbox = Inbox(aws)
    listening(s3, inbox, to_queue(inbox, LOST))
    s3.put_object(Bucket="photos", Key="standard", Body=b"1")
    assert aws.lose_object("photos", "standard") is None
    assert refusal(s3.head_object, Bucket="photos", Key="standard")["Code"] == "405"
    assert inbox.records() == []


def test_what_is_not_there_cannot_be_lost(aws: AwsServer, s3: Any) -> None:
    with pytest.raises(NotThereError, match="no bucket elsewhere"):
        aws.lose_object("elsewhere", "k")
    with pytest.raises(NotThereError, match="no object k in the bucket photos"):
        aws.lose_object("photos", "k")


def test_a_delete_marker_says_that_it_is_one(aws: AwsServer, s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    marker = s3.delete_object(**WHERE)["VersionId"]
    status, headers, body = fetched(s3, "GET")
    assert (status, headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == (404, "true", marker)
    assert b"<Code>NoSuchKey</Code>" in body
    with pytest.raises(s3.exceptions.ClientError) as refused:
        s3.get_object(**WHERE, VersionId=marker)
    answer: Any = refused.value.response
    assert answer["Error"]["Code"] == "MethodNotAllowed"
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["x-amz-delete-marker"], headers["allow"]) == ("true", "DELETE")


def test_a_deletion_of_nothing_makes_a_delete_marker_in_a_bucket_with_versions(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    made = s3.delete_object(Bucket="photos", Key="never there")
    assert made["DeleteMarker"]
    (marker,) = s3.list_object_versions(Bucket="photos", Prefix="never there")["DeleteMarkers"]
    assert marker["VersionId"] == made["VersionId"]


@pytest.fixture
def workdir(aws: AwsServer, tmp_path: Path) -> Any:
    """The folder of a cloud that runs."""
    facts = {"aws_endpoint": aws.endpoint, "secret_key": aws.secret_key, "pid": os.getpid()}
    with published(tmp_path / "run.json", facts):
        yield str(tmp_path)


def test_the_command_makes_a_running_cloud_lose_objects(
    aws: AwsServer, s3: Any, workdir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox = Inbox(aws)
    listening(s3, inbox, to_queue(inbox, LOST, prefix="small/"))
    s3.put_object(Bucket="photos", Key="standard?#%20", Body=b"1")
    s3.put_object(Bucket="photos", Key="quiet", StorageClass="REDUCED_REDUNDANCY")
    urls = ["s3://photos/small/a b.jpg", "s3://photos/standard?#%20", "s3://photos/quiet"]
    assert main(["lose", *urls, "--workdir", workdir]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "lost s3://photos/small/a b.jpg: 1 destination told",
        "lost s3://photos/standard?#%20: nobody is told, because its storage class is not REDUCED_REDUNDANCY",
        f"lost s3://photos/quiet: nobody is told, because no notification is configured for {LOST}",
    ]
    assert len(inbox.records()) == 1
    for key in (WHERE["Key"], "standard?#%20", "quiet"):
        assert refusal(s3.head_object, Bucket="photos", Key=key)["Code"] == "405"


def test_the_command_names_what_is_not_there_and_loses_the_rest(
    s3: Any, workdir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    urls = ["s3://elsewhere/k", "s3://photos/k", "s3://photos/small/a b.jpg"]
    assert main(["lose", *urls, "--workdir", workdir]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "s3://elsewhere/k: there is no bucket elsewhere",
        "s3://photos/k: there is no object k in the bucket photos",
    ]
    assert refusal(s3.head_object, **WHERE)["Code"] == "405"


@pytest.mark.parametrize("url", ["photos/k", "s3://photos", "s3://photos/", "s3:///k", "https://photos/k"])
def test_the_command_wants_s3_urls(workdir: str, capsys: pytest.CaptureFixture[str], url: str) -> None:
    assert main(["lose", url, "--workdir", workdir]) == 2
    assert capsys.readouterr().err == f"{url}: s3://bucket/key is wanted\n"


def test_the_command_says_so_where_no_cloud_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lose", "s3://photos/k", "--workdir", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"no local cloud runs here: {tmp_path}/run.json names none\n"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        pytest.param({}, {"bucket": "photos", "key": "k"}, 403, id="nobody"),
        pytest.param({"Authorization": "Bearer x"}, {"bucket": "photos", "key": "k"}, 403, id="another"),
        pytest.param(None, ["photos"], 400, id="no object"),
        pytest.param(None, {"bucket": "photos"}, 400, id="no key"),
        pytest.param(None, {"bucket": "photos", "key": "k"}, 404, id="no such object"),
    ],
)
def test_the_way_into_the_cloud_is_the_administrators(
    aws: AwsServer, s3: Any, headers: Any, body: Any, status: int
) -> None:
    given = {"Authorization": f"Bearer {aws.secret_key}"} if headers is None else headers
    assert send(aws.endpoint, "POST", LOSE, json.dumps(body), given)[0] == status


def test_a_cloud_loses_objects_too(cloud: LocalCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="photos")
    s3.put_object(Bucket="photos", Key="k", StorageClass="REDUCED_REDUNDANCY")
    assert cloud.lose_object("photos", "k") == 0
    assert refusal(s3.head_object, Bucket="photos", Key="k")["Code"] == "405"
