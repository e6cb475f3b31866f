"""Buckets and tables of a stack: their properties, what happens to them when the stack changes or goes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
"""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from localcloud.stacks import sam
from localcloud.stacks.deploy import DeploymentError
from localcloud.tests.clouds import printed, received

RULE = {
    "Id": "old",
    "Status": "Enabled",
    "Prefix": "hosts/",
    "ExpirationInDays": 7,
    "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}
BLOCK = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
AES = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
BUCKET = {
    "BucketEncryption": AES,
    "PublicAccessBlockConfiguration": BLOCK,
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "LifecycleConfiguration": {"Rules": [RULE]},
    "VersioningConfiguration": {"Status": "Enabled"},
}
TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "kind", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
    "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True},
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
}
DENY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def template(retain: bool, bucket: Any = BUCKET, table: Any = TABLE) -> Any:
    kept = {"DeletionPolicy": "Retain"} if retain else {}
    document = {"Version": "2012-10-17", "Statement": [DENY]}
    policy = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document}
    return {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", **kept, "Properties": bucket},
            "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": policy},
            "Table": {"Type": "AWS::DynamoDB::Table", **kept, "Properties": table},
        },
        "Outputs": {"Bucket": {"Value": {"Ref": "Bucket"}}, "Table": {"Value": {"Ref": "Table"}}},
    }


def make(cloud: LocalCloud, body: Any, change: str = "create_stack") -> Any:
    """Create or update the stack `data`; return its outputs."""
    cloudformation = cloud.client("cloudformation")
    getattr(cloudformation, change)(StackName="data", TemplateBody=json.dumps(body))
    (stack,) = cloudformation.describe_stacks(StackName="data")["Stacks"]
    assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def fill(cloud: LocalCloud, made: Any) -> None:
    cloud.client("s3").put_object(Bucket=made["Bucket"], Key="x", Body=b"1")
    cloud.client("dynamodb").put_item(TableName=made["Table"], Item={"kind": {"S": "x"}})


def test_a_bucket_has_all_that_the_template_says(cloud: LocalCloud) -> None:
    where = {"Bucket": make(cloud, template(retain=True))["Bucket"]}
    s3 = cloud.client("s3")
    (encryption,) = s3.get_bucket_encryption(**where)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_public_access_block(**where)["PublicAccessBlockConfiguration"] == BLOCK
    assert s3.get_bucket_ownership_controls(**where)["OwnershipControls"] == BUCKET["OwnershipControls"]
    assert s3.get_bucket_versioning(**where)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(**where)["Rules"]
    assert (rule["ID"], rule["Filter"], rule["Expiration"]) == ("old", {"Prefix": "hosts/"}, {"Days": 7})
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 3}
    assert "SecureTransport" in s3.get_bucket_policy(**where)["Policy"]


def test_a_table_forgets_by_time_and_can_be_restored(cloud: LocalCloud) -> None:
    name = make(cloud, template(retain=True))["Table"]
    dynamodb = cloud.client("dynamodb")
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_an_update_changes_the_properties_and_keeps_the_data(cloud: LocalCloud) -> None:
    made = make(cloud, template(retain=True))
    fill(cloud, made)
    bucket = {"BucketEncryption": AES, "LifecycleConfiguration": {"Rules": [{**RULE, "ExpirationInDays": 9}]}}
    table = {**TABLE, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}}
    assert make(cloud, template(True, bucket, table), "update_stack") == made
    s3, where = cloud.client("s3"), {"Bucket": made["Bucket"]}
    assert s3.get_bucket_lifecycle_configuration(**where)["Rules"][0]["Expiration"] == {"Days": 9}
    assert s3.get_bucket_versioning(**where)["Status"] == "Suspended"
    with pytest.raises(ClientError, match="NoSuchPublicAccessBlock"):
        s3.get_public_access_block(**where)
    assert s3.get_object(**where, Key="x")["ContentLength"] == 1
    dynamodb = cloud.client("dynamodb")
    backups = dynamodb.describe_continuous_backups(TableName=made["Table"])["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    assert dynamodb.get_item(TableName=made["Table"], Key={"kind": {"S": "x"}})["Item"]


def test_what_is_to_be_retained_outlives_its_stack(cloud: LocalCloud) -> None:
    made = make(cloud, template(retain=True))
    fill(cloud, made)
    cloud.delete_stack("data")
    assert cloud.client("s3").get_object(Bucket=made["Bucket"], Key="x")["ContentLength"] == 1
    assert cloud.client("dynamodb").describe_table(TableName=made["Table"])["Table"]["ItemCount"] == 1


def test_what_is_to_be_retained_outlives_its_place_in_the_template(cloud: LocalCloud) -> None:
    body = template(retain=True)
    made = make(cloud, body)
    fill(cloud, made)
    del body["Resources"]["Bucket"], body["Resources"]["Policy"], body["Outputs"]["Bucket"]
    make(cloud, body, "update_stack")
    assert cloud.client("s3").get_object(Bucket=made["Bucket"], Key="x")["ContentLength"] == 1


def test_a_stack_cannot_be_deleted_while_a_bucket_of_it_holds_objects(cloud: LocalCloud) -> None:
    bucket = {name: value for name, value in BUCKET.items() if name != "VersioningConfiguration"}
    made = make(cloud, template(False, bucket))
    fill(cloud, made)
    with pytest.raises(DeploymentError, match=r"DELETE_FAILED: Bucket \(AWS::S3::Bucket\): .*not empty"):
        cloud.delete_stack("data")
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName="data")["Stacks"]
    assert stack["StackStatus"] == "DELETE_FAILED"
    cloud.client("s3").delete_object(Bucket=made["Bucket"], Key="x")
    cloud.delete_stack("data")
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    assert cloud.client("dynamodb").list_tables()["TableNames"] == []


