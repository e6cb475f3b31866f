"""A stack that makes snapshots, volumes that ask for them, and the cloud's clock."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.snapshots.labels import Label
from localcloud.cloud import LocalCloud
from localcloud.logs.kept import json_line
from tests.deployed.conftest import Deployment, eventually
from tests.snapshots.yards import Yard, tags

HERE, THERE = "us-east-1", "us-west-2"
PLAIN = "policies:\n  daily: {schedules: {daily: {at: '03:00', keep: {count: 2}}}}\n"


@dataclass
class Garden:
    """A stack with policies and volumes of its own, selected by a tag of its own, as its owner sees it."""

    cloud: LocalCloud
    policies: str = PLAIN
    parameters: dict[str, str] = field(default_factory=dict)
    site: Deployment = field(init=False)

    def __post_init__(self) -> None:
        self.yard = Yard(self.cloud.aws, HERE, f"garden-{uuid.uuid4().hex[:8]}")
        domain = f"{self.yard.stack}.example"
        zone = self.cloud.create_zone(domain)
        parameters = {"SnapshotTag": self.yard.tag, **self.parameters}
        self.site = Deployment(self.cloud, domain, zone, parameters, self.yard.stack)
        self._snapshots_alone()
        self.define(self.policies)
        self._without_window()

    def _snapshots_alone(self) -> None:
        """Let nothing else of the stack run: each change of the clock would start all its functions anew."""
        events = self.cloud.client("events")
        for page in events.get_paginator("list_rules").paginate(NamePrefix=self.site.name):
            for rule in page["Rules"]:
                if "Snapshot" not in rule["Name"]:
                    events.disable_rule(Name=rule["Name"])

    def define(self, text: str) -> None:
        """Put policies in force, as the command does and others might."""
        bucket = self.site.stack.outputs["DocumentBucketName"]
        self.cloud.client("s3").put_object(Bucket=bucket, Key="definitions/policies.yaml", Body=text.encode())

    def sweep(self) -> dict[str, Any]:
        return self.site.invoke("sweep-snapshots", self.site._scheduled())

    def retire(self) -> dict[str, Any]:
        return self.site.invoke("retire-snapshots", self.site._scheduled())

    def swept(self) -> None:
        """Sweep, and wait until all that was made is completed."""
        answer = self.sweep()
        assert answer["error"] is None, answer
        self.await_completion()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Let nothing be completed by itself."""
        seconds, self.cloud.aws.ebs.seconds = self.cloud.aws.ebs.seconds, None
        try:
            yield
        finally:
            self.cloud.aws.ebs.seconds = seconds

    def await_completion(self, region: str = HERE) -> None:
        eventually(lambda: all(shown["State"] != "pending" for shown in self.yard.snapshots(region)))

    def history(self, policy: str, first: datetime, count: int, *volumes: str) -> None:
        """Let there be snapshots of so many days, as the stack would have made them, and leave the clock at the last.

        A function's process does not outlive a change of the clock, so each run would cost a cold start.
        """
        for number in range(count):
            day = first + timedelta(days=number)
            self.cloud.set_clock(day)
            for volume in volumes:
                label = Label(policy, (f"daily/{day:%Y-%m-%d}",), "a test wants it", volume=volume)
                description = label.description(self.site.name)
                self.yard.complete(self.yard.by_hand(volume, description, **label.tags(self.site.name)))

    def of(self, *volumes: str, region: str = HERE) -> list[dict[str, Any]]:
        """Return the stack's snapshots of some volumes, copies by the volumes that they are of, the oldest first."""
        found = [
            shown
            for shown in self.yard.snapshots(region)
            if tags(shown).get("groundskeeper:volume", shown["VolumeId"]) in volumes or shown["VolumeId"] in volumes
        ]
        return sorted(found, key=lambda shown: str(shown["StartTime"]))

    def counts(self, *volumes: str) -> dict[tuple[str, str], int]:
        """Count the snapshots of each slot of some volumes."""
        return {each: count for each, count in self.yard.per_slot().items() if each[0] in volumes}

    def said(self, function: str, message: str) -> list[dict[str, Any]]:
        """Return a function's log lines with this message."""
        return self.cloud.said(f"{self.site.name}-{function}", message)

    def metrics(self, function: str) -> dict[str, float]:
        """Return the metrics that a function has written last."""
        lines = [json_line(line) for line in self.cloud.logs(f"{self.site.name}-{function}")]
        last = [line for line in lines if "_aws" in line][-1]
        names = [metric["Name"] for metric in last["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
        return {name: sum(last[name]) for name in names}

    def leave(self) -> None:
        """Delete the stack, volumes and snapshots."""
        self.cloud.delete_stack(self.site.name)
        self.yard.leave()
        for region in (HERE, THERE):
            self.await_completion(region)
            for shown in self.yard.snapshots(region):
                self.cloud.client("ec2", region).delete_snapshot(SnapshotId=shown["SnapshotId"])

    def run_file(self, folder: Path) -> None:
        """Write what `make run` writes, for the command that an operator types in a folder."""
        (folder / ".localcloud").mkdir()
        (folder / ".localcloud" / "run.json").write_text(json.dumps(self.cloud.facts(self.site.name)))

    def _without_window(self) -> None:
        """Let events be followed at once, and not when all of a third of a minute can be followed together."""
        client = self.cloud.client("lambda")
        function = f"{self.site.name}-on-snapshots-ended"
        (mapping,) = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
        client.update_event_source_mapping(UUID=mapping["UUID"], MaximumBatchingWindowInSeconds=0)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fired_twice(garden: Garden, function: str) -> None:
    """Let the schedule fire twice at once."""
    for _ in range(2):
        garden.cloud.fire_schedule(f"{garden.site.name}-{function}")
    garden.cloud.wait_idle()
