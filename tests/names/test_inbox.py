"""A batch of messages: each instance is followed, and only the messages that could not be used fail."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.errors import TryAgain
from chalicelib.names import inbox
from chalicelib.names.changes import Step
from chalicelib.names.events import Recheck
from chalicelib.names.model import Place, Ref
from chalicelib.names.service import Names
from tests.names.fakes import HERE, NOW, RULES, FakeEc2, FakeZone, instance
from tests.names.test_events import STATE_CHANGE


class Rechecks:
    def __init__(self) -> None:
        self.asked: dict[Ref, datetime] = {}

    def ask(self, rechecks: Iterable[Recheck]) -> None:
        self.asked |= {recheck.ref: recheck.at for recheck in rechecks}


def record(number: int, place: Place = HERE, **changes: object) -> dict[str, str]:
    arn = f"arn:aws:ec2:{place.region}:{place.account}:instance/{instance(number).id}"
    return {"messageId": f"m{number}", "body": json.dumps({**STATE_CHANGE, "resources": [arn], **changes})}


def handle(ec2: FakeEc2, zone: FakeZone, *records: dict[str, str], rechecks: Rechecks | None = None) -> inbox.Handled:
    asked = rechecks or Rechecks()
    names = Names("stack", ec2, {"public": zone}, RULES, asked)
    return inbox.handle(records, names.follow, asked, NOW)


def test_a_batch_is_one_look_and_one_change_batch():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}") for n in range(1, 101)))
    handled = handle(ec2, zone, *(record(n) for n in range(1, 101)))
    assert (ec2.looks, len(zone.batches)) == (1, 1)
    assert handled.answer() == {"batchItemFailures": []}


def test_a_message_that_cannot_be_read_fails_alone():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web"))
    handled = handle(ec2, zone, {"messageId": "bad", "body": "{"}, record(1))
    assert handled.answer() == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert "web" in zone.names()


def test_an_event_for_an_unknown_instance_does_nothing_and_is_looked_at_once_more():
    """EC2 is eventually consistent: https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html."""
    zone, rechecks = FakeZone(), Rechecks()
    assert handle(FakeEc2(), zone, record(1), rechecks=rechecks).failed == {}
    assert zone.batches == []
    assert {ref.id for ref in rechecks.asked} == {instance(1).id}


def test_an_old_event_asks_for_no_second_look():
    rechecks = Rechecks()
    handle(FakeEc2(), FakeZone(), record(1, time="2026-11-20T11:57:59Z"), rechecks=rechecks)
    assert rechecks.asked == {}


def test_an_event_from_a_place_that_is_not_ours_is_kept():
    handled = handle(FakeEc2(), FakeZone(), record(1, Place("999999999999", "eu-west-1")))
    assert "999999999999/eu-west-1" in handled.failed["m1"]


def test_a_place_that_cannot_be_read_keeps_its_messages_and_spoils_no_others():
    there = Place(HERE.account, "us-east-1")
    ec2, zone = FakeEc2(places=(HERE, there), unread={there: "denied"}), FakeZone()
    ec2.put(instance(1, "web"))
    handled = handle(ec2, zone, record(1), record(2, there))
    assert list(handled.failed) == ["m2"]
    assert "web" in zone.names()


def test_a_change_that_is_refused_keeps_its_message():
    ec2, zone = FakeEc2(), FakeZone(poison="bad")
    ec2.put(instance(1, "web"), instance(2, "bad"))
    assert list(handle(ec2, zone, record(1), record(2)).failed) == ["m2"]


class Busy(FakeZone):
    @contextmanager
    def turn(self) -> Iterator[FakeZone]:
        raise TryAgain("busy")
        yield self


def test_a_zone_that_is_busy_keeps_every_message_and_the_other_zone_goes_on():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web"))
    names = Names("stack", ec2, {"private": Busy(), "public": zone}, RULES, Rechecks())
    handled = inbox.handle([record(1)], names.follow, Rechecks(), NOW)
    assert handled.failed == {"m1": "private: busy"}
    assert "web" in zone.names()


def test_a_dry_run_of_a_batch_changes_nothing():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web"))
    names = Names("stack", ec2, {"public": zone}, RULES, Rechecks(), is_dry_run=True)
    handled = inbox.handle([record(1)], names.follow, Rechecks(), NOW)
    assert handled.outcomes["public"].plan.steps
    assert (zone.batches, handled.failed) == ([], {})


@pytest.mark.parametrize("state", ["pending", "stopped"])
def test_an_instance_that_ec2_does_not_yet_show_running_is_looked_at_once_more(state: str):
    ec2, rechecks = FakeEc2(), Rechecks()
    ec2.put(instance(1, "web", state=state))
    handle(ec2, FakeZone(), record(1), rechecks=rechecks)
    assert list(rechecks.asked.values()) == [NOW], "the re-check carries the time of the first event"


def test_an_instance_that_has_only_an_ipv6_address_is_complete():
    ec2, rechecks = FakeEc2(), Rechecks()
    ec2.put(instance(1, "web", launched=NOW, public_dns="", public_ip="", ipv6="2001:db8::1"))
    handle(ec2, FakeZone(), record(1), rechecks=rechecks)
    assert rechecks.asked == {}


def test_a_young_instance_without_a_tag_or_an_address_is_looked_at_once_more():
    ec2, rechecks = FakeEc2(), Rechecks()
    young: dict[str, Any] = {"launched": NOW - timedelta(seconds=30)}
    ec2.put(
        instance(1, **young),
        instance(2, "web", **young),
        instance(3, "db", public_dns="", public_ip="", **young),
        instance(4, launched=NOW - timedelta(hours=1)),
    )
    handle(ec2, FakeZone(), *(record(n) for n in range(1, 5)), rechecks=rechecks)
    assert {ref.id for ref in rechecks.asked} == {instance(1).id, instance(3).id}


def test_a_second_look_asks_for_no_third():
    ec2, rechecks = FakeEc2(), Rechecks()
    ec2.put(instance(1, launched=NOW))
    handle(
        ec2, FakeZone(), {"messageId": "m1", "body": Recheck(Ref(HERE, instance(1).id), NOW).body()}, rechecks=rechecks
    )
    assert rechecks.asked == {}


def test_what_there_is_no_time_for_keeps_its_messages_and_what_landed_stays():
    class ShortOfTime(FakeZone):
        def apply(self, steps: Sequence[Step]) -> None:
            if self.batches:
                raise TryAgain("no time left")
            super().apply(steps)

    ec2, zone = FakeEc2(), ShortOfTime()
    ec2.put(*(instance(n, f"name{n}") for n in range(1, 501)))  # 1,500 changes: two batches
    handled = handle(ec2, zone, *(record(n) for n in range(1, 501)))
    landed = {f"m{n}" for n in range(1, 501) if f"name{n}" in zone.names()}
    assert landed
    assert set(handled.failed) == {f"m{n}" for n in range(1, 501)} - landed