def test_a_change_of_a_table_that_is_not_emulated_fails_loudly(cloud: LocalCloud) -> None:
    make(cloud, template(retain=True))
    keys = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    with pytest.raises(AssertionError):
        make(cloud, template(True, table={**TABLE, **keys}), "update_stack")
    events = cloud.client("cloudformation").describe_stack_events(StackName="data")["StackEvents"]
    assert "changing KeySchema of a table is not emulated" in [each.get("ResourceStatusReason") for each in events]


def test_a_function_of_two_queues_may_loop(cloud: LocalCloud) -> None:
    queues = {name: {"Type": "AWS::SQS::Queue", "Properties": {}} for name in ("First", "Second")}
    events = {
        name: {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": [name, "Arn"]}, "BatchSize": 1}} for name in queues
    }
    function = {
        "FunctionName": "looping",
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "InlineCode": "def handler(event, context): pass",
        "RecursiveLoop": "Allow",
        "Events": events,
    }
    resources = {**queues, "F": {"Type": "AWS::Serverless::Function", "Properties": function}}
    body = json.dumps({"Transform": sam.TRANSFORM, "Resources": resources})
    cloud.client("cloudformation").create_stack(StackName="s", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    mappings = cloud.client("lambda").list_event_source_mappings(FunctionName="looping")["EventSourceMappings"]
    assert len(mappings) == 2
    sqs = cloud.client("sqs")
    for url in sqs.list_queues()["QueueUrls"]:
        sqs.send_message(QueueUrl=url, MessageBody="x")
    cloud.wait_idle()
    assert len([line for line in cloud.logs("looping") if line.startswith("END")]) == 2


def test_a_bucket_tells_a_queue_and_a_function_of_its_template(cloud: LocalCloud) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    condition = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::told-of"}}
    document = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*", "Condition": condition}]}
    permission = {
        "FunctionName": {"Ref": "F"},
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceArn": "arn:aws:s3:::told-of",
        "SourceAccount": {"Ref": "AWS::AccountId"},
    }
    function = {
        "FunctionName": "told",
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "InlineCode": "def handler(event, context): print(event['Records'][0]['eventName'])",
    }
    notifications = {
        "QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}],
        "LambdaConfigurations": [{"Event": "s3:ObjectRemoved:*", "Function": {"Fn::GetAtt": ["F", "Arn"]}}],
    }
    bucket = {"BucketName": "told-of", "NotificationConfiguration": notifications}
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "DependsOn": ["Policy", "Permission"], "Properties": bucket},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}},
        "Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": document},
        },
        "F": {"Type": "AWS::Serverless::Function", "Properties": function},
        "Permission": {"Type": "AWS::Lambda::Permission", "Properties": permission},
    }
    body = json.dumps({"Transform": sam.TRANSFORM, "Resources": resources})
    cloud.client("cloudformation").create_stack(StackName="s", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    s3, sqs = cloud.client("s3"), cloud.client("sqs")
    s3.put_object(Bucket="told-of", Key="k")
    s3.delete_object(Bucket="told-of", Key="k")
    told = [json.loads(each["Body"]) for each in received(cloud, sqs.get_queue_url(QueueName="q")["QueueUrl"], 2)]
    assert [each.get("Event") or each["Records"][0]["eventName"] for each in told] == [
        "s3:TestEvent",
        "ObjectCreated:Put",
    ]
    cloud.wait_idle()
    assert printed(cloud, "told") == ["ObjectRemoved:Delete"]
