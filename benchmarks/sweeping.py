"""One sweep of many volumes by the deployed function, then by Cloud Custodian; and each again, ten minutes later."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.custodian import MADE_BY, Custodian, custodian
from benchmarks.result import Result
from benchmarks.snapshot_stage import NOON, POLICY, SLOT_TAG, TAG, Ground, creates, of_ec2

LATER = timedelta(minutes=10)  # when the second run begins: EC2 takes one snapshot of a volume in 15 seconds
MOST_INVOCATIONS = 10


@dataclass(frozen=True)
class Run:
    """What one run took, and how many snapshots there are of each volume for its slot, after it."""

    seconds: float
    calls: Counter[str]
    refused: int
    """Of its calls, by EC2's throttle."""
    made: Counter[tuple[str, str]]
    invocations: int = 1


def run(ground: Ground) -> Iterator[Result]:
    """Sweep twice, with EC2's throttle; then let the peer do the same twice, the second time without."""
    first, second = _ours(ground, timedelta()), _ours(ground, LATER)
    yield from _against_bounds(ground, first, second)
    if peer := custodian():
        yield from _against_peer(ground, first, second, peer)


def _against_bounds(ground: Ground, first: Run, second: Run) -> Iterator[Result]:
    shape, name = ground.shape, _name(ground)
    reads = of_ec2(first.calls) - creates(first.calls)
    pages = f"bound: pages of 1,000, a create for each of {shape.instances} instances, {shape.loose} loose"
    yield Result(f"{name}: EC2 calls", of_ec2(first.calls), "calls", pages, shape.pages + shape.creates)
    yield Result(f"{name}: Describe calls", reads, "calls", "bound: pages of 1,000", shape.pages)
    yield Result(f"{name}: creates", creates(first.calls), "calls", "bound", shape.creates)
    yield Result(f"{name}: DynamoDB calls", _of(first, "dynamodb"), "calls", "EC2 calls", of_ec2(first.calls))
    yield Result(f"{name}: invocations", first.invocations, "of 300 s", "bound", 1)
    yield Result(f"{name}: seconds, cold", first.seconds, "s", "bound of EC2's throttle", shape.seconds)
    yield Result(f"{name}: seconds, cold", first.seconds, "s", "its own pace", shape.paced)
    yield Result(f"{name}: volumes with a snapshot", len(first.made), "volumes", "all", shape.volumes)
    yield Result(f"{name}, run again: EC2 calls", of_ec2(second.calls), "calls", "bound: pages", shape.pages)
    yield Result(f"{name}, run again: creates", creates(second.calls), "calls", "bound", 0)
    yield Result(f"{name}, run again: seconds, cold", second.seconds, "s", "first run", first.seconds)


def _against_peer(ground: Ground, first: Run, second: Run, peer: Custodian) -> Iterator[Result]:
    theirs = _theirs(ground, peer, 2 * LATER)
    ground.throttle.on = False
    again = _theirs(ground, peer, 3 * LATER)
    name, reference = _name(ground), f"Cloud Custodian {peer.version}"
    yield Result(f"{name}: EC2 calls", of_ec2(first.calls), "calls", reference, of_ec2(theirs.calls))
    yield Result(f"{name}: EC2 calls", of_ec2(first.calls), "calls", f"{reference}, no throttle", of_ec2(again.calls))
    yield Result(f"{name}, run again: EC2 calls", of_ec2(second.calls), "calls", reference, of_ec2(again.calls))
    yield Result(f"{name}: calls that EC2 throttled", first.refused, "calls", reference, theirs.refused)
    yield Result(f"{name}: seconds, cold", first.seconds, "s", reference, theirs.seconds)
    yield Result(f"{name}: seconds, cold", first.seconds, "s", f"{reference}, no throttle", again.seconds)
    yield Result(f"{name}: volumes with a snapshot", len(first.made), "volumes", reference, len(theirs.made))
    yield Result(f"{name}: snapshots per slot after two runs", _each(second), "each", reference, _each(again))


def _ours(ground: Ground, after: timedelta) -> Run:
    def invoke() -> int:
        for number in range(1, MOST_INVOCATIONS + 1):
            if error := ground.sweep():
                raise AssertionError(error)
            if len(ground.made(SLOT_TAG)) == ground.shape.volumes:
                return number
        raise AssertionError(f"{len(ground.made(SLOT_TAG))} volumes have a snapshot")

    return _measured(ground, after, invoke, SLOT_TAG)


def _theirs(ground: Ground, peer: Custodian, after: timedelta) -> Run:
    def start() -> int:
        with tempfile.TemporaryDirectory() as folder:
            peer.run(ground.there.cloud, Path(folder), TAG, POLICY)
        return 1

    return _measured(ground, after, start, MADE_BY)


def _measured(ground: Ground, after: timedelta, run: Callable[[], int], key: str) -> Run:
    cloud = ground.there.cloud
    cloud.set_clock(NOON + after)
    ground.throttle.fill()
    cloud.aws.calls.reset()
    start = time.perf_counter()
    invocations = run()
    seconds = time.perf_counter() - start
    return Run(seconds, ground.calls(), ground.throttle.refused.total(), ground.made(key), invocations)


def _name(ground: Ground) -> str:
    return f"sweep of {ground.shape.volumes:,} volumes"


def _of(run: Run, service: str) -> int:
    return sum(number for call, number in run.calls.items() if call.startswith(f"{service}:"))


def _each(run: Run) -> float:
    return run.made.total() / len(run.made)
