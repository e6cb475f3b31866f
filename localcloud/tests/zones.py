"""A hosted zone as tests use it: changes in a line each, answers as plain values."""

from typing import Any

from botocore.exceptions import ClientError

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, client

APEX = {("ex.test.", "NS"), ("ex.test.", "SOA")}


def change(action: str, name: str, type_: str, *values: str, ttl: int = 60, **more: Any) -> Json:
    """Return one change."""
    record = {
        "Name": name,
        "Type": type_,
        "TTL": ttl,
        "ResourceRecords": [{"Value": value} for value in values],
        **more,
    }
    return {"Action": action, "ResourceRecordSet": record}


class Zone:
    """The zone ex.test."""

    def __init__(self, aws: AwsServer, name: str = "ex.test", account: str | None = None) -> None:
        self.route53 = client(aws, "route53")
        owner = aws.client("route53", account=account)
        self.id = owner.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"]

    def send(self, *changes: Json, comment: str = "a test") -> Any:
        """Send a batch."""
        batch = {"Comment": comment, "Changes": list(changes)}
        return self.route53.change_resource_record_sets(HostedZoneId=self.id, ChangeBatch=batch)

    def faults(self, *changes: Json) -> list[str]:
        """Send a batch; return all faults for which it is rejected, none if it is not."""
        try:
            self.send(*changes)
        except ClientError as rejected:
            answer: Any = rejected.response
        else:
            return []
        faults: list[str] = answer["messages"]
        assert answer["Error"]["Code"] == "InvalidChangeBatch"
        assert answer["Error"]["Message"] == f"[{', '.join(faults)}]"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
        return faults

    def listed(self) -> list[Json]:
        """Return all record sets, in their order."""
        pages = self.route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=self.id)
        return [record for page in pages for record in page["ResourceRecordSets"]]

    def values(self) -> dict[tuple[str, str], list[str]]:
        """Return the values by name and type, without the zone's own NS and SOA."""
        return {
            (record["Name"], record["Type"]): [value["Value"] for value in record["ResourceRecords"]]
            for record in self.listed()
            if (record["Name"], record["Type"]) not in APEX
        }
