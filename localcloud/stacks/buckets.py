"""The properties of AWS::S3::Bucket, set through the API of S3.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.stacks.kinds import fitted

if TYPE_CHECKING:
    from localcloud.stacks.kinds import Properties


def configure_bucket(s3: Any, name: str, properties: Properties) -> None:
    """Set what a template says of a bucket, and take away what it does not say any more."""
    block = properties.get("PublicAccessBlockConfiguration")
    if block:
        _call(s3, "put_public_access_block", Bucket=name, PublicAccessBlockConfiguration=block)
    else:
        s3.delete_public_access_block(Bucket=name)
    if controls := properties.get("OwnershipControls"):
        _call(s3, "put_bucket_ownership_controls", Bucket=name, OwnershipControls=controls)
    else:
        s3.delete_bucket_ownership_controls(Bucket=name)
    if lifecycle := properties.get("LifecycleConfiguration"):
        rules = [_rule(rule) for rule in lifecycle["Rules"]]
        _call(s3, "put_bucket_lifecycle_configuration", Bucket=name, LifecycleConfiguration={"Rules": rules})
    else:
        s3.delete_bucket_lifecycle(Bucket=name)
    _version(s3, name, properties.get("VersioningConfiguration"))
    notifications = _notifications(properties.get("NotificationConfiguration") or {})
    _call(s3, "put_bucket_notification_configuration", Bucket=name, NotificationConfiguration=notifications)


def _version(s3: Any, name: str, wanted: Properties | None) -> None:
    """A bucket that had versions once can only be suspended."""
    had = s3.get_bucket_versioning(Bucket=name).get("Status")
    status = wanted["Status"] if wanted else ("Suspended" if had else None)
    if status and status != had:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})


# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-notificationconfiguration.html
DESTINATIONS = {
    "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
    "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
    "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
}


def _notifications(given: Properties) -> Properties:
    """Return a notification configuration in the API's form."""
    made: Properties = {}
    for name, (api_name, destination, arn) in DESTINATIONS.items():
        if name in given:
            made[api_name] = [_notification(each, destination, arn) for each in given[name]]
    bridge = given.get("EventBridgeConfiguration")
    if bridge is not None and str(bridge.get("EventBridgeEnabled", True)).lower() == "true":
        made["EventBridgeConfiguration"] = {}
    return made


def _notification(given: Properties, destination: str, arn: str) -> Properties:
    made: Properties = {arn: given[destination], "Events": [given["Event"]]}
    if rules := given.get("Filter", {}).get("S3Key", {}).get("Rules"):
        made["Filter"] = {"Key": {"FilterRules": rules}}
    return made


def _rule(rule: Properties) -> Properties:
    """Return a lifecycle rule in the API's form.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html
    """
    expiration = {
        "Days": rule.get("ExpirationInDays"),
        "Date": rule.get("ExpirationDate"),
        "ExpiredObjectDeleteMarker": rule.get("ExpiredObjectDeleteMarker"),
    }
    noncurrent = rule.get("NoncurrentVersionExpiration") or {
        "NoncurrentDays": rule.get("NoncurrentVersionExpirationInDays")
    }
    transitions = [
        {"StorageClass": each["StorageClass"], "Days": each.get("TransitionInDays"), "Date": each.get("TransitionDate")}
        for each in rule.get("Transitions", [])
    ]
    made = {
        "ID": rule.get("Id"),
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
        "Expiration": _given(expiration),
        "NoncurrentVersionExpiration": _given(noncurrent),
        "AbortIncompleteMultipartUpload": rule.get("AbortIncompleteMultipartUpload"),
        "Transitions": [_given(each) for each in transitions],
    }
    return {name: value for name, value in made.items() if value}


def _given(values: Properties) -> Properties:
    return {name: value for name, value in values.items() if value is not None}


def _call(s3: Any, operation: str, **values: Any) -> None:
    getattr(s3, operation)(**fitted(s3, operation, values))
