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
from tests.deployed.conftest import PATIENCE, Deployment, eventually
from tests.snapshots.yards import Yard, tags

HERE, THERE = "us-east-1", "us-west-2"
NEVER = "rate(9999 days)"
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
        self._only_when_told()
        self.define(self.policies)
        self._without_window()

    def _only_when_told(self) -> None:
        """Let nothing run by itself but what follows snapshots: tests say when to sweep, and may take long."""
        for rule in self._rules():
            if "Snapshot" not in rule["Name"]:
                self._events.disable_rule(Name=rule["Name"])
            elif "ScheduleExpression" in rule:
                self._events.put_rule(Name=rule["Name"], ScheduleExpression=NEVER)

    def _rules(self) -> list[dict[str, Any]]:
        pages = self._events.get_paginator("list_rules").paginate(NamePrefix=self.site.name)
        return [rule for page in pages for rule in page["Rules"]]

    @property
    def _events(self) -> Any:
        return self.cloud.client("events")

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

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """Let nobody be told that a snapshot is completed: events may be lost."""
        (told,) = [rule["Name"] for rule in self._rules() if "Snapshot" in rule["Name"] and "EventPattern" in rule]
        self._events.disable_rule(Name=told)
        try:
            yield
        finally:
            self._events.enable_rule(Name=told)

    def await_completion(self, region: str = HERE) -> None:
        eventually(lambda: all(shown["State"] != "pending" for shown in self.yard.snapshots(region)))

    def history(self, policy: str, first: datetime, count: int, *volumes: str) -> None:
        """Let there be snapshots of so many days, as the stack would have made them, and leave the clock at the last.

        Nobody is told of them: a function's process does not outlive a change of the clock, so each run would cost a
        cold start.
        """
        with self.standing_still(), self.unheard():
            for number in range(count):
                day = first + timedelta(days=number)
                set_clock(self.cloud, day)
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

    def copied(self, *volumes: str) -> set[str]:
        """Return the snapshots of some volumes that have a copy, each of which has one."""
        sources = [tags(shown)["groundskeeper:copy-of"] for shown in self.of(*volumes, region=THERE)]
        assert len(sources) == len(set(sources)), sources
        return set(sources)

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


def set_clock(cloud: LocalCloud, moment: datetime | None) -> None:
    """Set the clock, once nobody is at work.

    Who began before would go on by the old time. No lease keeps such two from each other: for the one that is days
    ahead, whatever the other holds ran out long ago (``CLOCKS_DIFFER`` in lease/aws.py says what leases can bear).
    """
    cloud.wait_idle(PATIENCE)
    cloud.set_clock(moment)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fired_twice(garden: Garden, function: str) -> None:
    """Let the schedule fire twice at once."""
    for _ in range(2):
        garden.cloud.fire_schedule(f"{garden.site.name}-{function}")
    garden.cloud.wait_idle()
