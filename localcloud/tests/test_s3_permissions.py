"""Who may do what with objects: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"""

from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, allow, assume, client, policy, refusal

HOSTS = "arn:aws:s3:::documents/hosts/*"


@pytest.fixture
def admin(aws: AwsServer) -> Any:
    made = aws.client("s3")
    made.create_bucket(Bucket="documents")
    for key in ("hosts/a", "other/a"):
        made.put_object(Bucket="documents", Key=key, Body=b"1")
    return made


def where(key: str) -> Json:
    return {"Bucket": "documents", "Key": key}


def test_a_role_reads_and_writes_below_its_prefix_only(aws: AwsServer, admin: Any) -> None:
    s3 = client(aws, "s3", assume(aws, allow(["s3:GetObject", "s3:PutObject"], HOSTS)))
    s3.put_object(**where("hosts/new"), Body=b"2")
    assert s3.get_object(**where("hosts/new"))["ContentLength"] == 1
    assert s3.head_object(**where("hosts/new"))["ContentLength"] == 1
    for call, more in ((s3.get_object, {}), (s3.put_object, {"Body": b"2"})):
        assert refusal(call, **where("other/a"), **more)["Code"] == "AccessDenied"
    assert refusal(s3.head_object, **where("other/a"))["Code"] == "403"
    assert refusal(s3.delete_object, **where("hosts/new"))["Code"] == "AccessDenied"


def test_reading_is_no_writing_and_writing_no_reading(aws: AwsServer, admin: Any) -> None:
    reader = client(aws, "s3", assume(aws, allow("s3:GetObject", HOSTS), name="reader"))
    writer = client(aws, "s3", assume(aws, allow("s3:PutObject", HOSTS), name="writer"))
    assert refusal(reader.put_object, **where("hosts/a"), Body=b"2")["Code"] == "AccessDenied"
    assert refusal(writer.get_object, **where("hosts/a"))["Code"] == "AccessDenied"
    assert refusal(writer.head_object, **where("hosts/a"))["Code"] == "403"


def test_who_may_not_list_a_bucket_is_not_told_that_an_object_is_missing(aws: AwsServer, admin: Any) -> None:
    blind = client(aws, "s3", assume(aws, allow("s3:GetObject", HOSTS), name="blind"))
    listing = allow("s3:ListBucket", "arn:aws:s3:::documents")
    seeing = client(aws, "s3", assume(aws, allow("s3:GetObject", HOSTS), listing, name="seeing"))
    missing = where("hosts/missing")
    assert "s3:ListBucket" in refusal(blind.get_object, **missing)["Message"]
    assert refusal(blind.head_object, **missing)["Code"] == "403"
    assert refusal(seeing.get_object, **missing)["Code"] == "NoSuchKey"
    assert refusal(seeing.head_object, **missing)["Code"] == "404"


def test_copying_needs_the_right_to_read_the_source(aws: AwsServer, admin: Any) -> None:
    s3 = client(aws, "s3", assume(aws, allow(["s3:GetObject", "s3:PutObject"], HOSTS)))
    s3.copy_object(**where("hosts/copy"), CopySource=where("hosts/a"))
    denied = refusal(s3.copy_object, **where("hosts/copy"), CopySource=where("other/a"))
    assert denied["Code"] == "AccessDenied"
    missing = refusal(s3.copy_object, **where("hosts/copy"), CopySource=where("hosts/missing"))
    assert "s3:ListBucket" in missing["Message"]
    assert refusal(admin.copy_object, **where("hosts/copy"), CopySource=where("hosts/missing"))["Code"] == "NoSuchKey"


def test_of_many_those_are_deleted_that_may_be(aws: AwsServer, admin: Any) -> None:
    s3 = client(aws, "s3", assume(aws, allow("s3:DeleteObject", HOSTS)))
    wanted = [{"Key": "hosts/a"}, {"Key": "other/a"}, {"Key": "hosts/b", "VersionId": "v"}]
    answer = s3.delete_objects(Bucket="documents", Delete={"Objects": wanted})
    assert answer["Deleted"] == [{"Key": "hosts/a"}]
    assert [(each["Key"], each["Code"]) for each in answer["Errors"]] == [
        ("other/a", "AccessDenied"),
        ("hosts/b", "AccessDenied"),
    ]
    assert [each["Key"] for each in admin.list_objects_v2(Bucket="documents")["Contents"]] == ["other/a"]


def test_a_bucket_policy_forbids_what_its_conditions_say_and_no_more(aws: AwsServer, admin: Any) -> None:
    both = ["arn:aws:s3:::documents", "arn:aws:s3:::documents/*"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": both}
    plain_http = {"Bool": {"aws:SecureTransport": "false"}}
    admin.put_bucket_policy(Bucket="documents", Policy=policy({**deny, "Condition": plain_http}))
    assert admin.get_object(**where("hosts/a"))["ContentLength"] == 1
    assert admin.list_objects_v2(Bucket="documents")["KeyCount"] == 2
    admin.put_bucket_policy(Bucket="documents", Policy=policy({**deny, "Action": "s3:PutObject"}))
    assert "explicit deny" in refusal(admin.put_object, **where("hosts/a"), Body=b"2")["Message"]
    assert admin.get_object(**where("hosts/a"))["ContentLength"] == 1
