"""What every scene of the demonstration needs: a cloud with the stack deployed, a way to wait, a way to show."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from localcloud.cloud import LocalCloud

DOMAIN = "fleet.example"
STACK = "groundskeeper-demo"
PATIENCE = 30.0
IMAGE = "ami-12c6146b"


@dataclass
class Stage:
    """A running cloud, its zone, and whether every expectation so far came true."""

    cloud: LocalCloud
    zone_id: str
    console: Console = field(default_factory=lambda: Console(highlight=False))
    failures: int = 0
    scenes: int = 0

    @cached_property
    def ec2(self) -> Any:
        """Return the EC2 client of the user in the story."""
        return self.cloud.client("ec2")

    @cached_property
    def route53(self) -> Any:
        """Return the Route 53 client of the user in the story."""
        return self.cloud.client("route53")

    def scene(self, title: str) -> None:
        """Begin a scene."""
        self.scenes += 1
        self.console.print(f"\n[bold]{self.scenes}. {title}[/]")

    def say(self, text: str) -> None:
        """Tell what happens."""
        self.console.print(f"   {text}")

    def expect(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until something holds, and say whether and after how many seconds it did."""
        start = time.monotonic()
        while not (true := holds()) and time.monotonic() - start < PATIENCE:
            time.sleep(0.1)
        seconds = time.monotonic() - start
        if true:
            waited = f" [dim](after {seconds:.1f} s)[/]" if seconds >= 0.1 else ""
            self.console.print(f"   [green]✓[/] {what}{waited}")
        else:
            self.failures += 1
            self.console.print(f"   [bold red]✗ {what}: not so after {seconds:.0f} s[/]")

    def records(self) -> list[dict[str, Any]]:
        """Return the zone's record sets but NS and SOA."""
        pages = self.route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=self.zone_id)
        return [r for page in pages for r in page["ResourceRecordSets"] if r["Type"] not in ("NS", "SOA")]

    def names(self) -> dict[str, str]:
        """Return name -> value of every record set that is no mark, names without the domain."""
        return {
            r["Name"].removesuffix(f".{DOMAIN}."): r["ResourceRecords"][0]["Value"]
            for r in self.records()
            if r["Type"] != "TXT"
        }

    def instance(self, id_: str) -> dict[str, Any]:
        """Return an instance as EC2 shows it now."""
        shown: dict[str, Any] = self.ec2.describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]
        return shown

    def launch(self, tag: str) -> str:
        """Start an instance with a ShortName tag and return its id."""
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "ShortName", "Value": tag}]}]
        started = self.ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, TagSpecifications=tags)
        id_ = str(started["Instances"][0]["InstanceId"])
        self.say(f"$ aws ec2 run-instances … --tag-specifications '…{{Key=ShortName,Value={tag}}}'\n     → {id_}")
        return id_

    def show_zone(self) -> None:
        """Print the zone as a table."""
        table = Table(title=f"zone {DOMAIN} (dim: the marks that say which names are ours)", title_justify="left")
        for heading in ("name", "type", "TTL", "value"):
            table.add_column(heading, overflow="fold")
        for r in self.records():
            style = "dim" if r["Type"] == "TXT" else ""
            values = " ".join(value["Value"] for value in r["ResourceRecords"])
            table.add_row(r["Name"].removesuffix(f".{DOMAIN}."), r["Type"], str(r["TTL"]), values, style=style)
        self.console.print(table)


def set_up(cloud: LocalCloud, package: Path) -> Stage:
    """Deploy the package to a cloud with one hosted zone."""
    zone_id = cloud.create_zone(DOMAIN)
    cloud.deploy(package, STACK, {"HostedZoneId": zone_id})
    return Stage(cloud, zone_id)
