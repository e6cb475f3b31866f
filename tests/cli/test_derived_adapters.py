"""How AWS answers the operator's commands: what S3 refuses to tell, and what the function did and did not do."""

import io
import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from chalicelib.derived.aws.functions import Maker, NotMade
from chalicelib.derived.aws.notifications import BucketNotifications
from chalicelib.derived.job import Task
from chalicelib.derived.model import Done
from chalicelib.errors import BadRequest, TryAgain
from localcloud.server.aws import AwsServer

TASK = Task("cat.jpg", (), whole_family=True)
REQUEST = {"FunctionName": "gk-derive", "Payload": b'{"bucket": "sources", "key": "cat.jpg"}'}


@pytest.fixture
def bucket(aws: AwsServer) -> str:
    name = f"sources-{uuid.uuid4().hex[:8]}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


def test_a_bucket_without_notifications_has_none(aws: AwsServer, bucket: str):
    assert BucketNotifications(aws.client("s3")).read(bucket) == {}


def test_what_s3_refuses_is_told_in_its_own_words(aws: AwsServer, bucket: str):
    arn = f"arn:aws:sqs:{aws.region}:{aws.account_id}:no-such-queue"
    wanted = {"QueueConfigurations": [{"Id": "a", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    notifications = BucketNotifications(aws.client("s3"))
    with pytest.raises(BadRequest, match=f"S3 refuses what it should tell of {bucket}: Unable to validate"):
        notifications.write(bucket, wanted)
    assert notifications.read(bucket) == {}


def answered(said: Any, **more: Any) -> Done:
    client = boto3.client("lambda", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    body = json.dumps(said).encode()
    with Stubber(client) as stub:
        stub.add_response("invoke", {"Payload": StreamingBody(io.BytesIO(body), len(body)), **more}, REQUEST)
        return Maker(client, "gk-derive", "sources").make(TASK)


def test_the_function_says_what_it_made_deleted_and_could_not_make():
    said = {"source": "cat.jpg", "made": ["a"], "deleted": ["b"], "not_made": {"c": "it is broken"}}
    assert answered(said) == Done(frozenset({"a"}), frozenset({"b"}), {"c": "it is broken"})


def test_a_function_that_failed_is_not_taken_for_done():
    with pytest.raises(NotMade, match="gk-derive failed: MemoryError: too much"):
        answered({"errorType": "MemoryError", "errorMessage": "too much"}, FunctionError="Unhandled")


def test_a_lambda_that_is_out_of_breath_can_be_tried_again():
    client = boto3.client("lambda", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    stub = Stubber(client)
    stub.add_client_error("invoke", "ServiceException", http_status_code=500)
    with stub, pytest.raises(TryAgain, match="Lambda said ServiceException"):
        Maker(client, "gk-derive", "sources").make(TASK)
