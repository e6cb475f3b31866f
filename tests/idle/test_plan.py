"""The plan: who is flagged, un-flagged, told and parked; nobody before his owner has known of it for days."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.idle import marks
from chalicelib.idle.changes import Flag, Plan
from chalicelib.idle.findings import Judgement
from chalicelib.idle.judging import excuse
from chalicelib.idle.marks import Notice
from chalicelib.idle.model import FLAG, NOTICED, WISH, Instance, Usage, Verdict, Window
from chalicelib.idle.plan import LEFT, MAY_PARK, NOT_BY_US, plan
from chalicelib.idle.plan import NOW as AT_ONCE
from chalicelib.idle.rules import PRESETS, Rules
from tests.idle.fakes import may_park
from tests.idle.fleets import ID, NOW, TODAY, ago, but, day, instance, judged, quiet, without

GRACE = Rules().grace
MINUTE, ONE_DAY = timedelta(minutes=1), timedelta(days=1)
DUE = NOW - timedelta(days=GRACE)  # who was told then is parked now
FLAGGED_AT = DUE - timedelta(hours=1)
OTHER = "i-0fedcba9876543210"
ANEW = "it is stopped on 2026-12-03 if its owner is told today, unless it is busy until then or somebody objects"
QUIET = quiet()
BUSY = but(QUIET, day(2, cpu=50))
SPARSE = without(QUIET, *range(1, 10))


def value(at: datetime = FLAGGED_AT, id_: str = ID) -> str:
    return marks.Flag(at, "compute-optimizer", ago(24), "peak CPU 1.0 percent at the most").value(id_)


def told(at: datetime = DUE, idle_on: date = TODAY) -> Notice:
    return Notice(at, at.date() + timedelta(days=GRACE), idle_on)


def note(at: datetime = DUE, *, announces_stop: bool = True, idle_on: date = TODAY) -> str:
    return (told(at, idle_on) if announces_stop else Notice(at)).value


def tagged(wish: str | None = "park", flag: str | None = value(), note: str | None = note()) -> Instance:
    """Return an instance that is due to be parked, unless its tags are said to be otherwise."""
    tags = {WISH: wish, FLAG: flag, NOTICED: note, "Name": "build"}
    return instance(tags={key: said for key, said in tags.items() if said is not None})


def verdict(seen: Instance, days: Usage = QUIET, rules: Rules | None = None) -> Judgement:
    rules = rules or Rules()
    return excuse(seen, rules, Window(NOW, rules.preset.days)) or judged(days, rules, seen)


def planned(seen: Instance, days: Usage = QUIET, rules: Rules | None = None, *, parking: bool = True) -> Plan:
    return plan([verdict(seen, days, rules)], rules or Rules(), NOW, may_park(parking))


def kinds(made: Plan) -> str:
    """Return what is done, in a word each."""
    done = {"flag": made.flags, "un-flag": made.unflags, "park": made.parks}
    return " ".join(word for word, changes in done.items() for _ in changes)


def test_an_idle_instance_is_flagged_with_its_reason():
    made = planned(tagged(None, None, None))
    (flag,) = made.flags
    assert kinds(made) == "flag"
    because = "peak CPU 1.00 % and network 0.50 MB a day at the most, on all 14 days and today"
    assert (flag.instance.id, flag.because) == (ID, because)
    assert flag.value == (
        f"2026-11-26T06:12Z {ID} compute-optimizer since 2026-11-12: {because.replace('%', 'percent').replace(',', '')}"
    )
    standing = made.standing[ID]
    assert (standing.flag.at, standing.notice, standing.next_step) == (NOW, None, LEFT)


def test_where_nothing_runs_nothing_is_planned():
    assert plan([], Rules(), NOW, MAY_PARK) == Plan()


@pytest.mark.parametrize(
    ("seen", "days", "done"),
    [
        pytest.param(tagged(), QUIET, "park", id="idle, agreed, and told as long ago as it takes"),
        pytest.param(tagged(None), QUIET, "", id="nobody agreed"),
        pytest.param(tagged("keep"), QUIET, "un-flag", id="flagged, then opted out"),
        pytest.param(tagged("keep until 2026-11-26"), QUIET, "un-flag", id="kept until today"),
        pytest.param(tagged("keep until 2026-11-25"), QUIET, "", id="kept until yesterday, which is no agreement"),
        pytest.param(tagged("keep until then"), QUIET, "un-flag", id="a malformed wish protects"),
        pytest.param(tagged("park keep"), QUIET, "un-flag", id="both wishes at once protect"),
        pytest.param(tagged(note=None), QUIET, "", id="nobody was told"),
        pytest.param(tagged(note="2026-11-01"), QUIET, "", id="a malformed note is none"),
        pytest.param(tagged(note=note(DUE + ONE_DAY)), QUIET, "", id="a day before the days are over"),
        pytest.param(tagged(note=note(DUE + MINUTE)), QUIET, "park", id="the day that was said, a minute early"),
        pytest.param(tagged(note=note(idle_on=ago(2))), QUIET, "park", id="nobody looked yesterday"),
        pytest.param(tagged(note=note(idle_on=ago(3))), QUIET, "", id="nobody looked for days: it may have been busy"),
        pytest.param(tagged(note=note(idle_on=ago(-1))), QUIET, "", id="it was seen idle in the future"),
        pytest.param(tagged(note=note(announces_stop=False)), QUIET, "", id="told, and not of a stop"),
        pytest.param(tagged(" park "), QUIET, "un-flag", id="a blank in the wish protects"),
        pytest.param(tagged(note=note(FLAGGED_AT - MINUTE)), QUIET, "", id="the note is of another flag"),
        pytest.param(tagged(note="9999-12-31T23:59Z"), QUIET, "", id="the note is of the end of time"),
        pytest.param(tagged(flag=None), QUIET, "flag", id="told, and the flag was taken away"),
        pytest.param(tagged(flag="idle"), QUIET, "flag", id="a malformed flag is written anew"),
        pytest.param(tagged(flag=value(id_=OTHER)), QUIET, "flag", id="the flag was copied from another"),
        pytest.param(tagged(flag=value(NOW + MINUTE)), QUIET, "flag", id="the flag is of the future"),
        pytest.param(replace(tagged(), launched=DUE), QUIET, "flag", id="started again after it was flagged"),
        pytest.param(tagged(), BUSY, "un-flag", id="busy again"),
        pytest.param(tagged(), but(QUIET, day(0, cpu=50)), "un-flag", id="busy today"),
        pytest.param(tagged(), SPARSE, "", id="data are missing: nothing speaks for it, nothing against it"),
        pytest.param(tagged(None, value(), None), BUSY, "un-flag", id="a flag alone is taken away"),
        pytest.param(tagged(None, None, note()), BUSY, "un-flag", id="so is a note alone"),
        pytest.param(tagged(None, "hm", "hm"), BUSY, "un-flag", id="so is what cannot be read"),
        pytest.param(tagged(None, None, None), BUSY, "", id="what has no flag is not un-flagged"),
        pytest.param(replace(tagged(), since=NOW), QUIET, "un-flag", id="a young one with tags of another"),
        pytest.param(replace(tagged(), lifecycle="spot"), QUIET, "un-flag", id="one that is exempt"),
    ],
)
def test_what_is_done_is_told_by_verdict_and_tags(seen: Instance, days: Usage, done: str):
    assert kinds(planned(seen, days)) == done


def test_parking_says_since_when_and_when_its_owner_was_told():
    (park,) = planned(tagged()).parks
    told = "its owner was told on 2026-11-19"
    assert park.because == f"it has been idle since 2026-11-02, {told}, and the days of grace are over"


def test_unflagging_says_why():
    (unflag,) = planned(tagged(), BUSY).unflags
    assert unflag.because == f"it is active: peak CPU 50.00 % on {ago(2)}"


@pytest.mark.parametrize(
    ("seen", "parking", "next_step"),
    [
        pytest.param(tagged(), True, AT_ONCE, id="now"),
        pytest.param(tagged(), False, NOT_BY_US, id="the stack stops nothing"),
        pytest.param(tagged(None), True, LEFT, id="its people did not agree"),
        pytest.param(tagged(None), False, NOT_BY_US, id="its people did not agree, and the stack stops nothing"),
        pytest.param(tagged(note=None), True, ANEW, id="not told"),
        pytest.param(tagged(note=note(announces_stop=False)), True, ANEW, id="told, and not of a stop"),
        pytest.param(
            tagged(note=note(DUE + ONE_DAY)),
            True,
            "it is stopped on 2026-11-27, unless it is busy until then or somebody objects",
            id="told",
        ),
    ],
)
def test_it_is_said_what_comes_next(seen: Instance, parking: bool, next_step: str):
    made = planned(seen, parking=parking)
    assert made.standing[ID].next_step == next_step
    assert bool(made.parks) == (next_step == AT_ONCE)


def test_a_flag_that_stands_says_what_it_said_when_it_was_written():
    standing = planned(tagged()).standing[ID]
    assert (standing.flag.at, standing.flag.since, standing.notice) == (FLAGGED_AT, ago(24), told())


@pytest.mark.parametrize(
    ("wish", "said", "parking", "is_news"),
    [
        pytest.param("park", None, True, True, id="nobody was told"),
        pytest.param("park", True, True, False, id="told of the stop that comes"),
        pytest.param("park", False, True, True, id="told that nothing comes, and a stop does"),
        pytest.param(None, True, True, True, id="told of a stop, and nobody agrees any more"),
        pytest.param("park", True, False, True, id="told of a stop, and the stack stops nothing any more"),
        pytest.param(None, False, True, False, id="told that nothing comes, and nothing does"),
        pytest.param("park", False, False, False, id="told that the stack stops nothing, and it does not"),
    ],
)
def test_owners_are_told_anew_where_what_comes_is_not_what_they_were_told(
    wish: str | None, said: bool | None, parking: bool, is_news: bool
):
    seen = tagged(wish, note=None if said is None else note(announces_stop=said))
    standing = planned(seen, parking=parking).standing[ID]
    assert (standing.is_news, standing.stop is not None) == (is_news, wish == "park" and parking)


def test_what_must_not_be_stopped_is_idle_and_not_parked_and_that_is_said():
    found = replace(verdict(tagged()), cannot_park="that would erase its instance store")
    made = plan([found], Rules(), NOW, MAY_PARK)
    assert (made.parks, made.unflags) == ((), ())
    standing = made.standing[ID]
    assert standing.next_step == "it is not stopped: that would erase its instance store"
    assert standing.stop is None


def test_only_what_is_idle_stands():
    assert planned(tagged(), BUSY).standing == planned(tagged("keep")).standing == {}


def test_a_wish_that_cannot_be_read_is_a_problem_whatever_the_verdict():
    young = replace(tagged("prak"), since=NOW)
    for seen, days in ((tagged("prak"), QUIET), (tagged("prak"), BUSY), (young, QUIET)):
        (problem,) = planned(seen, days).problems
        assert problem.subject == ID
        assert problem.reason == (
            "its tag groundskeeper:idle is 'prak', and wants keep, keep until a day such as 2027-01-31, or park"
        )
    assert planned(tagged()).problems == ()


TRUSTED = Rules(PRESETS["trusted-advisor"])


@pytest.mark.parametrize(
    ("busy", "next_step"),
    [
        pytest.param(3, f"it is not stopped, since it was busy on {ago(3)}, after it had been flagged", id="after it"),
        pytest.param(7, f"it is not stopped, since it was busy on {ago(7)}, after it had been flagged", id="that day"),
        pytest.param(8, AT_ONCE, id="before it was flagged"),
    ],
)
def test_where_some_busy_days_are_allowed_none_of_them_may_follow_the_flag(busy: int, next_step: str):
    days = but(QUIET, day(busy, cpu=50))
    made = planned(tagged(), days, TRUSTED)
    assert made.standing[ID].next_step == next_step
    assert bool(made.parks) == (next_step == AT_ONCE)


WISHES = st.sampled_from(
    [None, "park", "keep", "PARK", "park ", "keep until 2026-11-26", "keep until 2026-11-25", "prak", ""]
)
MOMENTS = st.integers(-20 * 1_440, 1_440).map(lambda minutes: NOW + minutes * MINUTE) | st.sampled_from(
    [DUE, DUE + MINUTE, DUE - MINUTE, FLAGGED_AT, NOW]
)
NOTES = (
    st.none()
    | st.builds(
        note,
        MOMENTS,
        announces_stop=st.sampled_from([True, True, False]),
        idle_on=st.sampled_from([TODAY, TODAY, ago(1), ago(2), ago(3), ago(-1), ago(30)]),
    )
    | st.text(max_size=30)
    | st.just("9999-12-31T23:59Z")
)
FLAGS = st.none() | st.builds(value, MOMENTS, st.sampled_from([ID, ID, ID, OTHER])) | st.text(max_size=60)
DAYS = st.sampled_from([QUIET, QUIET, QUIET, BUSY, SPARSE, (), but(QUIET, day(0, cpu=90))])
SEEN = st.builds(
    lambda wish, flag, note, launched: replace(tagged(wish, flag, note), launched=min(launched, NOW)),
    WISHES,
    FLAGS,
    NOTES,
    st.just(NOW - timedelta(days=90)) | MOMENTS,
)


@given(SEEN, DAYS, st.booleans(), st.sampled_from([Rules(), TRUSTED, replace(Rules(), grace=1)]))
def test_nothing_is_parked_unless_all_speaks_for_it(seen: Instance, days: Usage, parking: bool, rules: Rules):
    made = planned(seen, days, rules, parking=parking)
    for park in made.parks:
        assert parking
        assert seen.tags[WISH].lower() == "park"
        said = seen.tags[FLAG].split()
        assert said[1] == park.instance.id == ID
        noticed, rest = seen.tags[NOTICED].split(" of a stop on ")
        stop, idle_on = (date.fromisoformat(text) for text in rest.split(", idle on "))
        flagged, told = (datetime.fromisoformat(text) for text in (said[0], noticed))
        assert seen.launched <= flagged <= told
        assert told.date() + timedelta(days=rules.grace) <= TODAY
        assert stop <= TODAY
        assert ago(2) <= idle_on <= TODAY
        assert verdict(seen, days, rules).verdict is Verdict.IDLE
        assert all(each.cpu is not None and each.cpu <= 10 for each in days if each.day >= flagged.date())


@given(SEEN, DAYS, st.booleans())
def test_each_instance_gets_one_change_at_the_most_and_idle_ones_a_standing(seen: Instance, days: Usage, parking: bool):
    made = planned(seen, days, parking=parking)
    assert len(made.flags) + len(made.unflags) + len(made.parks) <= 1
    assert set(made.standing) == ({ID} if verdict(seen, days).verdict is Verdict.IDLE else set())
    for flag in made.flags:
        assert len(flag.value) <= marks.LONGEST_VALUE


def carried_out(seen: Instance, made: Plan) -> Instance:
    """Return the instance with its tags as the plan wants them."""
    tags = {key: said for key, said in seen.tags.items() if not (made.unflags and key in (FLAG, NOTICED))}
    for flag in made.flags:
        tags[FLAG] = flag.value
    return replace(seen, tags=tags)


@given(SEEN, DAYS)
def test_what_was_carried_out_is_not_planned_again(seen: Instance, days: Usage):
    made = planned(seen, days)
    again = planned(carried_out(seen, made), days)
    assert (again.flags, again.unflags) == ((), ())
    assert all(park in made.parks for park in again.parks), "nothing is parked for having been flagged just now"


@given(st.lists(SEEN, max_size=5), DAYS)
def test_instances_do_not_matter_to_each_other(some: list[Instance], days: Usage):
    some = [replace(each, id=f"i-{number:017x}") for number, each in enumerate(some)]
    whole = plan([verdict(each, days) for each in some], Rules(), NOW, MAY_PARK)
    alone = [planned(each, days) for each in some]
    assert whole.flags == tuple(flag for each in alone for flag in each.flags)
    assert whole.unflags == tuple(unflag for each in alone for unflag in each.unflags)
    assert whole.parks == tuple(park for each in alone for park in each.parks)
    assert whole.problems == tuple(problem for each in alone for problem in each.problems)
    assert whole.standing == {id_: standing for each in alone for id_, standing in each.standing.items()}


def test_changes_are_values():
    made = planned(tagged(None, None, None))
    assert made.flags == (Flag(tagged(None, None, None), made.flags[0].value, made.flags[0].because),)
    assert made == planned(tagged(None, None, None))
    assert made.standing[ID].flag.at.date() == TODAY
