"""The job of idle instances looks, flags, tells and parks, whatever is refused, changed by people, or breaks off."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import BadSettings, TryAgain
from chalicelib.idle import job
from chalicelib.idle.job import Outcome
from chalicelib.idle.looking import STORE_ERASED, STORE_UNKNOWN
from chalicelib.idle.marks import Notice
from chalicelib.idle.model import FLAG, MOST_AT_ONCE, NOTICED, WISH, Kind, Verdict, Volume
from chalicelib.idle.plan import NOT_BY_US
from chalicelib.idle.rules import PRESETS, Rules
from tests.idle.fakes import ONE_DAY, A, B, C, FakeTurn, Site, due, many, site
from tests.idle.fleets import NOW, TODAY, instance
from tests.racing import every_order
from tests.snapshots.fakes import meet

GRACE = timedelta(days=Rules().grace)
MARK, NOTE = f"mark {FLAG}", f"mark {NOTICED}"


def after_look(made: Site, number: int, change: Callable[[], object]) -> None:
    """Let something happen after the first or the second look at all that is to be parked."""
    looks = number * len(made.region.there)

    def happens() -> None:
        if made.line.calls.count("is protected") == looks:
            made.line.after = lambda: None
            change()

    made.line.after = happens


def after_first_look(made: Site, change: Callable[[], object]) -> None:
    after_look(made, 1, change)


def after_second_look(made: Site, change: Callable[[], object]) -> None:
    after_look(made, 2, change)


def verdicts(outcome: Outcome) -> dict[str, Verdict]:
    return {each.instance.id: each.verdict for each in outcome.judgements}


def noted(outcome: Outcome) -> list[str]:
    return [each.instance.id for each in outcome.noted.landed]


def over() -> None:
    raise TryAgain("the time of this run is over")


def test_it_is_flagged_then_told_of_and_parked_when_the_days_of_grace_are_over():
    made = site()
    first = made.run()
    flagged = f"2026-11-26T06:12Z {A} compute-optimizer since 2026-11-12: peak CPU 1.00 percent and network 0.50 MB"
    assert made.tags(A)[FLAG].startswith(flagged)
    assert made.tags(A)[NOTICED] == "2026-11-26T06:12Z of a stop on 2026-12-03, idle on 2026-11-26"
    assert (noted(first), first.parked.landed) == ([A], [])
    made.days(6)
    assert made.stopped == []
    last = made.days(1)
    assert [each.instance.id for each in last.parked.landed] == made.stopped == [A]
    assert made.warned(A, made.now) == GRACE
    assert last.is_complete


def test_one_run_makes_these_calls_and_no_more():
    made = site(A, B)
    made.run()
    looks = ["running", "usage", "kinds", "is protected", "is protected", "volumes", "stopped"]
    assert made.line.calls == ["lease", *looks, MARK, MARK, "publish", "write position", NOTE]
    made.rest(1)
    made.line.calls.clear()
    made.run()
    assert made.line.calls == ["lease", *looks, NOTE, "publish", "write position"], "one note for both"


def test_where_nothing_is_idle_nothing_is_asked_for_that_only_matters_of_idle_ones():
    made = site()
    made.metrics.busy[A, TODAY] = 90.0
    made.run()
    assert made.line.calls == ["lease", "running", "usage", "stopped", "kinds", "hours"]
    empty = Site()
    assert empty.run().judgements == ()
    assert empty.line.calls == ["lease", "running", "stopped"], "CloudWatch is not asked about nothing"


def test_running_twice_changes_nothing_the_second_time():
    made = site(A, B)
    made.run()
    seen = dict(made.region.there)
    made.line.calls.clear()
    again = made.run()
    assert made.region.there == seen
    assert [call for call in made.line.calls if call.startswith(("mark", "unmark", "stop ", "publish"))] == []
    assert (again.plan.flags, again.plan.unflags, again.plan.parks) == ((), (), ())
    assert [standing.notice for standing in again.plan.standing.values()] == [Notice(NOW, TODAY + GRACE, TODAY)] * 2


def test_a_preview_says_what_a_run_would_do_and_changes_nothing():
    made = due(A, B)
    made.region.tag(A, FLAG, None)
    made.region.add(instance(C, {FLAG: "old", WISH: "keep"}))
    before, told = dict(made.region.there), list(made.messages)
    previewed = made.preview()
    assert {call.partition(" ")[0] for call in made.line.calls} == {
        "running",
        "usage",
        "kinds",
        "is",
        "volumes",
        "stopped",
    }
    assert (made.region.there, made.messages, made.stopped) == (before, told, [])
    assert not previewed.carried_out
    assert [len(each) for each in (previewed.plan.flags, previewed.plan.unflags, previewed.plan.parks)] == [1, 1, 1]
    assert made.run().plan == previewed.plan


def test_where_the_stack_may_not_stop_anything_it_flags_and_tells_all_the_same():
    made = site(parking=False)
    made.run()
    made.days(30)
    assert made.stopped == []
    assert made.tags(A).keys() == {FLAG, NOTICED}
    assert not any(call.startswith(("some", "stop ")) for call in made.line.calls)


def test_once_the_stack_may_stop_instances_owners_are_told_of_that_and_have_the_whole_grace():
    made = site(parking=False)
    made.run()
    assert made.tags(A)[NOTICED] == "2026-11-26T06:12Z"
    made.days(30)
    made.reconsider(parking=True)
    made.days(1)
    assert made.tags(A)[NOTICED] == "2026-12-27T06:12Z of a stop on 2027-01-03, idle on 2026-12-27"
    made.days(6)
    assert made.stopped == []
    made.days(1)
    assert (made.stopped, made.warned(A, made.now)) == ([A], GRACE)


@pytest.mark.parametrize("park_again", [1, 30])
def test_who_was_told_since_that_nothing_comes_is_told_anew_before_it_is_parked(park_again: int):
    made = due()
    made.rest(-1)
    made.region.tag(A, WISH, None)
    made.run()
    made.days(park_again)
    made.region.tag(A, WISH, "park")
    made.days(7)
    assert made.stopped == []
    made.days(1)
    assert made.stopped == [A]


def test_where_the_stack_may_not_tag_anything_nothing_is_changed():
    made = due(A, B, C)
    made.region.add(instance(f"i-{'d' * 17}", {WISH: "park"}))
    made.region.tag(B, NOTICED, None)
    made.region.tag(C, WISH, "keep")
    made.reconsider(parking=True, flagging=False)
    before = dict(made.region.there)
    outcome = made.run()
    assert (made.region.there, made.stopped) == (before, [])
    assert not outcome.carried_out
    assert {each.next_step for each in outcome.plan.standing.values()} == {NOT_BY_US}
    assert (len(outcome.plan.flags), len(outcome.plan.unflags)) == (1, 1)


def test_who_never_agreed_is_never_parked():
    made = site(wish=None)
    made.run()
    made.days(30)
    assert made.stopped == []
    assert len(made.messages) == 31


def test_instances_are_looked_at_in_the_order_of_their_ids_however_ec2_lists_them():
    made = site(B, C, A)
    assert [each.id for each in made.region.running()] == [A, C, B]
    assert [each.instance.id for each in made.run().judgements] == [A, B, C]


# What people do, and what machines do, while it is flagged


def test_busy_again_it_is_unflagged_and_the_grace_begins_anew():
    made = due()
    made.rest(-1)
    made.metrics.busy[A, made.now.date()] = 60.0
    outcome = made.run()
    assert [each.because for each in outcome.unflagged.landed] == [
        f"it is active: peak CPU 60.00 % on {made.now.date()} (today)"
    ]
    assert made.tags(A) == {}
    made.days(15)
    assert (made.stopped, len(made.flags_of(A))) == ([], 2)
    made.days(int(GRACE / ONE_DAY))
    assert made.stopped == [A]


@pytest.mark.parametrize("wish", ["keep", "keep until 2026-12-31", "kepe", "park keep", " park"])
def test_opted_out_after_it_was_flagged_it_is_unflagged_and_never_parked(wish: str):
    made = due()
    made.region.tag(A, WISH, wish)
    outcome = made.run()
    assert (verdicts(outcome), made.tags(A), made.stopped) == ({A: Verdict.EXEMPT}, {}, [])


def test_kept_until_a_day_it_is_flagged_and_told_of_anew_after_it():
    made = due()
    made.region.tag(A, WISH, f"keep until {made.now.date()}")
    made.run()
    made.region.tag(A, WISH, "park")
    made.days(7)
    assert made.stopped == [], "what was told before does not count"
    made.days(1)
    assert made.stopped == [A]


def test_who_starts_what_was_parked_has_it_and_is_told_before_it_is_parked_again():
    made = due()
    made.run()
    assert made.stopped == [A]
    made.rest(0.5)
    made.region.start(A)
    made.rest(0.5)
    made.run()
    made.days(6)
    assert made.stopped == [A]
    assert len(made.flags_of(A)) == 2
    made.days(1)
    assert made.stopped == [A, A]


def test_who_restarts_a_flagged_instance_has_its_grace_begin_anew():
    made = site()
    made.run()
    made.days(5)
    made.region.restart(A)
    made.rest(1)
    made.run()
    made.days(6)
    assert made.stopped == []
    made.days(1)
    assert made.stopped == [A]


def test_tags_that_are_copied_to_another_instance_do_not_park_it():
    made = due()
    made.region.add(replace(made.region.there[A], id=B))
    outcome = made.run()
    assert made.stopped == [A]
    assert [each.instance.id for each in outcome.flagged.landed] == [B]
    assert made.tags(B)[FLAG].split()[1] == B
    made.days(6)
    assert B not in made.stopped
    assert (made.days(1).parked.landed[0].instance.id, made.warned(B, made.now)) == (B, GRACE)


def test_a_new_instance_with_tags_of_another_loses_them():
    made = due()
    made.region.add(replace(made.region.there[A], id=B, launched=made.now, since=made.now))
    made.run()
    assert made.tags(B) == {}


@pytest.mark.parametrize("key", [FLAG, NOTICED])
@pytest.mark.parametrize("value", [None, "", "yes", "9999-12-31T23:59Z", "0001-01-01T00:00Z", "x" * 256])
def test_who_takes_our_tags_away_or_writes_into_them_delays_parking_and_breaks_nothing(key: str, value: str | None):
    made = due()
    made.region.tag(A, key, value)
    assert made.run().is_complete
    assert made.stopped == []
    made.days(7)
    assert made.stopped == [A], "what was wrong was put right"


# The notice


def test_nothing_is_parked_while_nobody_can_be_told():
    made = site()
    for _ in range(30):
        made.line.errors = {"publish": [TryAgain("SNS said no")]}
        with pytest.raises(TryAgain):
            made.run()
        made.rest(1)
    assert (made.stopped, made.messages, NOTICED in made.tags(A)) == ([], [], False)
    made.run()
    made.days(6)
    assert made.stopped == []


def test_who_is_not_in_the_message_was_not_told():
    made = site(A, B)
    outcome = job.run(made.place, made.rules, made.line.time.clock, FakeTurn())
    job.note(made.place, outcome, {B, C}, made.now, FakeTurn())
    assert (NOTICED in made.tags(A), NOTICED in made.tags(B)) == (False, True)
    assert noted(outcome) == [B]


def test_it_is_noted_once_for_each_flag_and_of_a_stop_on_each_day_that_it_is_still_idle():
    made = site(A)
    made.region.add(instance(B))
    made.days(3)
    said = "2026-11-27T06:12Z of a stop on 2026-12-04, idle on 2026-11-"
    notes = [(write.id, write.value) for write in made.region.written if write.key == NOTICED]
    assert notes == [(A, f"{said}27"), (B, "2026-11-27T06:12Z"), (A, f"{said}28"), (A, f"{said}29")]


def test_a_note_that_is_older_than_its_flag_is_none():
    made = site()
    outcome = job.run(made.place, made.rules, made.line.time.clock, FakeTurn())
    job.note(made.place, outcome, {A}, made.now - timedelta(minutes=1), FakeTurn())
    made.rest(7)
    assert made.run().plan.parks == ()
    made.days(7)
    assert made.stopped == [A]


def test_it_is_stopped_on_the_day_that_was_said_be_it_some_hours_earlier_in_the_day():
    made = site()
    made.line.time.sleep(3 * 3_600)
    made.run()
    assert made.messages[0][0].hour == 9
    made.line.time.sleep(-3 * 3_600)
    made.days(6)
    assert made.stopped == []
    made.days(1)
    assert made.stopped == [A]


# What AWS refuses, or does not answer


def test_one_instance_that_may_not_be_tagged_spoils_none_of_the_others():
    made = site(A, B, C)
    made.region.untaggable = {B}
    outcome = made.run()
    assert outcome.undone == [(B, f"UnauthorizedOperation: not allowed to tag {B}")]
    assert outcome.is_complete, "what is refused will be refused again: it is said, and no failure of the run"
    assert outcome.lacking == {B}
    assert made.tags(B) == {}, "nobody is told of a flag that is not there"
    assert noted(outcome) == [A, C]
    made.days(7)
    assert made.stopped == [A, C]


def test_one_instance_with_fifty_tags_spoils_none_of_the_others():
    made = site(A, B)
    for number in range(49):
        made.region.tag(A, f"tag-{number}", "")
    outcome = made.run()
    assert [(id_, reason.partition(":")[0]) for id_, reason in outcome.undone] == [(A, "TagLimitExceeded")]
    assert made.tags(B).keys() == {FLAG, NOTICED}


def test_one_that_may_not_be_untagged_is_looked_for_among_the_others():
    made = due(*many(8))
    for id_ in many(8):
        made.region.tag(id_, WISH, "keep")
    made.region.untaggable = {many(8)[5]}
    outcome = made.run()
    assert [id_ for id_, _ in outcome.undone] == [many(8)[5]]
    assert [id_ for id_ in many(8) if made.tags(id_)] == [many(8)[5]]


def test_one_that_cannot_be_stopped_is_looked_for_among_the_others():
    made = due(*many(5))
    bad = many(5)[2]
    after_second_look(made, lambda: made.region.protected.add(bad))
    outcome = made.run()
    assert made.stopped == [id_ for id_ in many(5) if id_ != bad]
    assert [(id_, reason.partition(":")[0]) for id_, reason in outcome.undone] == [(bad, "OperationNotPermitted")]


def test_many_are_stopped_some_at_once():
    ids = many(MOST_AT_ONCE + 7)
    made = due(*ids)
    assert made.run(force=True).is_complete
    assert [call for call in made.line.calls if call.startswith("stop ")] == [f"stop {MOST_AT_ONCE}", "stop 7"]
    assert made.stopped == ids


@pytest.mark.parametrize("number", range(6))
def test_try_again_in_the_midst_leaves_the_rest_to_the_next_run(number: int):
    made = site(A, B, C)
    made.line.errors = {MARK: [*[None] * min(number, 3), TryAgain("throttled")]}
    outcome = made.run()
    lacking = [A, B, C][number:]
    assert [id_ for id_, _ in outcome.undone] == lacking
    assert outcome.is_complete == (not lacking)
    assert [id_ for id_ in (A, B, C) if made.tags(id_)] == [A, B, C][:number]
    assert noted(outcome) == [A, B, C][:number]
    made.line.errors = {}
    assert made.days(1).is_complete
    assert all(made.tags(id_).keys() == {FLAG, NOTICED} for id_ in (A, B, C))


def test_a_stop_that_is_throttled_is_made_up_for_by_the_next_run():
    made = due(A, B)
    made.line.errors = {"stop 2": [TryAgain("throttled")]}
    outcome = made.run()
    assert (made.stopped, outcome.undone) == ([], [(A, "throttled"), (B, "throttled")])
    made.run()
    assert made.stopped == [A, B]


@pytest.mark.parametrize("call", ["some", "usage"])
def test_where_the_second_look_fails_nothing_is_parked_and_what_was_found_is_kept(call: str):
    made = due(A, B)
    made.region.tag(B, WISH, None)
    first = {"some": 0, "usage": 1}[call]
    made.line.errors = {call: [*[None] * first, TryAgain("throttled")]}
    outcome = made.run()
    assert made.stopped == []
    assert outcome.undone == [(A, "throttled")]
    assert verdicts(outcome) == {A: Verdict.IDLE, B: Verdict.IDLE}
    made.run()
    assert made.stopped == [A]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        *product(["running", "usage", "kinds", "volumes"], [TryAgain("throttled"), BadSettings("denied")]),
        ("is protected", BadSettings("denied")),
    ],
    ids=str,
)
def test_a_region_that_cannot_be_read_is_not_judged_in_part(call: str, error: Exception):
    made = due(A, B)
    made.line.errors = {call: [error]}
    before = dict(made.region.there)
    with pytest.raises(type(error)):
        made.run()
    assert (made.region.there, made.stopped) == (before, [])


def test_where_the_time_of_the_run_is_over_nothing_more_is_changed():
    made = due(A, B, C)
    made.region.tag(A, FLAG, None)
    made.region.tag(B, WISH, "keep")
    before = dict(made.region.there)
    outcome = made.run(turn=FakeTurn(over))
    assert made.region.there == before
    assert {id_ for id_, _ in outcome.undone} == {A, B, C}


def test_where_the_time_is_over_before_it_is_noted_nobody_counts_as_told():
    made = site()
    outcome = job.run(made.place, made.rules, made.line.time.clock, FakeTurn())
    job.note(made.place, outcome, [A], made.now, FakeTurn(over))
    assert outcome.undone == [(A, "the time of this run is over")]
    assert made.tags(A).keys() == {FLAG}


def test_an_instance_of_which_cloudwatch_answers_in_part_keeps_its_flag_and_is_not_parked():
    made = due(A, B)
    made.metrics.incomplete = {A}
    outcome = made.run()
    assert verdicts(outcome) == {A: Verdict.INSUFFICIENT_DATA, B: Verdict.IDLE}
    assert outcome.judgements[0].because == "CloudWatch did not answer completely for it"
    assert (made.stopped, set(made.tags(A))) == ([B], {FLAG, NOTICED})
    made.metrics.incomplete = set()
    made.run()
    assert made.stopped == [B, A]


def test_an_instance_that_is_terminated_midway_spoils_none_of_the_others():
    for number in range(12):
        made = site(A, B)
        made.region.disks = {"vol-1": Volume("vol-1", "gp3", 8)}

        def terminate(made: Site = made, number: int = number) -> None:
            if len(made.line.calls) == number and A in made.region.there:
                made.region.terminate(A)

        made.line.before = terminate
        outcome = made.run()
        assert A not in made.region.there
        assert made.tags(B).keys() == {FLAG, NOTICED}
        assert {id_ for id_, _ in outcome.undone} <= {A}


# The second look, before anything is stopped


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda made: made.metrics.busy.update({(A, made.now.date()): 50.0}), id="busy"),
        pytest.param(lambda made: made.region.terminate(A), id="gone"),
        pytest.param(lambda made: made.region.stop_by_hand(A), id="stopped by hand"),
        pytest.param(lambda made: made.region.restart(A), id="started again"),
        pytest.param(lambda made: made.region.tag(A, WISH, None), id="nobody agrees any more"),
        pytest.param(lambda made: made.region.tag(A, WISH, "keep"), id="somebody objects"),
        pytest.param(lambda made: made.region.tag(A, WISH, "hm"), id="a wish that nobody can read"),
        pytest.param(lambda made: made.region.tag(A, FLAG, None), id="not flagged any more"),
        pytest.param(lambda made: made.region.tag(A, NOTICED, None), id="not noted any more"),
        pytest.param(lambda made: made.region.tag(A, "aws:autoscaling:groupName", "web"), id="joined a group"),
        pytest.param(lambda made: made.region.protected.add(A), id="protected"),
        pytest.param(lambda made: made.metrics.incomplete.add(A), id="CloudWatch answers in part"),
    ],
)
def test_what_has_changed_when_it_is_looked_at_again_is_not_parked_and_the_others_are(change: Callable[[Site], object]):
    made = due(A, B)
    after_first_look(made, lambda: change(made))
    outcome = made.run()
    assert made.stopped == [B]
    assert [each.instance.id for each in outcome.plan.parks] == [A, B]
    assert [each.instance.id for each in outcome.parked.landed] == [B]


@pytest.mark.parametrize("wish", ["keep", None])
def test_who_objects_in_the_last_moment_is_heard_by_the_policy(wish: str | None):
    """The role may stop only what carries the wish to be parked at the time of the call."""
    made = due(A, B)
    after_second_look(made, lambda: made.region.tag(A, WISH, wish))
    outcome = made.run()
    assert made.stopped == [B]
    assert [(id_, reason.partition(":")[0]) for id_, reason in outcome.undone] == [(A, "UnauthorizedOperation")]


def test_what_somebody_keeps_at_whatever_time_before_the_stop_is_not_stopped():
    usual = due(A, B)
    usual.run()
    for number in range(usual.line.calls.index("stop 2") + 1):
        made = due(A, B)

        def keep(made: Site = made, number: int = number) -> None:
            if len(made.line.calls) == number:
                made.region.tag(A, WISH, "keep")

        made.line.before = keep
        made.run()
        assert made.stopped == [B]


# The guard


@pytest.mark.parametrize(
    ("idle", "others", "is_safe"),
    [
        pytest.param(5, 0, True, id="five of five"),
        pytest.param(6, 0, False, id="six of six"),
        pytest.param(6, 13, False, id="six of nineteen"),
        pytest.param(6, 14, True, id="six of twenty"),
    ],
)
def test_so_many_at_once_look_like_a_mistake(idle: int, others: int, is_safe: bool):
    made = due(*many(idle))
    made.region.add(*(instance(f"i-f{number:016x}", {WISH: "keep"}) for number in range(others)))
    outcome = made.run()
    assert len(made.stopped) == (idle if is_safe else 0)
    assert outcome.is_complete == is_safe
    if not is_safe:
        said = f"{idle} of {idle + others} would be stopped because they look idle, and their days of grace are over"
        assert str(outcome.unsafe).startswith(said)
        made.days(5)
        assert made.stopped == [], "further runs do not wear it down"
        made.run(force=True)
        assert len(made.stopped) == idle


def test_the_guard_counts_what_is_left_at_the_second_look():
    made = due(*many(6))
    after_first_look(made, lambda: made.region.tag(many(6)[0], WISH, "keep"))
    outcome = made.run()
    assert (outcome.unsafe, made.stopped) == (None, many(6)[1:])


# What is looked at closer


def test_stop_protection_is_an_exemption_and_takes_the_flag_away():
    made = due(A)
    made.region.protected = {A}
    outcome = made.run()
    (judgement,) = outcome.judgements
    assert (judgement.verdict, judgement.because) == (Verdict.EXEMPT, "it is protected against being stopped")
    assert judgement.idle_since is None
    assert (made.tags(A), made.stopped) == ({}, [])


def test_bursts_and_gpus_are_said_before_anything_is_called_waste():
    made = Site()
    kinds = {"t3.micro": Kind(is_burstable=True), "g5.xlarge": Kind(gpus=1), "m5.large": Kind()}
    made.region.types = kinds
    made.region.add(*(instance(f"i-{number}", type=type_) for number, type_ in enumerate([*kinds, "x9.new"])))
    made.metrics.balances = {"i-0": 1_440.2}
    burstable, gpu, plain, unknown = (each.caveats for each in made.run().judgements)
    assert unknown == ("it is not parked: EC2 does not know its type, so that might erase an instance store",)
    assert burstable == ("it is paid for bursts by CPU credits: it has 1,440 saved",)
    assert gpu == ("its 1 GPUs may be at work: CPU and network say little about them",)
    assert plain == ()
    made.metrics.balances = {}
    (unsaid,) = made.preview().judgements[0].caveats
    assert unsaid == "it is paid for bursts by CPU credits: CloudWatch has no balance of it"


@pytest.mark.parametrize(
    ("types", "why"),
    [
        pytest.param({"m5.large": Kind(has_instance_store=True)}, STORE_ERASED, id="an instance store"),
        pytest.param({}, STORE_UNKNOWN, id="a type that EC2 does not know"),
    ],
)
def test_what_a_stop_would_erase_is_called_idle_and_never_parked(types: dict[str, Kind], why: str):
    made = site()
    made.region.types = types
    made.run()
    outcome = made.days(30)
    (judgement,) = outcome.judgements
    assert (judgement.verdict, made.stopped, judgement.cannot_park) == (Verdict.IDLE, [], why)
    assert why in " ".join(judgement.caveats)
    assert outcome.plan.standing[A].next_step == f"it is not stopped: {why}"
    assert made.warned(A, made.now) is None, "no stop was announced"


def test_where_it_is_not_known_whether_an_instance_is_protected_it_is_stopped_once_that_is_known():
    made = due(A, B)
    made.line.errors = {"is protected": [TryAgain("the time for that is over")]}
    outcome = made.run()
    unknown = "whether it is protected against being stopped is not known: the time for that is over"
    assert (verdicts(outcome), made.stopped) == ({A: Verdict.IDLE, B: Verdict.IDLE}, [B])
    assert outcome.judgements[0].caveats == (unknown,)
    assert outcome.plan.standing[A].next_step == f"it is not stopped now: {unknown}"
    assert outcome.undone == [(A, unknown)]
    assert not outcome.is_complete
    made.days(1)
    assert made.stopped == [B, A], "the notice stands"


def test_a_look_at_protection_that_fails_within_the_grace_changes_nothing():
    made = site()
    made.run()
    made.line.errors = {"is protected": [TryAgain("throttled")]}
    assert made.days(1).is_complete
    made.days(5)
    assert made.stopped == []
    made.days(1)
    assert made.stopped == [A]


def test_where_that_is_not_known_at_the_second_look_it_is_not_parked_then():
    made = due(A, B)
    made.line.errors = {"is protected": [None, None, TryAgain("the time for that is over")]}
    outcome = made.run()
    assert (made.stopped, [each.instance.id for each in outcome.parked.landed]) == ([B], [B])
    made.run()
    assert made.stopped == [B, A]


def test_who_protects_what_was_flagged_has_answered():
    made = site(wish=None)
    made.run()
    made.region.protected = {A}
    assert verdicts(made.days(1)) == {A: Verdict.EXEMPT}
    assert made.tags(A) == {}


def test_protection_is_looked_at_first_where_it_decides_something():
    made = site(A, B, wish=None)
    made.run()
    made.region.tag(B, WISH, "park")
    made.region.add(instance(C))
    made.line.errors = {"is protected": [None, None, TryAgain("the time for that is over")]}
    assert [each.unknown for each in made.days(1).judgements] == ["", "", ""]
    assert verdicts(made.run()) == dict.fromkeys((A, B, C), Verdict.IDLE), "of one that is flagged it need not be known"


def test_credits_are_asked_for_only_of_burstable_ones():
    made = site()
    made.run()
    assert "credits" not in made.line.calls


def test_the_volumes_of_idle_ones_are_looked_at_and_no_others():
    made = Site()
    made.region.disks = {f"vol-{number}": Volume(f"vol-{number}", "gp3", 8) for number in range(3)}
    made.region.add(instance(A, volumes=("vol-0",)), instance(B, volumes=("vol-1", "vol-2")))
    made.metrics.busy[B, TODAY] = 90.0
    assert made.run().volumes.keys() == {"vol-0"}


# Runs that die, and runs that meet

FLEET = {A: "park", B: None, C: "keep"}


def fleet() -> Site:
    """Return a site with one instance of each wish, and one that is busy again, on the day on which one is due."""
    made = Site()
    made.region.add(*(instance(id_, {WISH: wish} if wish else {}) for id_, wish in FLEET.items()))
    return made


def check_history(made: Site) -> None:
    """Nothing was stopped of which nobody had been told for long enough, and no flag was ever written over."""
    for at, id_ in made.region.ended:
        warned = made.warned(id_, at)
        assert warned is not None
        assert warned >= GRACE
        assert FLEET.get(id_) == "park"
    for id_ in FLEET:
        assert len(set(made.flags_of(id_))) <= 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("day", [0, 1, 7], ids=["when it is flagged", "the day after", "when it is parked"])
def test_a_run_that_dies_at_any_call_is_made_up_for_and_parks_nobody_early(day: int, when: str):
    number = 0
    while True:
        made = fleet()
        for _ in range(day):
            made.run()
            made.rest(1)
        if not made.crash(number, when):
            break
        made.line.time.sleep(300)
        again = made.run()
        assert again.is_complete
        check_history(made)
        made.rest(1)
        made.days(9)
        check_history(made)
        assert made.stopped == [A]
        number += 1
    assert number >= (8 if day == 1 else 11)


@pytest.mark.parametrize("day", [0, 7])
def test_two_runs_at_once_flag_tell_and_stop_once_in_any_order(day: int):
    def run(choose: Callable[[int], int]) -> None:
        made = fleet()
        for _ in range(day):
            made.run()
            made.rest(1)
        told = len(made.messages)
        meet(made.line, made.run, choose)
        check_history(made)
        assert len(made.messages) == told + 1
        assert made.stopped == ([A] if day else [])

    assert every_order(run) > 5


def copy_tags(made: Site) -> None:
    made.region.there[A] = replace(made.region.there[A], tags=dict(made.region.there[B].tags))


def run(made: Site) -> None:
    with suppress(TryAgain):  # one that died still holds the lease
        made.run()


def die(made: Site, number: int, when: str) -> None:
    with suppress(TryAgain):
        made.crash(number, when)


CALLS = range(14)
STEPS: Mapping[str, Callable[[Site], object]] = {
    "a run": run,
    "a day": lambda made: made.rest(1),
    "busy": lambda made: made.metrics.busy.update({(A, made.now.date()): 77.0}),
    "a gap": lambda made: made.metrics.gaps.add((A, made.now.date())),
    "keep": lambda made: made.region.tag(A, WISH, "keep"),
    "park": lambda made: made.region.tag(A, WISH, "park"),
    "no wish": lambda made: made.region.tag(A, WISH, None),
    "restart": lambda made: made.region.restart(A),
    "no flag": lambda made: made.region.tag(A, FLAG, None),
    "no note": lambda made: made.region.tag(A, NOTICED, None),
    "another's tags": copy_tags,
    **{f"dies before call {number}": partial(die, number=number, when="before") for number in CALLS},
    **{f"dies after call {number}": partial(die, number=number, when="after") for number in CALLS},
}
RUN_DAYS = st.integers(1, 8).map(lambda days: ["a day", "a run"] * days)
HISTORIES = st.lists(st.sampled_from([*STEPS]).map(lambda step: [step]) | RUN_DAYS, max_size=12).map(
    lambda parts: ["a run", *(step for part in parts for step in part)]
)


@settings(deadline=None, max_examples=150)
@given(HISTORIES, st.sampled_from([Rules(), Rules(grace=1), Rules(PRESETS["cost-explorer"])]))
def test_in_no_history_is_anything_parked_without_agreement_and_notice(history: list[str], rules: Rules):
    made = site(A, B, rules=rules)
    for step in history:
        STEPS[step](made)
        for at, id_ in made.region.ended:
            warned = made.warned(id_, at)
            assert warned is not None
            assert warned >= timedelta(days=rules.grace)
            assert (id_, at.date()) not in made.metrics.busy
            assert made.region.there[id_].tags[WISH] == "park"
        made.region.ended.clear()
        for id_ in (A, B):
            if not made.region.there[id_].is_running:
                made.region.start(id_)
