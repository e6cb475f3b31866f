"""Two runs at once: one waits for the other, and no stale name remains."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest

from chalicelib.inventory.model import View
from chalicelib.lease.aws import Lease, Turn, unshared
from chalicelib.names import job
from chalicelib.names.aws.route53 import Identity, Route53Zone
from chalicelib.names.model import Fleet, Ref
from chalicelib.names.pace import Pace
from localcloud.server.aws import AwsServer
from tests.names.fakes import OWNER, RULES, FakeEc2, instance

PATIENCE = 20.0


class SlowEc2(FakeEc2):
    """EC2 as one run sees it: what it saw is already old when it comes to write."""

    def __init__(self, world: FakeEc2) -> None:
        super().__init__(world.instances)
        self.seen, self.go_on = threading.Event(), threading.Event()

    def everything(self) -> Fleet:
        seen = super().everything()
        self.seen.set()
        assert self.go_on.wait(PATIENCE)
        return seen


def interleave(
    aws: AwsServer, zone_id: str, lease: Callable[[], AbstractContextManager[Turn]], *, waits: bool
) -> set[str]:
    """Let a sweep look, then stop the instance and follow that, then let the sweep write; return what is named."""
    world = FakeEc2()
    world.put(instance(1, "web"))
    slow = SlowEc2(world)
    identity = Identity(zone_id, View.PUBLIC, OWNER)
    first, second = (Route53Zone(aws.client("route53"), identity, lease, Pace()) for _ in range(2))
    sweep = threading.Thread(target=job.sweep, args=(slow, first, RULES))
    sweep.start()
    assert slow.seen.wait(PATIENCE)
    world.put(instance(1, "web", state="stopping"))
    follow = threading.Thread(target=job.follow, args=(world, second, RULES, {Ref(instance(1).place, instance(1).id)}))
    calls = aws.calls.count("dynamodb:UpdateItem", aws.access_key)
    follow.start()
    if waits:  # until it was turned away at least once
        aws_calls = partial(aws.calls.count, "dynamodb:UpdateItem", aws.access_key)
        until(lambda: aws_calls() > calls)
        assert follow.is_alive()
    else:
        follow.join(PATIENCE)
    slow.go_on.set()
    sweep.join(PATIENCE)
    follow.join(PATIENCE)
    assert not sweep.is_alive()
    assert not follow.is_alive()
    return {r.name for r in second.record_sets("example.com") if r.type == "CNAME"}


def until(condition: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        tick.wait(0.01)
    pytest.fail("waited too long")


def test_a_slow_sweep_and_a_quick_stop_leave_no_stale_name(aws: AwsServer, zone_id: str, table: str):
    lease = partial(Lease, aws.client("dynamodb"), table, f"zone {zone_id}", 120, PATIENCE)
    assert interleave(aws, zone_id, lambda: lease().turn(), waits=True) == set()


def test_without_the_lease_the_same_interleaving_leaves_a_stale_name(aws: AwsServer, zone_id: str):
    """The control: the test above shows something."""
    stale = {f"{instance(1).id}.example.com", "web.example.com"}
    assert interleave(aws, zone_id, unshared, waits=False) == stale
