"""The storm: a fleet starts within seconds and later stops, with AWS's two throttles in force.

The deployed package follows it first; then the one-call-per-change approach does, in the same run on the same emulator.
Calls and tokens are counted, so they are exact; seconds are those that the throttles leave, and noisy beyond that.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.lower_bound import TOKEN_BURST, TOKEN_RATE, Bound, bound
from benchmarks.one_call_per_change import OneCallPerChange
from benchmarks.result import Result
from chalicelib.inventory import dnsname
from chalicelib.names.model import RecordSet
from localcloud.cloud import LocalCloud

DOMAIN = "storm.example"
STACK = "groundskeeper-storm"
SIZE = 1_000
AT_ONCE = 100
PATIENCE = 600.0
IMAGE = "ami-12c6146b"


class Storm:
    """A fleet on a cloud, and a zone to look at."""

    def __init__(self, cloud: LocalCloud, size: int) -> None:
        self._cloud, self._size = cloud, size
        self.zone_id = cloud.create_zone(DOMAIN)
        self.ids: list[str] = []

    def start(self) -> None:
        """Start the fleet, with one short name an instance; the user is a process of his own, as in life."""
        aws = self._cloud.aws
        keys = {"aws_access_key_id": aws.access_key, "aws_secret_access_key": aws.secret_key}
        where = {"endpoint_url": aws.endpoint, "region_name": aws.region, **keys}
        user = [sys.executable, "-m", "benchmarks.storm", json.dumps(where), str(self._size)]
        self.ids = json.loads(subprocess.run(user, check=True, capture_output=True).stdout)

    def stop(self) -> None:
        """Stop the fleet."""
        for first in range(0, self._size, AT_ONCE):
            self._cloud.client("ec2").stop_instances(InstanceIds=self.ids[first : first + AT_ONCE])

    def records(self) -> list[RecordSet]:
        """Return what stands in the zone, read as the emulator itself, so that it is neither counted nor throttled."""
        pages = self._cloud.aws.client("route53", internal=True).get_paginator("list_resource_record_sets")
        return [
            RecordSet(
                dnsname.canonical(r["Name"]), r["Type"], r["TTL"], tuple(v["Value"] for v in r["ResourceRecords"])
            )
            for page in pages.paginate(HostedZoneId=self.zone_id)
            for r in page["ResourceRecordSets"]
            if r["Type"] not in ("NS", "SOA")
        ]

    def wait(self, names: int) -> None:
        """Wait until so many names stand in the zone."""
        deadline = time.monotonic() + PATIENCE
        while sum(record.type == "CNAME" for record in self.records()) != names:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.records())} record sets after {PATIENCE} s, {names} names wanted")
            time.sleep(0.5)


class Meter:
    """What one phase cost."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        cloud.aws.calls.reset()
        self._tokens = cloud.aws.route53_tokens

    def read(self) -> dict[str, float]:
        """Return the calls and tokens since the meter was made."""
        count = self._cloud.aws.calls.count
        return {
            "ChangeResourceRecordSets calls": count("route53:ChangeResourceRecordSets"),
            "ListResourceRecordSets calls": count("route53:ListResourceRecordSets"),
            "change tokens": self._cloud.aws.route53_tokens - self._tokens,
            "DescribeInstances calls": count("ec2:DescribeInstances"),
        }


def launch(where: dict[str, str], size: int) -> list[str]:
    """Start instances, each with a short name of its own, and return their ids."""
    ec2 = boto3.client("ec2", **where)  # type: ignore[call-overload]

    def start(n: int) -> str:
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "ShortName", "Value": f"n{n}"}]}]
        shown = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, TagSpecifications=tags)
        return str(shown["Instances"][0]["InstanceId"])

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(start, range(size)))


def run(package: Path, size: int = SIZE) -> list[Result]:
    """Return the figures of both approaches against the bounds."""
    with LocalCloud() as cloud:
        ours, least, names_alone = _ours(cloud, package, size)
        cloud.aws.throttle_route53(False)
        theirs = _theirs(cloud, size)
    results: list[Result] = []
    for phase in ("start", "stop"):
        results += _against_bound(f"storm, {size:,} {phase}", ours[phase], least[phase], names_alone, size)
        for figure in ("ChangeResourceRecordSets calls", "change tokens", "DescribeInstances calls", "seconds"):
            name = f"storm, {size:,} {phase}: {figure}"
            results.append(
                Result(name, ours[phase][figure], figure.split()[-1], "one call per change", theirs[phase][figure])
            )
    return results


def _against_bound(name: str, spent: dict[str, float], least: Bound, names_alone: Bound, size: int) -> Iterable[Result]:
    calls, tokens = spent["ChangeResourceRecordSets calls"], spent["change tokens"]
    yield Result(f"{name}: Route 53 change calls", calls, "calls", "bound, names and marks", least.calls)
    yield Result(f"{name}: Route 53 change calls", calls, "calls", "bound, names alone", names_alone.calls)
    yield Result(f"{name}: change tokens", tokens, "tokens", "bound, names and marks", least.tokens)
    yield Result(f"{name}: change tokens", tokens, "tokens", "bound, names alone", names_alone.tokens)
    describes = spent["DescribeInstances calls"]
    yield Result(f"{name}: DescribeInstances", describes, "calls", "bound, 1,000 a page", -(-size // 1_000))
    yield Result(
        f"{name}: to convergence, after the last call", spent["seconds"], "s", "bound of the throttles", least.seconds
    )


def _ours(cloud: LocalCloud, package: Path, size: int) -> tuple[dict[str, dict[str, float]], dict[str, Bound], Bound]:
    storm = Storm(cloud, size)
    cloud.deploy(package, STACK, {"HostedZoneId": storm.zone_id})
    spent, least = {}, {}
    spent["start"] = _phase(cloud, storm.start, lambda: storm.wait(2 * size))
    standing = storm.records()
    least["start"] = least["stop"] = bound(standing)
    spent["stop"] = _phase(cloud, storm.stop, lambda: storm.wait(0))
    cloud.wait_idle()
    cloud.delete_stack(STACK)
    return spent, least, bound([record for record in standing if record.type == "CNAME"])


def _phase(cloud: LocalCloud, user: Callable[[], None], settle: Callable[[], None]) -> dict[str, float]:
    """Measure what it costs to follow what a user does, with full buckets at the start.

    Seconds count from the user's last call: the emulator takes some for a thousand calls, which are not ours.
    """
    cloud.aws.throttle_route53(True)
    time.sleep(TOKEN_BURST / TOKEN_RATE + 5)
    meter = Meter(cloud)
    user()
    start = time.monotonic()
    settle()
    return {**meter.read(), "seconds": time.monotonic() - start}


def _theirs(cloud: LocalCloud, size: int) -> dict[str, dict[str, float]]:
    storm = Storm(cloud, size)
    keys: dict[str, Any] = {
        "endpoint_url": cloud.endpoint,
        "region_name": cloud.aws.region,
        "aws_access_key_id": cloud.aws.access_key,
        "aws_secret_access_key": cloud.aws.secret_key,
        "config": Config(retries={"mode": "standard", "total_max_attempts": 20}),
    }
    peer = OneCallPerChange(boto3.client("ec2", **keys), boto3.client("route53", **keys), storm.zone_id, DOMAIN)
    return {
        "start": _phase(cloud, storm.start, lambda: peer.handle(storm.ids, "running")),
        "stop": _phase(cloud, storm.stop, lambda: peer.handle(storm.ids, "stopped")),
    }


if __name__ == "__main__":
    print(json.dumps(launch(json.loads(sys.argv[1]), int(sys.argv[2]))))
