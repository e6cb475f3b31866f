"""One judgement of a fleet by the deployed function, one more that suggests running hours, then Cloud Custodian's."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import idle_peer
from benchmarks.custodian import Custodian, custodian
from benchmarks.idle_bounds import Least
from benchmarks.idle_stage import IDLE, THIN, Ground
from benchmarks.result import Result
from chalicelib.idle.rules import Rules

WITHOUT, WITH = "suggestions: no", "suggestions: yes"
SERVICES = {"dynamodb": "DynamoDB", "s3": "S3", "sns": "SNS", "pricing": "Price List"}
DATA, STATISTICS = "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics"


@dataclass(frozen=True)
class Run:
    """What one run took, and which instances it called idle; ``thin`` are those it had too few data of."""

    began: datetime
    seconds: float
    calls: Counter[str]
    idle: set[str]
    memory: float = 0.0
    thin: set[str] = field(default_factory=set)

    def of(self, service: str) -> int:
        """Return how many calls a service got."""
        return sum(number for call, number in self.calls.items() if call.startswith(f"{service}:"))


def run(ground: Ground) -> Iterator[Result]:
    """Judge twice, of which the first run flags; then let the peer judge and mark."""
    first, again = _ours(ground, WITHOUT), _ours(ground, WITH)
    if again.calls[DATA] == first.calls[DATA]:
        raise AssertionError("nothing was looked at hour by hour: is the package older than that?")
    yield from _against_bounds(ground, first, again)
    if peer := custodian():
        theirs = _theirs(ground, peer)
        yield from _against_peer(ground, first, again, theirs, f"Cloud Custodian {peer.version}")
        yield from _agreed(ground, first, theirs, f"Cloud Custodian {peer.version}")


def _against_bounds(ground: Ground, first: Run, again: Run) -> Iterator[Result]:
    least, memory = Least(ground.size), ground.memory
    days, hours = least.of_days, least.of_hours(again.began)
    name, suggesting = _names(ground)
    yield Result(f"{name}: GetMetricData", first.calls[DATA], "calls", "bound, days", days)
    yield Result(f"{suggesting}: GetMetricData", again.calls[DATA], "calls", "bound, days and hours", days + hours)
    news = f"bound: pages, {least.idle:,} looks and flags"
    yield Result(f"{name}: EC2", first.of("ec2"), "calls", news, least.looks + least.of_news)
    yield Result(f"{suggesting}: EC2", again.of("ec2"), "calls", "bound: pages", least.looks)
    for service, called in SERVICES.items():
        yield Result(f"{name}: {called}", first.of(service), "calls", "EC2", first.of("ec2"))
    yield Result(f"{name}: seconds, cold", first.seconds, "s", "its own pace", least.paced)
    yield Result(f"{suggesting}: seconds, cold", again.seconds, "s", "first run", first.seconds)
    yield Result(f"{name}: memory", first.memory, "MiB", "what the function has", memory)
    yield Result(f"{suggesting}: memory", again.memory, "MiB", "what the function has", memory)


def _against_peer(ground: Ground, first: Run, again: Run, theirs: Run, reference: str) -> Iterator[Result]:
    name, suggesting = _names(ground)
    statistics, all_calls = theirs.calls[STATISTICS], theirs.calls.total()
    yield Result(f"{name}: GetMetricData", first.calls[DATA], "calls", f"{reference}, statistics", statistics)
    yield Result(f"{suggesting}: GetMetricData", again.calls[DATA], "calls", f"{reference}, statistics", statistics)
    yield Result(f"{name}: EC2", first.of("ec2"), "calls", reference, theirs.of("ec2"))
    yield Result(f"{name}: all calls", first.calls.total(), "calls", reference, all_calls)
    yield Result(f"{name}: seconds, cold", first.seconds, "s", reference, theirs.seconds)
    beyond = first.seconds - Least(ground.size).paced
    yield Result(f"{name}: seconds beyond its own pace", beyond, "s", reference, theirs.seconds)


def _agreed(ground: Ground, ours: Run, theirs: Run, reference: str) -> Iterator[Result]:
    parts = {part: {*ids} for part, ids in ground.parts.items() if part != THIN}
    parts[f"with less than {Rules().coverage:.0f} % of the data"] = ours.thin
    for part, ids in parts.items():
        ours_of, theirs_of = (len(each.idle & ids) for each in (ours, theirs))
        yield Result(f"called idle, of {len(ids):,} {part}", ours_of, "instances", reference, theirs_of)


def _ours(ground: Ground, rules: str) -> Run:
    ground.define(rules)
    ground.there.cloud.aws.calls.reset()
    began, start = datetime.now(UTC), time.perf_counter()
    ground.judge()
    seconds, calls, found = time.perf_counter() - start, ground.calls(), ground.report()
    idle = {each["instance"] for each in found if each["verdict"] == "idle"}
    thin = {each["instance"] for each in found if each["coverage_percent"] < Rules().coverage}
    if len(found) != ground.size or idle != {*ground.parts[IDLE]} or thin != {*ground.parts[THIN]}:
        raise AssertionError(f"{len(found)} judged, {len(idle)} called idle, {len(thin)} with too few data")
    return Run(began, seconds, calls, idle, ground.peak(), thin)


def _theirs(ground: Ground, peer: Custodian) -> Run:
    ground.there.cloud.set_clock(None)
    ground.there.cloud.aws.calls.reset()
    with tempfile.TemporaryDirectory() as folder:
        began = datetime.now(UTC)
        seconds = peer.apply(ground.there.cloud, Path(folder), idle_peer.POLICIES)
        return Run(began, seconds, ground.calls(), idle_peer.found(Path(folder)))


def _names(ground: Ground) -> tuple[str, str]:
    return f"judge {ground.size:,}", f"judge {ground.size:,} again, suggest hours"
