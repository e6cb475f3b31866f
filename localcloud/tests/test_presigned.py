"""Presigned URLs of S3, fetched over real connections by clients without keys."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore import auth

from localcloud.cloud import LocalCloud
from localcloud.server.aws import AwsServer
from localcloud.tests.acting import allow, assume, client
from localcloud.tests.clouds import make_function, send

KEY = "hosts/a b+c/ü~(1)"


@pytest.fixture
def s3(aws: AwsServer) -> Any:
    """The administrator's client, with two objects in the bucket `documents`."""
    made = client(aws, "s3", signature_version="s3v4")
    made.create_bucket(Bucket="documents")
    for key in (KEY, "other/x"):
        made.put_object(Bucket="documents", Key=key, Body=b"127.0.0.1 localhost\n", ContentType="text/plain")
    return made


def presign(s3: Any, method: str = "get_object", key: str = KEY, seconds: int = 60, **more: Any) -> str:
    parameters = {"Bucket": "documents", "Key": key, **more}
    return str(s3.generate_presigned_url(method, Params=parameters, ExpiresIn=seconds))


def fetch(url: str, method: str = "GET", **headers: str) -> Any:
    """Return status and body; of an error, its code and message."""
    path = url.split("/", 3)[3]
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    status, sent, body = send(url, method, f"/{path}", headers=given)
    if status < 400 or not body:
        return status, body
    assert sent["Content-Type"] == "application/xml"
    found = [re.search(f"<{tag}>(.*)</{tag}>", body.decode()) for tag in ("Code", "Message")]
    return (status, *(match[1] for match in found if match))


def test_whoever_has_the_url_gets_the_object(s3: Any) -> None:
    assert fetch(presign(s3)) == (200, b"127.0.0.1 localhost\n")
    assert fetch(presign(s3, "head_object"), "HEAD") == (200, b"")


def test_the_answers_headers_may_be_chosen_in_the_url(s3: Any) -> None:
    url = presign(s3, ResponseContentType="text/html")
    _, headers, _ = send(url, "GET", "/" + url.split("/", 3)[3])
    assert headers["Content-Type"] == "text/html"


def test_an_etag_saves_the_transfer(s3: Any) -> None:
    etag = s3.head_object(Bucket="documents", Key=KEY)["ETag"]
    assert fetch(presign(s3), If_None_Match=etag) == (304, b"")


def test_a_roles_url_carries_its_session_and_reaches_what_the_role_may_read(aws: AwsServer, s3: Any) -> None:
    role = client(
        aws, "s3", assume(aws, allow("s3:GetObject", "arn:aws:s3:::documents/hosts/*")), signature_version="s3v4"
    )
    url = presign(role)
    assert "X-Amz-Security-Token" in url
    assert fetch(url)[0] == 200
    assert fetch(presign(role, key="other/x"))[:2] == (403, "AccessDenied")
    assert fetch(re.sub("&X-Amz-Security-Token=[^&]*", "", url))[:2] == (403, "InvalidAccessKeyId")


def test_a_functions_own_role_signs_urls_that_work(cloud: LocalCloud) -> None:
    cloud.client("s3").create_bucket(Bucket="documents")
    cloud.client("s3").put_object(Bucket="documents", Key="x", Body=b"here")
    make_function(
        cloud,
        "import boto3, botocore.config\n"
        "def handler(event, context):\n"
        "    where = {'Bucket': 'documents', 'Key': 'x'}\n"
        "    version_4 = botocore.config.Config(signature_version='s3v4')\n"
        "    return boto3.client('s3', config=version_4).generate_presigned_url('get_object', where, 60)\n",
    )
    assert fetch(json.loads(cloud.functions.invoke("f", {}).payload)) == (200, b"here")


def test_a_url_is_good_for_its_time_only(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_by = {"a minute ago": timedelta(seconds=-62), "a while ago": timedelta(seconds=-50)}
    urls = {}
    for name, offset in signed_by.items():
        moment = datetime.now(UTC) + offset
        monkeypatch.setattr(auth, "get_current_datetime", lambda moment=moment: moment)
        urls[name] = presign(s3)
    assert fetch(urls["a while ago"])[0] == 200
    assert fetch(urls["a minute ago"]) == (403, "AccessDenied", "Request has expired")
    monkeypatch.setattr(auth, "get_current_datetime", lambda: datetime.now(UTC) + timedelta(hours=1))
    assert fetch(presign(s3)) == (403, "AccessDenied", "Request is not yet valid")


def test_nothing_in_a_url_can_be_changed(s3: Any) -> None:
    url = presign(s3)
    for other in (
        url.replace("hosts/", "other/"),
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
        f"{url}&response-content-type=text%2Fhtml",
        url[:-1] + ("0" if url[-1] != "0" else "1"),
    ):
        assert fetch(other)[:2] == (403, "SignatureDoesNotMatch")
    assert fetch(url, "HEAD") == (403, b"")
    assert fetch(url, "DELETE")[:2] == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(("&X-Amz-Expires=60", ""), "requires the X-Amz-Algorithm", id="a parameter is missing"),
        pytest.param(("X-Amz-Expires=60", "X-Amz-Expires=604801"), "less than a week", id="too long"),
        pytest.param(("X-Amz-Expires=60", "X-Amz-Expires=soon"), "should be a number", id="no number"),
        pytest.param(("aws4_request", "aws3_request"), "X-Amz-Credential", id="a malformed credential"),
        pytest.param(("X-Amz-Credential=", "X-Amz-Credential=x&x="), "X-Amz-Credential", id="no credential"),
        pytest.param((time.strftime("X-Amz-Date=%Y"), "X-Amz-Date=1999"), "credential date", id="another day"),
        pytest.param(("AWS4-HMAC-SHA256", "AWS3"), "X-Amz-Algorithm only", id="another algorithm"),
    ],
)
def test_a_malformed_url_is_refused_in_s3s_words(s3: Any, change: tuple[str, str], words: str) -> None:
    status, code, message = fetch(presign(s3).replace(*change))
    assert (status, code) == (400, "AuthorizationQueryParametersError")
    assert words in message


def test_only_one_signature_is_allowed(s3: Any) -> None:
    status, code, message = fetch(presign(s3), Authorization="Bearer gk_1_secret")
    assert (status, code) == (400, "InvalidArgument")
    assert message.startswith("Only one auth mechanism allowed")


def test_signature_version_2_is_not_taken_any_more(aws: AwsServer, s3: Any) -> None:
    old = presign(client(aws, "s3"))
    assert "AWSAccessKeyId" in old  # what boto3 does by itself in us-east-1
    status, code, message = fetch(old)
    assert (status, code) == (400, "InvalidRequest")
    assert message.endswith("Please use AWS4-HMAC-SHA256.")


def test_a_header_of_amazons_must_be_signed_too(s3: Any) -> None:
    assert fetch(presign(s3), X_Amz_Acl="public-read")[:2] == (403, "AccessDenied")


def test_fetching_is_counted_as_a_call_of_the_signer(aws: AwsServer, s3: Any) -> None:
    aws.calls.reset()
    fetch(presign(s3))
    assert aws.calls.count("s3:GetObject", aws.access_key) == 1
