"""What owners were told of a stop holds: it comes on the day that was said, or is told anew; that it came is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import BadSettings, TryAgain
from chalicelib.idle.model import FLAG, NOTICED, WISH
from chalicelib.idle.rules import PRESETS, Preset, Rules
from chalicelib.idle.service import NOBODY_LISTENS, Judged
from tests.idle.estates import Estate, flagged, of_a_stop
from tests.idle.fakes import HERE, ONE_DAY, A, FakeTurn, many, site
from tests.idle.fleets import NOW, TODAY, ago

GRACE = Rules().grace


def told(rules: Rules | None = None) -> Estate:
    """Return an estate of one instance whose owner has been told today that it will be stopped."""
    made = Estate((HERE,), lambda: rules or Rules())
    made[HERE].tag(A, WISH, "park")
    assert made.run().is_good
    return made


def due(rules: Rules | None = None) -> Estate:
    """Return that estate on the day of the stop."""
    made = told(rules)
    made.daily(GRACE - 1)
    made.rest()
    return made


def next_step(judged: Judged) -> str:
    (found,) = judged.report.idle
    return found.next_step


def busy_in(made: Estate, days: int) -> None:
    made.metrics[HERE].busy[A, (made.line.time.now + days * ONE_DAY).date()] = 99.0


# Nobody looked for a while


def no_runs(made: Estate) -> None:
    made.rest(16)


def dry_runs(made: Estate) -> None:
    made.is_dry_run = True
    made.daily(16)
    made.is_dry_run = False


def nothing_tagged(made: Estate) -> None:
    made.flagging = False
    made.daily(16)
    made.flagging = True


def cloudwatch_denied(made: Estate) -> None:
    made.fail("usage", BadSettings("denied"), HERE, times=99)
    made.daily(16)
    made.mend()


@pytest.mark.parametrize("meanwhile", [no_runs, dry_runs, nothing_tagged, cloudwatch_denied])
def test_what_was_busy_while_nobody_looked_has_its_grace_begin_anew(meanwhile):
    made = told()
    busy_in(made, 1)
    meanwhile(made)
    made.rest()
    judged = made.run()
    assert (made.stopped, "if its owner is told today" in next_step(judged)) == ([], True)
    made.daily(GRACE - 1)
    assert made.stopped == []
    made.daily(1)
    assert made.stopped == [A]


def test_one_run_that_did_not_come_delays_nothing():
    made = told()
    made.daily(GRACE - 2)
    made.rest(2)
    made.run()
    assert made.stopped == [A]


def test_a_busy_day_takes_the_notice_back_at_once_be_it_that_nobody_is_told_then():
    made = told(Rules(PRESETS["trusted-advisor"]))
    busy_in(made, 3)
    made.daily(2)
    made.fail("publish", TryAgain("SNS is gone"), times=99)
    judged = made.daily(1)
    assert next_step(judged).startswith("it is not stopped, since it was busy on 2026-11-29")
    assert made.tags(A)[NOTICED] == "2026-11-26T06:12Z", "of the flag, and of no stop any more"
    made.daily(30)
    assert made.stopped == []
    made.mend()
    made.daily(GRACE)
    assert made.stopped == []
    made.daily(1)
    assert made.stopped == [A]


# The day that was said


def test_shorter_days_of_grace_break_no_word():
    made = told(Rules(grace=30))
    made.rules = lambda: Rules(grace=1)
    judged = made.daily(3)
    assert next_step(judged) == "it is stopped on 2026-12-26, unless it is busy until then or somebody objects"
    made.daily(26)
    assert made.stopped == []
    made.daily(1)
    assert made.stopped == [A]


def test_longer_days_of_grace_count_from_the_first_notice_and_are_told():
    made = told(Rules(grace=3))
    made.rules = lambda: Rules(grace=10)
    judged = made.daily(3)
    assert next_step(judged) == "it is stopped on 2026-12-06, unless it is busy until then or somebody objects"
    assert "it is stopped on 2026-12-06" in made.topic.sent[-1].body
    made.daily(6)
    assert made.stopped == []
    made.daily(1)
    assert made.stopped == [A]


# Nobody listens


def test_of_an_earlier_life_of_the_stack_no_notice_counts():
    made = Estate((HERE,))
    made[HERE].add(flagged(A, ago=40, noticed=30, wish="park"))
    made[HERE].tag(A, NOTICED, of_a_stop(NOW - 30 * ONE_DAY, NOW - 10 * ONE_DAY))
    judged = made.run()
    assert (made.stopped, judged.is_good) == ([], True)
    assert next_step(judged).startswith("it is stopped on 2026-12-03 if its owner is told today")


def test_nothing_is_stopped_once_the_last_listener_has_gone_and_whoever_comes_is_told_first():
    made = due()
    made.topic.subscriptions = 0
    judged = made.run()
    assert (made.stopped, [each.reason for each in judged.problems]) == ([], [NOBODY_LISTENS])
    assert next_step(judged) == f"nothing: {NOBODY_LISTENS}"
    assert " of a stop" not in made.tags(A)[NOTICED]
    made.topic.subscriptions = 1
    made.daily(GRACE)
    assert made.stopped == []
    made.daily(1)
    assert made.stopped == [A]


def test_where_it_is_not_known_whether_anybody_listens_the_stop_waits_and_the_notice_stands():
    made = due()
    made.fail("listeners", TryAgain("SNS did not answer"))
    judged = made.run()
    assert (made.stopped, judged.is_good) == ([], False)
    assert "whether anybody would be told is not known: SNS did not answer" in next_step(judged)
    made.mend()
    made.daily(1)
    assert made.stopped == [A]


# That it was stopped


def gone_silent(made: Estate) -> None:
    made.fail("publish", TryAgain("SNS did not answer"))
    made.run()
    made.mend()


def killed_after_the_stop(made: Estate) -> None:
    for number in range(99):
        copy = due()
        if copy.dies(number, "after") and copy.stopped:
            break
    assert made.dies(number, "after")
    made.line.time.sleep(1_000)  # the lease ends


def forced_after_the_message(made: Estate) -> None:
    made.last_told.kept = str(made.line.time.now.date())
    made.run(force=True)


@pytest.mark.parametrize("how", [gone_silent, killed_after_the_stop, forced_after_the_message])
def test_a_stop_that_no_message_told_of_is_told_by_the_next_one_and_once(how):
    made = due()
    how(made)
    before = len(made.topic.sent)
    assert made.stopped == [A]
    assert made.tags(A)[NOTICED].endswith(", stopping")
    judged = made.daily(1)
    (message,) = made.topic.sent[before:]
    assert f"{A}  {HERE}  m5.large  stopped on 2026-12-03" in message.body
    assert message.subject.startswith("Groundskeeper: 0 idle instances, 1 stopped earlier")
    assert [(each.instance.id, each.on) for each in judged.report.stopped] == [(A, ago(-7))]
    assert judged.told
    assert judged.told.owners == (f"owner of {HERE}",)
    assert not made.tags(A)[NOTICED].endswith(", stopping")
    made.daily(3)
    assert len(made.topic.sent) == before + 1


def test_a_stop_that_its_own_message_told_of_is_told_once():
    made = due()
    made.run()
    assert "it was stopped now" in made.topic.sent[-1].body
    sent = len(made.topic.sent)
    made.daily(3)
    assert len(made.topic.sent) == sent


def test_a_stop_of_which_ec2_gave_no_answer_is_told_if_it_came():
    made = due()
    made.lines[HERE].after = lambda: None
    real = made[HERE].stop

    def silent(ids):
        real(ids)
        raise TryAgain("EC2 did not answer")

    made[HERE].stop = silent  # type: ignore[method-assign]
    judged = made.run()
    assert "it was not stopped yet" in made.topic.sent[-1].body
    assert not judged.is_good
    made.daily(1)
    assert "stopped on 2026-12-03" in made.topic.sent[-1].body


def test_who_starts_one_that_was_stopped_untold_is_not_told_any_more():
    made = due()
    gone_silent(made)
    made.rest(0.2)
    made[HERE].start(A)
    before = len(made.topic.sent)
    made.rest(0.8)
    judged = made.run()
    assert judged.report.stopped == ()
    assert "stopped earlier" not in "".join(message.subject for message in made.topic.sent[before:])


def test_very_many_that_were_stopped_untold_are_told_some_in_each_message():
    made = Estate((HERE,))
    ids = many(450)
    note = f"{of_a_stop(NOW - 7 * ONE_DAY, NOW)}, stopping"
    for id_ in ids:
        made[HERE].add(flagged(id_, ago=8, noticed=7, wish="park"))
        made[HERE].tag(id_, NOTICED, note)
        made[HERE].stop_by_hand(id_)
    made.run()
    made.daily(2)
    told_of = [{id_ for id_ in ids if id_ in message.body} for message in made.topic.sent]
    assert [len(some) for some in told_of] == [200, 200, 50]
    assert set().union(*told_of) == set(ids)


# Time


def test_flags_leave_time_for_the_rest_of_a_run():
    made = site(*many(5))
    asked = list[float]()

    class Late(FakeTurn):
        def check(self, seconds: float = 0.0) -> None:
            asked.append(seconds)
            if seconds > 100 and len(asked) > 2:
                raise TryAgain("the time of this run is over")

    outcome = made.run(turn=Late())
    assert len(outcome.flagged.landed) == 2
    assert [each.instance.id for each in outcome.noted.landed] == many(2), "what was flagged is told of all the same"


def test_a_note_says_today_what_was_seen_today():
    made = told()
    made.daily(2)
    assert made.tags(A)[NOTICED] == f"{TODAY}T06:12Z of a stop on {ago(-GRACE)}, idle on {ago(-2)}"


# In whatever order it all happens


def _set(name: str) -> Callable[[Estate], object]:
    def change(made: Estate) -> None:
        setattr(made, name, not getattr(made, name))

    return change


def _fail(call: str) -> Callable[[Estate], object]:
    return lambda made: made.fail(call, TryAgain("later"), "" if call in BEYOND_REGIONS else HERE, times=2)


def _unseen(made: Estate) -> None:
    busy_in(made, 1)
    made.rest(16)  # longer than a window


def _grace(days: int) -> Callable[[Estate], object]:
    def change(made: Estate) -> None:
        rules = replace(made.rules(), grace=days)
        made.rules = lambda: rules

    return change


def _dies(number: int, when: str) -> Callable[[Estate], object]:
    return lambda made: made.dies(number, when)


BEYOND_REGIONS = ("publish", "write position", "listeners", "put")
CHANGES: dict[str, Callable[[Estate], object]] = {
    "busy": lambda made: busy_in(made, 0),
    "nobody looks, and it is busy": _unseen,
    "park": lambda made: made[HERE].tag(A, WISH, "park"),
    "no wish": lambda made: made[HERE].tag(A, WISH, None),
    "keep": lambda made: made[HERE].tag(A, WISH, "keep"),
    "restart": lambda made: made[HERE].restart(A),
    "somebody subscribes": lambda made: setattr(made.topic, "subscriptions", 1),
    "nobody listens": lambda made: setattr(made.topic, "subscriptions", 0),
    "longer grace": _grace(9),
    "shorter grace": _grace(1),
    **{f"{name} changes": _set(name) for name in ("parking", "flagging", "is_dry_run")},
    **{f"{call} fails": _fail(call) for call in (*BEYOND_REGIONS, "usage", f"mark {NOTICED}", "is protected", "some")},
}
DEATHS = {f"dies {when} call {number}": _dies(number, when) for number in range(20) for when in ("before", "after")}
STEPS = {**CHANGES, **DEATHS}
QUIET_DAYS = st.integers(1, 8).map(lambda days: [""] * days)
HISTORIES = st.lists(
    QUIET_DAYS
    | st.sampled_from([*CHANGES]).map(lambda step: [step])
    | st.sampled_from([*DEATHS]).map(lambda step: [step]),
    max_size=20,
).map(lambda parts: [step for part in parts for step in part])


def check_stop(made: Estate, at: datetime) -> None:
    """It was said, a day before at least; the last word was of a stop, on no later day; it was idle all the time."""
    words = [(each.at, _word(each.body)) for each in made.topic.sent if A in each.body and each.at < at]
    flagged_at = max(each.at for each in made[HERE].written if each.key == FLAG)
    assert words, "nobody was told"
    last = words[-1][1]
    assert last.startswith(("it is stopped on ", "it was not stopped yet", "it is not stopped now: ")), last
    days = [said.removeprefix("it is stopped on ")[:10] for _, said in words if said.startswith("it is stopped on ")]
    assert date.fromisoformat(days[-1]) <= at.date()
    assert (
        at.date() - next(when for when, said in words if when >= flagged_at and "is stopped on" in said).date()
        >= ONE_DAY
    )
    stopping = max(each.value for each in made[HERE].written if each.value.endswith(", stopping"))
    promised = date.fromisoformat(stopping[:10])
    assert not [day for _, day in made.metrics[HERE].busy if promised <= day <= at.date()]
    assert made.topic.subscriptions


def _word(body: str) -> str:
    lines = body.splitlines()
    (found,) = (
        number for number, line in enumerate(lines) if A in line and line.startswith("  ") and "  m5.large" in line
    )
    return lines[found + 1].strip().removeprefix("next: ") if "stopped on" not in lines[found] else "it was stopped"


@settings(deadline=None, max_examples=150)
@given(st.sampled_from([*PRESETS.values()]), HISTORIES)
def test_in_no_history_is_a_promise_broken(preset: Preset, history: list[str]):
    made = told(Rules(preset, grace=3))
    for step in history:
        made.mend()
        before = len(made[HERE].ended)
        if step:
            STEPS[step](made)
        if step not in DEATHS:
            made.run(force=True)
        for at, _ in made[HERE].ended[before:]:
            check_stop(made, at)
            made[HERE].start(A)
        made.rest()
