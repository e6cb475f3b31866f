"""What every scene of the demonstration needs: a cloud with the stack deployed, a way to wait, a way to show."""

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from localcloud.cloud import LocalCloud
from localcloud.run_file import published

DOMAIN = "fleet.example"
STACK = "groundskeeper-demo"
SOURCES = "fleet-media"
PATIENCE = 30.0
RESULTS = Path("build/demo").resolve()
IMAGE = "ami-760aaa0f"


@dataclass
class Stage:
    """A running cloud, its zone, and whether every expectation so far came true."""

    cloud: LocalCloud
    zone_id: str
    folder: Path
    outputs: Mapping[str, str]
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

    @cached_property
    def s3(self) -> Any:
        """Return the S3 client of the user in the story."""
        return self.cloud.client("s3")

    def scene(self, title: str) -> None:
        """Begin a scene."""
        self.scenes += 1
        self.console.print(f"\n[bold]{self.scenes}. {title}[/]")

    def say(self, text: str) -> None:
        """Tell what happens."""
        self.console.print(f"   {text}", markup=False)

    def expect(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until something holds, and say whether and after how many seconds it did."""
        start = time.monotonic()
        true = self.wait(holds)
        seconds = time.monotonic() - start
        if true:
            waited = f" [dim](after {seconds:.1f} s)[/]" if seconds >= 0.1 else ""
            self.console.print(f"   [green]✓[/] {what}{waited}")
        else:
            self.failures += 1
            self.console.print(f"   [bold red]✗ {what}: not so after {seconds:.0f} s[/]")

    def wait(self, holds: Callable[[], bool]) -> bool:
        """Wait until something holds; say whether it did."""
        start = time.monotonic()
        while not (true := holds()) and time.monotonic() - start < PATIENCE:
            time.sleep(0.1)
        return true

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

    def run(
        self, *words: str, shown: str = "", echo: bool = False, quiet: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as the user does, tell so unless ``quiet``, and with ``echo`` show what it prints."""
        if not quiet:
            self.say(f"$ {shlex.join(words)} {shown}".rstrip())
        own = Path(sys.executable).with_name(words[0])
        done = subprocess.run(  # noqa: S603 - the demonstration's own commands
            [str(own) if own.exists() else words[0], *words[1:]], cwd=self.folder, capture_output=True, text=True
        )
        if lines := (done.stdout + done.stderr).splitlines() if echo or done.returncode else []:
            self.say("\n   ".join(lines))
        return done

    def fire(self, function: str) -> None:
        """Fire a schedule, and wait for its function, not for the events that come of it."""
        self.cloud.fire_schedule(function)
        self.wait(lambda: not self.cloud.functions.busy)

    def document(self, token: Path) -> str:
        """Return the hosts document of the private view, as a client gets it."""
        url, bearer = f"{self.cloud.api_url}/hosts/private", f"Authorization: Bearer {token.read_text().strip()}"
        return self.run("curl", "--silent", url, "-H", bearer, quiet=True).stdout

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


@contextmanager
def set_up(cloud: LocalCloud, package: Path, folder: Path) -> Iterator[Stage]:
    """Deploy the package to a cloud with one hosted zone and one bucket of sources; the user works in a folder."""
    zone_id = cloud.create_zone(DOMAIN)
    cloud.create_bucket(SOURCES)
    chosen = {"SourceBucket": SOURCES, "IdleParking": "1", "RunningHours": "1"}
    stack = cloud.deploy(package, STACK, {"HostedZoneId": zone_id, **chosen})
    with published(folder / ".localcloud" / "run.json", cloud.facts(STACK)):
        yield Stage(cloud, zone_id, folder, stack.outputs)
