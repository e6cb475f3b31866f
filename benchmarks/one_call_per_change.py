"""The approach of aws-lambda-ddns-function, for comparison: one event, one DescribeInstances, one call for each change.

It UPSERTs each name of an instance that runs and DELETEs each name of one that stops, remembering in a dictionary (the
original: a DynamoDB item) what it wrote, since a stopped instance no longer shows its address.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class OneCallPerChange:
    """Writes names as its events come, one at a time."""

    ec2: Any
    route53: Any
    zone_id: str
    domain: str
    written: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def handle(self, instance_ids: Iterable[str], state: str) -> None:
        """Handle one event for each instance."""
        for id_ in instance_ids:
            shown = self.ec2.describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]
            if state == "running":
                self.written[id_] = [self._record(name, shown["PublicDnsName"]) for name in self._names(shown)]
            for record in self.written[id_] if state == "running" else self.written.pop(id_):
                self._change("UPSERT" if state == "running" else "DELETE", record)

    def _names(self, shown: dict[str, Any]) -> list[str]:
        tags = {tag["Key"]: tag["Value"] for tag in shown["Tags"]}
        return [shown["InstanceId"], *tags["ShortName"].split()]

    def _record(self, name: str, target: str) -> dict[str, Any]:
        values = [{"Value": target}]
        return {"Name": f"{name}.{self.domain}", "Type": "CNAME", "TTL": 60, "ResourceRecords": values}

    def _change(self, action: str, record: dict[str, Any]) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        self.route53.change_resource_record_sets(HostedZoneId=self.zone_id, ChangeBatch=batch)
