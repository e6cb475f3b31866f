"""Changes to moto's CloudFormation about what holds data: buckets and tables get, keep and change their properties."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models.table import Table
from moto.s3.models import FakeBucket, s3_backends

from localcloud.ground.patching import replaced
from localcloud.stacks.buckets import configure_bucket
from localcloud.stacks.ending_patches import ResourceFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.ground.gate import Gate
    from localcloud.stacks.kinds import Properties, Surroundings

# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
CHANGEABLE = {
    "TimeToLiveSpecification", "PointInTimeRecoverySpecification", "DeletionProtectionEnabled", "BillingMode", "Tags",
    "SSESpecification",
}  # fmt: skip


@contextmanager
def buckets_complete(gate: Gate, around: Surroundings) -> Iterator[None]:
    """Apply the properties of AWS::S3::Bucket, of which moto knows encryption and tags only."""
    create, update = FakeBucket.create_from_cloudformation_json, FakeBucket.update_from_cloudformation_json

    def complete(bucket: Any, region: str, properties: Properties) -> Any:
        with gate.left():
            configure_bucket(around.client("s3", region), bucket.name, properties)
        return bucket

    def created(name: str, resource: dict[str, Any], account: str, region: str, **kwargs: Any) -> Any:
        made = create(name, resource, account, region, **kwargs)
        return complete(made, region, resource.get("Properties", {}))

    def updated(*, original_resource: Any, cloudformation_json: Any, region_name: str, **kwargs: Any) -> Any:
        given = {"original_resource": original_resource, "cloudformation_json": cloudformation_json, **kwargs}
        made = update(region_name=region_name, **given)
        return complete(made, region_name, cloudformation_json.get("Properties", {}))

    def deleted(name: str, _: Any, account: str, __: str) -> None:
        backend = s3_backends[account]["aws"]
        if name in backend.buckets and backend.delete_bucket(name) is None:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html
            raise ResourceFailedError(name, "AWS::S3::Bucket", "The bucket you tried to delete is not empty")

    with (
        replaced(FakeBucket, "create_from_cloudformation_json", staticmethod(created)),
        replaced(FakeBucket, "update_from_cloudformation_json", staticmethod(updated)),
        replaced(FakeBucket, "delete_from_cloudformation_json", staticmethod(deleted)),
    ):
        yield


@contextmanager
def tables_complete(gate: Gate, around: Surroundings) -> Iterator[None]:
    """Apply the properties of AWS::DynamoDB::Table; moto leaves some out, and loses a table when it changes."""
    create = Table.create_from_cloudformation_json

    def complete(table: Any, region: str, properties: Properties) -> Any:
        with gate.left():
            _configure_table(around.client("dynamodb", region), table.name, properties)
        table.template_properties = properties
        return table

    def created(name: str, resource: dict[str, Any], account: str, region: str, **kwargs: Any) -> Any:
        return complete(create(name, resource, account, region, **kwargs), region, resource["Properties"])

    def updated(*, original_resource: Any, cloudformation_json: Any, region_name: str, **_: Any) -> Any:
        properties, before = cloudformation_json["Properties"], original_resource.template_properties
        changed = {name for name in {*properties, *before} if properties.get(name) != before.get(name)}
        if beyond := sorted(changed - CHANGEABLE - {"TableName"}):
            raise NotImplementedError(f"changing {', '.join(beyond)} of a table is not emulated")
        original_resource.deletion_protection_enabled = properties.get("DeletionProtectionEnabled", False)
        original_resource.billing_mode = properties.get("BillingMode", "PROVISIONED")
        return complete(original_resource, region_name, properties)

    with (
        replaced(Table, "create_from_cloudformation_json", staticmethod(created)),
        replaced(Table, "update_from_cloudformation_json", staticmethod(updated)),
    ):
        yield


def _configure_table(dynamodb: Any, name: str, properties: Properties) -> None:
    if ttl := properties.get("TimeToLiveSpecification"):
        enabled = str(ttl.get("Enabled")).lower() == "true"
        described = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if enabled != (described["TimeToLiveStatus"] == "ENABLED"):
            attribute = ttl.get("AttributeName") or described.get("AttributeName")
            specification = {"Enabled": enabled, "AttributeName": attribute}
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)
    recovery = properties.get("PointInTimeRecoverySpecification") or {}
    wanted = str(recovery.get("PointInTimeRecoveryEnabled", False)).lower() == "true"
    specification = {"PointInTimeRecoveryEnabled": wanted}
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=specification)
