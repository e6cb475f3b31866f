"""The fault run: whatever EC2 answers, and wherever a run dies, each slot of each volume has one snapshot in the end.

With the real adapters, lease and journal, against the strict emulator.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.errors import TryAgain
from chalicelib.lease.aws import Lease
from chalicelib.snapshots import copying, job
from chalicelib.snapshots.aws.journal import SETTLED_AFTER, Journal
from chalicelib.snapshots.aws.ssm import Shell
from chalicelib.snapshots.aws.writer import Region
from chalicelib.snapshots.copying import CopyPlace
from chalicelib.snapshots.hooks import Freezer
from chalicelib.snapshots.job import Outcome, Workplace
from chalicelib.snapshots.once import Patience
from chalicelib.wiring.for_snapshots import ONCE
from localcloud.server.aws import AwsServer
from tests.snapshots.fakes import Crash
from tests.snapshots.worlds import defined
from tests.snapshots.yards import COPIES, PATIENT, Yard, standing_still, tags

HERE = "ap-northeast-3"
POLICIES = defined(f"""daily:
  schedules: {{daily: {{at: '03:00', keep: {{count: 7}}}}}}
  tags: [Name]
  copy: {{region: {COPIES}, keep: {{daily: {{count: 30}}}}}}""")


@pytest.fixture(autouse=True)
def nothing_completes_by_itself(aws: AwsServer) -> Iterator[None]:
    yield from standing_still(aws)


class Death:
    """Lets a process die before or after one of its API calls: from then on nothing of it reaches AWS."""

    def __init__(self, session: Any) -> None:
        self.calls: list[str] = []
        self.at, self.when = -1, ""
        self._is_dead = False
        session.events.register("before-call.*", self._before)
        session.events.register("after-call.*", self._after)

    def strike(self, at: int, when: str) -> None:
        self.calls.clear()
        self.at, self.when, self._is_dead = at, when, False

    def spare(self) -> None:
        self.strike(-1, "")

    def _before(self, model: Any, **_: Any) -> None:
        if self._is_dead:
            raise Crash
        self.calls.append(model.name)
        self._die("before")

    def _after(self, **_: Any) -> None:
        self._die("after")

    def _die(self, when: str) -> None:
        if (len(self.calls) - 1, when) == (self.at, self.when):
            self._is_dead = True
            raise Crash


class Wires:
    """The clients of processes that die."""

    def __init__(self, aws: AwsServer) -> None:
        session = boto3.Session(aws.access_key, aws.secret_key, region_name=HERE)
        self.death = Death(session)
        make: Any = session.client
        self.dynamodb = make("dynamodb", region_name=aws.region, endpoint_url=aws.endpoint, config=PATIENT)
        self.ec2 = {
            (region, config): make("ec2", region_name=region, endpoint_url=aws.endpoint, config=config)
            for region in (HERE, COPIES)
            for config in (PATIENT, ONCE)
        }
        self.ssm = make("ssm", endpoint_url=aws.endpoint, config=PATIENT)


@pytest.fixture(scope="module")
def wires(aws: AwsServer) -> Wires:
    return Wires(aws)


@dataclass
class Runs:
    """Runs of the jobs in a yard, one process after another, by a clock that EC2 goes by too."""

    yard: Yard
    table: str
    wires: Wires

    @property
    def death(self) -> Death:
        return self.wires.death

    def now(self) -> datetime:
        return self.yard.aws.clock.now()

    def seconds(self) -> float:
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.yard.aws.clock.offset += timedelta(seconds=seconds)

    def region(self, name: str) -> Region:
        client = self.wires.ec2[name, PATIENT]
        return Region(client, self.wires.ec2[name, ONCE], client, name, self.yard.stack)

    def turn(self, name: str) -> Callable[[], AbstractContextManager[Patience]]:
        name = f"{name} {self.yard.stack}"

        @contextmanager
        def turn() -> Iterator[Patience]:
            lease = Lease(self.wires.dynamodb, self.table, name, 300.0, 0.0, self.seconds, self.sleep)
            with lease.turn() as held:
                yield Patience(held.check, sleep=self.sleep)

        return turn

    def run(self) -> Outcome:
        """Make the snapshots that are due."""
        region = self.yard.region
        journal = Journal(self.wires.dynamodb, self.table, region, self.seconds)
        freezer = Freezer(Shell(self.wires.ssm, self.seconds, self.sleep), self.seconds)
        place = Workplace(self.region(region), self.turn("snapshots"), journal, freezer, self.yard.tag)
        return job.run(place, POLICIES, self.now)

    def copy(self) -> None:
        """Make the copies that are due."""
        journal = Journal(self.wires.dynamodb, self.table, f"copies-{COPIES}", self.seconds)
        place = CopyPlace(self.region(COPIES), self.turn("copies"), journal)
        ours = self.region(self.yard.region).ours()[0]
        copying.run(place, self.yard.region, ours, POLICIES, self.now)

    def settle(self, run: Callable[[], object]) -> None:
        """Run again until all must have been settled; what is pending is completed meanwhile."""
        for seconds in (60, 260, SETTLED_AFTER):
            self.sleep(seconds)
            self.yard.complete_all()
            with suppress(TryAgain):
                run()


@pytest.fixture
def runs(aws: AwsServer, table: str, wires: Wires) -> Iterator[Runs]:
    made = Runs(Yard(aws, HERE), table, wires)
    made.death.spare()
    made.sleep(timedelta(days=1).total_seconds())  # else yesterday's slot is before the volumes were made
    yield made
    made.yard.leave()


def furnish(runs: Runs) -> tuple[set[str], str]:
    """Make an instance whose volumes differ in a tag, and a loose one; return the volumes, and a time to come."""
    _, volumes = runs.yard.instance(1, "daily", {"Name": "host"})
    runs.yard.ec2.create_tags(Resources=[volumes[1]], Tags=[{"Key": "Name", "Value": "data"}])
    volumes.append(runs.yard.volume("daily"))
    tomorrow = (runs.now() + timedelta(days=1)).replace(hour=4, minute=0)
    runs.sleep((tomorrow - runs.now()).total_seconds())
    return set(volumes), f"daily/{tomorrow:%Y-%m-%d}"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_each_call_leaves_each_slot_filled_once(runs: Runs, when: str):
    volumes, slot = furnish(runs)
    crashes = 0
    while True:
        runs.death.strike(crashes, when)
        try:
            runs.run()
        except Crash:
            crashes += 1
        else:
            break
        calls = [*runs.death.calls]
        runs.death.spare()
        runs.settle(runs.run)
        assert runs.yard.per_slot() == dict.fromkeys([(volume, slot) for volume in volumes], 1), calls
        runs.yard.complete_all()
        for shown in runs.yard.snapshots():
            runs.yard.ec2.delete_snapshot(SnapshotId=shown["SnapshotId"])
        runs.sleep(SETTLED_AFTER + 10)
    assert {"UpdateItem", "DescribeVolumes", "Query", "PutItem", "CreateSnapshots", "CreateSnapshot"} <= {
        *runs.death.calls
    }
    assert crashes == len(runs.death.calls) > 10


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_each_call_leaves_each_copy_once(runs: Runs, when: str):
    furnish(runs)
    runs.run()
    runs.yard.complete_all()
    sources = {shown["SnapshotId"] for shown in runs.yard.snapshots()}
    crashes = 0
    while True:
        runs.death.strike(crashes, when)
        try:
            runs.copy()
        except Crash:
            crashes += 1
        else:
            break
        runs.death.spare()
        runs.settle(runs.copy)
        copied = [tags(shown)["groundskeeper:copy-of"] for shown in runs.yard.snapshots(COPIES)]
        assert sorted(copied) == sorted(sources)
        for shown in runs.yard.snapshots(COPIES):
            runs.yard.complete(shown["SnapshotId"])
            runs.yard.aws.client("ec2", COPIES).delete_snapshot(SnapshotId=shown["SnapshotId"])
        runs.sleep(SETTLED_AFTER + 10)
    assert crashes == len(runs.death.calls) > 7


THROTTLED = {"code": "RequestLimitExceeded", "status": 503}
FAULTS: dict[str, list[dict[str, Any]]] = {
    "throttled": [{**THROTTLED, "times": 2}],
    "throttled for long": [{**THROTTLED, "times": 7}],
    "too many pending": [{"code": "ConcurrentSnapshotLimitExceeded"}],
    "too fast": [{"code": "SnapshotCreationPerVolumeRateExceeded"}],
    "the region is full": [{"code": "SnapshotLimitExceeded", "times": 7}],
    "an error before": [{"code": "InternalError", "status": 500}],
    "an error after": [{"code": "InternalError", "status": 500, "after": True}],
    "no answer before": [{}],
    "no answer after": [{"after": True}],
    "one after the other": [THROTTLED, {"code": "Unavailable", "status": 503, "after": True}],
    "denied": [{"code": "UnauthorizedOperation", "status": 403}],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("operation", ["CreateSnapshots", "CreateSnapshot"])
def test_whatever_ec2_answers_each_slot_is_filled_once(runs: Runs, operation: str, faults: list[dict[str, Any]]):
    volumes, slot = furnish(runs)
    for fault in faults:
        runs.yard.fail(f"ec2:{operation}", **fault)
    runs.run()
    assert max(runs.yard.per_slot().values(), default=1) == 1
    runs.settle(runs.run)
    runs.settle(runs.run)
    assert runs.yard.aws.faults.pending == []
    assert runs.yard.per_slot() == dict.fromkeys([(volume, slot) for volume in volumes], 1)
    names = {shown["VolumeId"]: tags(shown).get("Name") for shown in runs.yard.snapshots()}
    assert sorted(filter(None, names.values())) == ["data", "host"]


def test_faults_of_every_other_call_cost_time_and_nothing_else(runs: Runs):
    volumes, slot = furnish(runs)
    for call in ("ec2:DescribeVolumes", "ec2:DescribeSnapshots", "ec2:DescribeInstances", "ec2:CreateTags"):
        for code in ("RequestLimitExceeded", "InternalError"):
            runs.yard.fail(call, code=code, status=503)
    for call in ("dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:Query"):
        runs.yard.aws.faults.fail(call, code="ProvisionedThroughputExceededException")
        runs.yard.aws.faults.fail(call, after=True)
    for _ in range(20):
        runs.sleep(SETTLED_AFTER + 10)
        runs.yard.complete_all()
        with suppress(TryAgain):
            runs.run()
    assert runs.yard.per_slot() == dict.fromkeys([(volume, slot) for volume in volumes], 1)


def test_two_runs_at_once_fill_each_slot_once(runs: Runs):
    volumes, slot = furnish(runs)
    other = Runs(runs.yard, runs.table, runs.wires)
    with runs.turn("snapshots")(), pytest.raises(TryAgain, match="another run is writing"):
        other.run()
    assert runs.yard.snapshots() == []
    runs.run()
    other.run()
    assert runs.yard.per_slot() == dict.fromkeys([(volume, slot) for volume in volumes], 1)
