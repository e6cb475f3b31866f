"""The job of snapshots looks, plans and asks, and whatever happens to it, each slot of each volume is filled once."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from chalicelib.errors import BadSettings, Refused, TryAgain, Unclear
from chalicelib.lease.aws import LONGEST_WRITE, Turn
from chalicelib.problem import Problem
from chalicelib.snapshots import job
from chalicelib.snapshots.aws.journal import SETTLED_AFTER
from chalicelib.snapshots.hooks import Freezer
from chalicelib.snapshots.job import Outcome, Workplace
from chalicelib.snapshots.labels import APPLICATION, CRASH
from chalicelib.snapshots.once import Patience
from tests.racing import every_order
from tests.snapshots.fakes import FakeJournal, FakeLease, FakeRegion, Line, Machine, Time, ended, meet
from tests.snapshots.worlds import DAILY, HOOKED, TAG, TAGGED, TODAY, defined, instance, volume

DISKS = volume(1), volume(2)
HOST = instance(1, *DISKS, tag="daily")
LOOSE = volume(3, "daily")


@dataclass
class Site:
    """A region with volumes, and runs of the job there."""

    text: str = DAILY
    line: Line = field(default_factory=Line)

    def __post_init__(self) -> None:
        self.policies = defined(self.text)
        attached = [replace(each, instances=(HOST.id,), state="in-use") for each in DISKS]
        self.region = FakeRegion(self.line, things={each.id: each for each in (*attached, LOOSE)})
        self.region.instances[HOST.id] = HOST
        self.journal = FakeJournal(self.line)
        self.lease = FakeLease(self.line)
        self.machine = Machine(self.line)
        freezer = Freezer(self.machine, self.time.seconds, self.time.seconds)
        self.place = Workplace(self.region, self.lease.turn, self.journal, freezer, TAG)

    @property
    def time(self) -> Time:
        return self.line.time

    def run(self) -> Outcome:
        return job.run(self.place, self.policies, self.time.clock)

    def preview(self) -> Outcome:
        return job.preview(self.place, self.policies, self.time.now)

    def made(self) -> dict[str, str]:
        return {each.volume: each.id for each in self.region.stored}

    def settle(self) -> None:
        """Run again and again, until all must have been settled; snapshots take four minutes."""
        for seconds in (30, 30, 60, 60, 60, 60, 20, 120, 120, 60, SETTLED_AFTER, 300):
            self.time.sleep(seconds)
            old = self.time.now - timedelta(minutes=4)
            self.region.complete(old)
            try:
                self.run()
            except TryAgain:
                continue


EACH_ONCE = {(each.id, TODAY): 1 for each in (*DISKS, LOOSE)}


def test_one_run_is_one_look_and_one_call_for_an_instance_and_one_for_a_loose_volume():
    site = Site()
    outcome = site.run()
    assert site.line.calls == ["lease", "look", "journal asked", "journal note", "create", "create"]
    assert site.region.per_slot() == EACH_ONCE
    assert outcome.is_complete
    assert [create.subject for create in outcome.came.landed] == [HOST.id, LOOSE.id]


def test_a_second_run_makes_nothing_whether_the_first_ones_snapshots_show_or_not():
    for shows_after in (0, 60):
        site = Site()
        site.region.shows_after = timedelta(seconds=shows_after)
        site.run()
        site.time.sleep(30)
        second = site.run()
        assert (second.plan.creates, site.region.per_slot()) == ((), EACH_ONCE)
        if shows_after:
            assert "it may still come" in second.plan.skips[0].because


def test_a_preview_says_the_same_and_changes_nothing():
    site = Site()
    planned = site.preview()
    assert site.line.calls == ["look", "journal asked"]
    assert site.region.stored == []
    assert planned.plan == site.run().plan


def test_what_others_have_asked_for_is_known_before_it_is_seen():
    """The journal is read after the look: what was asked for between them is in it, though the look has missed it."""
    site = Site()
    site.preview()
    assert site.line.calls.index("look") < site.line.calls.index("journal asked")


def test_a_region_that_cannot_be_read_gets_nothing():
    site = Site()
    for error in (TryAgain("EC2 did not answer"), BadSettings("denied")):
        site.line.errors = {"look": [error]}
        with pytest.raises(type(error)):
            site.run()
        assert site.region.stored == []
        assert site.lease.held_until is None
    site.line.errors = {"journal asked": [TryAgain("DynamoDB said Throttling")]}
    with pytest.raises(TryAgain):
        site.run()
    assert site.region.stored == []


def test_one_that_is_refused_spoils_no_other():
    site = Site()
    site.line.errors = {"create": [None, Refused("ConcurrentSnapshotLimitExceeded")]}
    outcome = site.run()
    assert [(create.subject, reason) for create, reason in outcome.came.refused] == [
        (LOOSE.id, "ConcurrentSnapshotLimitExceeded")
    ]
    assert not outcome.is_complete
    assert site.region.per_slot() == {(disk.id, TODAY): 1 for disk in DISKS}
    site.time.sleep(20)
    assert site.run().is_complete
    assert site.region.per_slot() == EACH_ONCE


def test_where_not_all_of_an_instance_can_be_made_at_one_instant_each_is_made_alone_and_that_is_said():
    site = Site()
    site.line.errors = {"create": [Refused("IncorrectState")]}
    outcome = site.run()
    assert site.line.calls.count("create") == 1 + len(DISKS) + 1
    assert site.region.per_slot() == EACH_ONCE
    assert outcome.is_complete
    (problem,) = outcome.problems
    assert problem.subject == HOST.id
    assert problem.reason.startswith("its volumes are not snapshotted at one instant")
    assert problem.reason.endswith("IncorrectState")
    assert {each.label.volume for each in site.region.stored} == {each.id for each in (*DISKS, LOOSE)}


def test_one_volume_that_is_refused_does_not_keep_the_others_of_its_instance_from_being_made():
    site = Site()
    site.line.errors = {"create": [Refused("IncorrectState"), None, Refused("IncorrectState")]}
    outcome = site.run()
    assert site.region.per_slot() == {(DISKS[1].id, TODAY): 1, (LOOSE.id, TODAY): 1}
    assert [create.volumes[0].id for create, _ in outcome.came.refused] == [DISKS[0].id]
    assert not outcome.is_complete
    site.time.sleep(20)
    assert site.run().is_complete
    assert site.region.per_slot() == EACH_ONCE


def test_an_instance_of_which_nothing_can_be_made_is_refused_and_may_be_asked_for_at_once_again():
    site = Site()
    site.line.errors = {"create": [Refused("IncorrectState"), None, Refused("no"), Refused("no")]}
    outcome = site.run()
    assert [create.volumes[0].id for create, _ in outcome.came.refused] == [disk.id for disk in DISKS]
    site.time.sleep(20)
    site.run()
    assert site.region.per_slot() == EACH_ONCE


@pytest.mark.parametrize("last", [Unclear("no answer"), Refused("no"), TryAgain("throttled")], ids=repr)
def test_what_was_asked_for_alone_and_not_answered_is_not_asked_for_again_before_it_shows(last: Exception):
    site = Site()
    site.region.shows_after = timedelta(seconds=120)
    site.line.errors = {"create": [Refused("IncorrectState"), None, Unclear("no answer"), last]}
    site.run()
    site.time.sleep(20)
    site.run()
    site.settle()
    assert site.region.per_slot() == EACH_ONCE


def test_requests_for_each_volume_alone_are_paced_and_stay_within_the_time_of_the_run():
    site = Site()
    disks = [volume(number, instances=(HOST.id,), state="in-use") for number in range(100, 128)]
    site.region.things = {each.id: each for each in disks}
    site.region.instances[HOST.id] = instance(1, *disks, tag="daily")
    site.line.seconds = 25.0
    site.line.errors = {"create": [Refused("IncorrectState")]}
    paced = list[int]()
    turn = Turn(1, site.time.seconds() + 300.0, site.time.seconds)
    patience = Patience(
        lambda seconds: turn.check(LONGEST_WRITE + seconds),
        lambda: paced.append(site.line.calls.count("create")),
        site.time.sleep,
    )
    began = site.time.now
    job.run(replace(site.place, turn=lambda: Held(patience)), site.policies, site.time.clock)
    assert (site.time.now - began).total_seconds() <= 300.0
    assert len(paced) == site.line.calls.count("create")
    site.line.seconds = 0.0
    for _ in range(3):
        site.settle()
    assert site.region.per_slot() == {(disk.id, TODAY): 1 for disk in disks}


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        pytest.param("create", [Unclear("no answer")] * 3, id="unclear"),
        pytest.param("create", [TryAgain("throttled")] * 9, id="throttled"),
        pytest.param("journal note", [TryAgain("throttled")], id="not noted"),
    ],
)
def test_a_run_that_could_not_do_all_is_not_complete(name: str, errors: list[Exception]):
    site = Site()
    site.region.shows_after = timedelta(seconds=60)
    site.line.errors = {name: [*errors]}
    assert not site.run().is_complete
    site.settle()
    assert site.region.per_slot() == EACH_ONCE


def test_labels_say_what_for_and_why():
    site = Site()
    site.region.instances[HOST.id] = replace(HOST, product_codes=("abc",))
    site.run()
    labels = {each.volume: each.label for each in site.region.stored}
    assert {each.slots for each in labels.values()} == {(TODAY,)}
    said = labels[DISKS[0].id]
    assert (said.policy, said.instance, said.product_codes, said.consistency) == ("daily", HOST.id, ("abc",), CRASH)
    assert said.because == (f"{TODAY} of policy daily due 2026-11-26 03:00 UTC - asked for by {HOST.id}")
    assert labels[LOOSE.id].product_codes == ()


def tagged(site: Site, **tags: dict[str, str]) -> None:
    """Give the volumes of the instance these tags."""
    for disk, its in zip(DISKS, tags.values(), strict=True):
        site.region.things[disk.id] = replace(site.region.things[disk.id], tags=its)


def test_tags_that_one_call_cannot_give_to_all_are_added_to_each():
    site = Site(TAGGED)
    tagged(site, first={"Owner": "a", "Project": "p"}, second={"Owner": "b", "Project": "p"})
    site.run()
    made = site.made()
    assert {volume: site.region.tags.get(id_) for volume, id_ in made.items()} == {
        DISKS[0].id: {"Owner": "a", "Project": "p"},
        DISKS[1].id: {"Owner": "b", "Project": "p"},
        LOOSE.id: None,
    }


@pytest.mark.parametrize("error", [Refused("TagLimitExceeded"), TryAgain("throttled"), BadSettings("denied")], ids=repr)
def test_a_tag_that_cannot_be_added_is_a_problem_and_spoils_nothing(error: Exception):
    site = Site(TAGGED)
    tagged(site, first={"Owner": "a"}, second={"Owner": "b"})
    site.line.errors = {"tag": [error]}
    outcome = site.run()
    assert outcome.came.refused == []
    assert site.region.per_slot() == EACH_ONCE
    (problem,) = outcome.problems
    assert problem == Problem(site.made()[DISKS[0].id], f"does not have its tags Owner: {error}")
    assert site.region.tags == {site.made()[DISKS[1].id]: {"Owner": "b"}}


def test_what_is_found_after_a_lost_answer_gets_its_tags_too():
    site = Site(TAGGED)
    tagged(site, first={"Owner": "a"}, second={"Owner": "b"})
    site.line.errors = {"create": [Unclear("no answer")]}
    assert site.run().is_complete
    made = site.made()
    assert site.region.tags == {made[DISKS[0].id]: {"Owner": "a"}, made[DISKS[1].id]: {"Owner": "b"}}
    assert site.region.per_slot() == EACH_ONCE


def consistency(site: Site) -> dict[str, str]:
    return {each.volume: site.region.consistency(each.id) for each in site.region.stored}


def test_a_frozen_instances_snapshots_are_application_consistent_and_others_say_that_they_are_not():
    site = Site(HOOKED)
    outcome = site.run()
    assert site.line.calls[-4:] == ["freeze", "create", "thaw", "create"]
    assert consistency(site) == {DISKS[0].id: APPLICATION, DISKS[1].id: APPLICATION, LOOSE.id: CRASH}
    assert outcome.problems == []


def test_without_hooks_snapshots_are_crash_consistent():
    site = Site()
    site.run()
    assert set(consistency(site).values()) == {CRASH}


def test_a_freeze_that_fails_leaves_crash_consistent_snapshots_and_a_problem_once():
    site = Site(HOOKED)
    site.line.errors = {"freeze": [Refused("exit code 1")]}
    outcome = site.run()
    assert site.region.per_slot() == EACH_ONCE
    assert set(consistency(site).values()) == {CRASH}
    assert [problem.subject for problem in outcome.problems] == [HOST.id]
    assert outcome.is_complete, "there is a snapshot"
    site.time.sleep(86_400)
    site.region.complete()
    assert site.run().problems == []


def slow(site: Site, seconds: float) -> None:
    """Let EC2 take so long over the first request."""

    def sleep() -> None:
        site.time.sleep(seconds)
        site.line.after = lambda: None

    def after() -> None:
        if site.line.calls[-1] == "create":
            sleep()

    site.line.after = after


def test_when_the_instance_has_thawed_before_ec2_answers_the_label_is_corrected():
    site = Site(HOOKED)
    slow(site, 31.0)
    site.run()
    assert set(consistency(site).values()) == {CRASH}


def test_when_the_answer_is_lost_nothing_claims_that_it_was_frozen():
    site = Site(HOOKED)
    site.line.errors = {"create": [Unclear("no answer")]}
    slow(site, 31.0)
    assert site.run().is_complete
    assert set(consistency(site).values()) == {CRASH}


def test_a_throttled_request_is_frozen_for_anew():
    site = Site(HOOKED)
    site.line.errors = {"create": [TryAgain("throttled")]}
    site.run()
    assert site.line.calls[-7:] == ["freeze", "create", "thaw", "freeze", "create", "thaw", "create"]
    assert consistency(site)[DISKS[0].id] == APPLICATION


def test_a_run_with_slow_hooks_ends_before_lambda_does():
    """Whatever is begun ends within the turn: whoever is killed can tell nobody what he has done."""
    site = Site(HOOKED)
    site.machine.takes = {"freeze": 27.0, "thaw": 30.0}
    for number in range(10):
        host = instance(number, volume(100 + number), tag="daily")
        disk = volume(100 + number, instances=(host.id,), state="in-use")
        site.region.instances[host.id], site.region.things[disk.id] = host, disk
    began = site.time.now
    turn = Turn(1, site.time.seconds() + 300.0, site.time.seconds)
    patience = Patience(lambda seconds: turn.check(LONGEST_WRITE + seconds), sleep=site.time.sleep)
    outcome = job.run(replace(site.place, turn=lambda: Held(patience)), site.policies, site.time.clock)
    assert (site.time.now - began).total_seconds() <= 300.0
    assert outcome.came.landed
    assert outcome.came.undone == outcome.came.postponed != []


@dataclass
class Held:
    patience: Patience

    def __enter__(self) -> Patience:
        return self.patience

    def __exit__(self, *_: object) -> None:
        return


ANSWERS: dict[str, list[Exception | None]] = {
    "all answered": [],
    "the first answer lost": [Unclear("no answer")],
    "the second answer lost": [None, Unclear("no answer")],
    "not at one instant": [Refused("IncorrectState")],
    "not at one instant, an answer lost": [Refused("IncorrectState"), None, Unclear("no answer")],
    "not at one instant, and throttled": [Refused("IncorrectState"), None, TryAgain("throttled")],
}


@pytest.mark.parametrize("shows_after", [0, 20, 290])
@pytest.mark.parametrize("text", [DAILY, HOOKED, TAGGED], ids=["plain", "with hooks", "with tags"])
@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_each_call_leaves_each_slot_filled_once(
    when: str, answers: list[Exception | None], text: str, shows_after: int
):
    crashes = 0
    while True:
        site = Site(text)
        tagged(site, first={"Owner": "a"}, second={"Owner": "b"})
        site.region.shows_after = timedelta(seconds=shows_after)
        site.line.errors = {"create": [*answers]}
        if ended(site.line, site.run, crashes, when):
            break
        site.settle()
        assert site.region.per_slot() == EACH_ONCE, site.line.calls
        crashes += 1
    assert crashes >= 6


@pytest.mark.parametrize("shows_after", [0, 60])
def test_two_runs_at_once_fill_each_slot_once_in_any_order(shows_after: int):
    def run(choose: Callable[[int], int]) -> None:
        site = Site()
        site.region.shows_after = timedelta(seconds=shows_after)
        meet(site.line, site.run, choose)
        assert site.region.per_slot() == EACH_ONCE, site.line.calls

    assert every_order(run) > 5
