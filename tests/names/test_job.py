"""A run follows a world that goes on moving, and ends."""

from collections.abc import Sequence

import pytest

from chalicelib.errors import Refused, TryAgain
from chalicelib.names import job
from chalicelib.names.changes import Step
from chalicelib.names.model import Fleet, Ref
from tests.names.fakes import HERE, RULES, FakeEc2, FakeZone, instance


def put(ec2: FakeEc2, *numbers: int) -> set[Ref]:
    ec2.put(*(instance(n, f"name{n}") for n in numbers))
    return {Ref(HERE, instance(n).id) for n in numbers}


class GrowingEc2(FakeEc2):
    """A fleet of which the first look shows four hundred instances, and each further one three hundred more."""

    def everything(self) -> Fleet:
        put(self, *range(min(1_000, 400 + 300 * self.looks)))
        return super().everything()


def test_a_storm_that_goes_on_while_a_run_writes_is_packed_as_if_it_had_come_at_once():
    ec2, zone = GrowingEc2(), FakeZone()
    job.sweep(ec2, zone, RULES)
    assert len(zone.names()) == 2_000
    at_once = FakeZone()
    still = FakeEc2(dict(ec2.instances))
    job.sweep(still, at_once, RULES)
    assert len(zone.batches) == len(at_once.batches) == 5


def test_a_bad_change_in_a_large_plan_is_set_aside_once_and_the_run_ends():
    ec2, zone = FakeEc2(), FakeZone(poison="name7.")
    put(ec2, *range(1_000))
    outcome = job.sweep(ec2, zone, RULES)
    assert [step.instances for step, _ in outcome.refused] == [{instance(7).id}]
    assert len(zone.names()) == 1_998


def test_a_zone_that_refuses_everything_ends_the_run_with_every_step_refused():
    class Stubborn(FakeZone):
        def apply(self, steps: Sequence[Step]) -> None:
            raise Refused("no")

    ec2 = FakeEc2()
    put(ec2, *range(500))
    outcome = job.sweep(ec2, Stubborn(), RULES)
    assert (len(outcome.refused), outcome.landed) == (500, [])
    assert len({step.instances for step, _ in outcome.refused}) == 500


@pytest.mark.parametrize("crash", range(8))
def test_a_run_that_dies_after_any_batch_is_made_good_by_the_next(crash: int):
    class Dying(FakeZone):
        def apply(self, steps: Sequence[Step]) -> None:
            if len(self.batches) == crash:
                raise SystemExit
            super().apply(steps)

    ec2, zone = FakeEc2(), Dying()
    put(ec2, *range(1_000))
    try:
        job.sweep(ec2, zone, RULES)
    except SystemExit:
        crash = -1
    job.sweep(ec2, zone, RULES)
    assert len(zone.names()) == 2_000


def test_when_time_is_over_everything_not_sent_is_postponed():
    class ShortOfTime(FakeZone):
        def apply(self, steps: Sequence[Step]) -> None:
            if self.batches:
                raise TryAgain("over")
            super().apply(steps)

    ec2, zone = FakeEc2(), ShortOfTime()
    put(ec2, *range(1_000))
    outcome = job.sweep(ec2, zone, RULES)
    assert len(outcome.landed) + len(outcome.postponed) == 1_000
    assert not outcome.is_complete


def test_a_holder_that_gives_names_up_because_another_asks_passes_on_all_of_them():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(5, "web db"), instance(6, "db"))
    job.sweep(ec2, zone, RULES)
    ec2.put(instance(5, "web db", state="stopped"), instance(1, "web"))  # and there is no event about 5 yet
    job.follow(ec2, zone, RULES, {Ref(HERE, instance(1).id)})
    assert zone.names()["web"] == instance(1).public_dns
    assert zone.names()["db"] == instance(6).public_dns


def test_when_nothing_at_all_could_be_read_every_instance_counts_as_unverified():
    ec2, zone = FakeEc2(), FakeZone()
    put(ec2, 1, 2)
    job.sweep(ec2, zone, RULES)
    ec2.unread = {HERE: "denied"}
    outcome = job.sweep(ec2, zone, RULES)
    assert (outcome.unverified, outcome.landed) == (2, [])


def test_a_dry_run_says_what_the_guard_would():
    ec2, zone = FakeEc2(), FakeZone()
    put(ec2, *range(10))
    job.sweep(ec2, zone, RULES)
    ec2.instances.clear()
    assert "no instance is running" in str(job.preview(ec2, zone, RULES).error)


def test_the_names_owned_are_counted_once_however_many_rounds_a_run_takes():
    ec2, zone = FakeEc2(), FakeZone(poison="name7.")
    put(ec2, *range(500))
    outcome = job.sweep(ec2, zone, RULES)
    assert outcome.owned == len(zone.names()) == 998


def test_what_was_refused_is_not_forgotten_when_time_ends_before_a_second_try():
    class Unlucky(FakeZone):
        tries = 0

        def apply(self, steps: Sequence[Step]) -> None:
            self.tries += 1
            raise Refused("no") if self.tries == 1 else TryAgain("over")

    ec2 = FakeEc2()
    put(ec2, *range(700))
    outcome = job.sweep(ec2, Unlucky(), RULES)
    assert len(outcome.refused) + len(outcome.postponed) == 700


def test_while_the_guard_objects_the_world_is_looked_at_once():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"a{n} b{n} c{n}") for n in range(300)))
    job.sweep(ec2, zone, RULES)
    ec2.put(*(instance(n, f"a{n - 1} b{n - 1} c{n - 1}") for n in range(1, 130)))
    for n in range(150, 300):
        ec2.instances.pop(instance(n).id)
    before = ec2.looks
    assert job.sweep(ec2, zone, RULES).error
    assert ec2.looks == before + 1
