"""Idle instances as a whole: one message a day, whatever fails; and one region that fails spoils none of the others."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest

from chalicelib.economics.book import PriceBook, Usual
from chalicelib.economics.quotes import Quotes
from chalicelib.errors import BadDefinition, BadSettings, GroundskeeperError, TryAgain
from chalicelib.idle import definitions
from chalicelib.idle.model import FLAG, NOTICED, WISH, Verdict
from chalicelib.idle.rules import Rules
from chalicelib.idle.service import NOBODY_LISTENS
from chalicelib.lease.turn import Turn
from tests.idle.estates import ACCOUNT, BUCKET, OTHER, PRICES, QUIET, A, B, C, D, Estate, flagged
from tests.idle.fakes import HERE, ONE_DAY, FakeTurn
from tests.idle.fleets import NOW, TODAY, instance
from tests.racing import every_order
from tests.snapshots.fakes import meet

ONE = (HERE,)
GRACE = Rules().grace


def bodies(estate: Estate) -> list[str]:
    return [message.body for message in estate.topic.sent]


def busy_today(estate: Estate, id_: str, region: str = HERE) -> None:
    estate.metrics[region].busy[id_, TODAY] = 90.0


# A run


def test_a_run_judges_every_region_flags_tells_notes_and_keeps_the_report():
    estate = Estate()
    judged = estate.run()
    assert judged.is_good
    assert {name: [each.verdict for each in made.judgements] for name, made in judged.outcomes.items()} == {
        HERE: [Verdict.IDLE],
        OTHER: [Verdict.IDLE],
    }
    assert estate.flagged == estate.noticed == {A, B}
    (message,) = estate.topic.sent
    assert (A in message.body, B in message.body) == (True, True)
    assert (f"owner of {HERE}" in message.body, f"owner of {OTHER}" in message.body) == (True, True)
    assert judged.told
    assert judged.told.named == {(HERE, A), (OTHER, B)}
    assert judged.report.kept_at == f"s3://{BUCKET}/{TODAY}.html"
    assert judged.report.kept_at in message.body, "the message says where the whole of it is"


def test_the_report_is_kept_in_three_formats_that_tell_of_the_same_instances():
    estate = Estate()
    estate.run()
    assert list(estate.store.kept) == [TODAY]
    documents = estate.store.kept[TODAY]
    assert set(documents) == {"html", "json", "csv"}
    assert documents["html"].startswith("<!doctype html>") or documents["html"].startswith("<!DOCTYPE html>")
    assert json.loads(documents["json"])["account"] == ACCOUNT
    for text in documents.values():
        assert (A in text, B in text) == (True, True)


def test_prices_are_asked_for_what_is_idle_in_each_region_alone():
    estate = Estate()
    estate[HERE].add(instance(C, type="p4d.24xlarge"), instance(D, type="c7i.large", platform="Windows"))
    busy_today(estate, C)
    judged = estate.run()
    assert estate.prices.asked == {
        HERE: {("Linux/UNIX", "m5.large"), ("Windows", "c7i.large")},
        OTHER: {("Linux/UNIX", "m5.large")},
    }
    found = {each.judgement.instance.id: each for each in judged.report.findings}
    assert found[A].net == pytest.approx(0.1 * 730)
    waste = found[D].waste
    assert waste
    assert (waste.net, waste.unpriced) == (None, ("c7i.large (Windows)",)), "no price is said, and is not 0"


def test_nothing_idle_is_no_message_and_still_a_report():
    estate = Estate(ONE)
    busy_today(estate, A)
    judged = estate.run()
    assert (judged.is_good, judged.told, estate.topic.sent) == (True, None, [])
    assert list(estate.store.kept) == [TODAY]
    assert estate.last_told.kept == "", "there may be something to tell later on the day"


def test_an_account_without_instances_is_a_good_run():
    estate = Estate(ONE)
    estate[HERE].there.clear()
    judged = estate.run()
    assert (judged.is_good, judged.report.findings, estate.topic.sent) == (True, (), [])


# One message a day


def test_there_is_one_message_a_day_however_often_it_runs():
    estate = Estate()
    for _ in range(3):
        assert estate.run().is_good
        estate.rest(0.2)
    assert len(estate.topic.sent) == 1
    estate.rest(0.5)
    for _ in range(3):
        estate.run()
    assert [message.at.date() for message in estate.topic.sent] == [TODAY, TODAY + ONE_DAY]


def test_a_day_of_messages_is_one_of_utc():
    estate = Estate(ONE)
    estate.line.time.now = NOW.replace(hour=23, minute=59).astimezone(ZoneInfo("Pacific/Auckland"))
    estate.run()
    estate.rest(2 / 24 / 60)
    estate.run()
    assert len(estate.topic.sent) == 2
    assert list(estate.store.kept) == [TODAY, (NOW + ONE_DAY).date()]


def test_what_is_found_later_on_the_day_is_flagged_and_told_on_the_next():
    estate = Estate(ONE)
    estate.run()
    estate[HERE].add(instance(C))
    judged = estate.run()
    assert (judged.is_good, judged.told) == (True, None)
    assert (estate.flagged, estate.noticed) == ({A, C}, {A})
    estate.rest()
    estate.run()
    assert estate.noticed == {A, C}
    assert [C in body for body in bodies(estate)] == [False, True]


def crowd() -> Estate:
    """Return one region with something to do of each kind: flag, note, un-flag, stop."""
    estate = Estate(ONE)
    estate[HERE].add(flagged(B, ago=9, noticed=9, wish="park"), flagged(C, ago=1), flagged(D, ago=3, noticed=3))
    busy_today(estate, D)
    return estate


def test_a_run_in_a_crowd_does_each_of_it():
    """Else whoever dies below would not die in between."""
    estate = crowd()
    assert estate.run().is_good
    assert (estate.flagged, estate.noticed, estate.stopped) == ({A, B, C}, {A, B, C}, [B])
    assert estate.tags(D) == {}
    assert {f"mark {FLAG}", f"mark {NOTICED}", "unmark", "stop 1", "put", "publish", "write position"} <= estate.calls


@pytest.mark.parametrize("when", ["before", "after"])
def test_whichever_call_a_run_dies_at_owners_are_told_once_and_nothing_is_noted_without_that(when: str):
    ends = []
    for number in count():
        estate = crowd()
        if not estate.dies(number, when):
            break
        is_unknown = bool(estate.topic.sent) and not estate.last_told.kept
        for id_ in estate.noticed - {B, D}:
            assert any(id_ in body for body in bodies(estate)), "noted, and nobody had been told"
        estate.line.time.sleep(estate.lease.seconds)
        for _ in range(2):
            assert estate.run().is_good
        assert len(estate.topic.sent) == 1 + is_unknown
        ends.append(len(estate.topic.sent))
        assert (estate.flagged, estate.stopped) == ({A, B, C}, [B])
        estate.rest()
        assert estate.run().is_good
        assert len(estate.topic.sent) == 2 + is_unknown
        assert estate.noticed == {A, B, C}, "a day later at the most"
        for id_ in (A, C):
            noticed = estate.tags(id_)[NOTICED]
            assert any(
                f"{message.at:%Y-%m-%d}" == noticed[:10] and id_ in message.body for message in estate.topic.sent
            )
    assert len(ends) >= 15
    assert ends.count(2) == 1, "only between the message and the note that it was sent does nobody know"


def test_a_notice_counts_however_long_a_run_takes():
    """Flags are written while the run goes on: the note that the owner knows must not be older than they are."""
    estate = Estate()
    for name in estate.regions:
        estate[name].tag(A if name == HERE else B, WISH, "park")
    estate.lease.seconds = 1e6
    for line in (estate.line, *estate.lines.values()):
        line.seconds = 100.0
    assert estate.run().is_good
    written = {id_: estate.tags(id_)[NOTICED].partition(" of")[0] for id_ in (A, B)}
    estate.rest()
    again = estate.run()
    assert {each.judgement.instance.id: each.noticed for each in again.report.idle} == {A: TODAY, B: TODAY}
    assert {id_: estate.tags(id_)[NOTICED].partition(" of")[0] for id_ in (A, B)} == written
    assert "NEW" not in estate.topic.sent[-1].body
    for line in (estate.line, *estate.lines.values()):
        line.seconds = 0.0
    estate.daily(GRACE - 1)
    assert sorted(estate.stopped) == [A, B]


def test_two_runs_at_once_tell_once_in_whatever_order_they_meet():
    def race(choose: Callable[[int], int]) -> None:
        estate = crowd()
        meet(estate.line, estate.run, choose)
        assert (len(estate.topic.sent), estate.stopped) == (1, [B])
        assert (estate.flagged, estate.noticed) == ({A, B, C}, {A, B, C})

    assert every_order(race) > 10


def test_a_run_that_finds_another_at_work_does_nothing():
    estate = Estate()
    with estate.lease.turn():
        done = len(estate.line.calls)
        with pytest.raises(TryAgain, match="another run"):
            estate.run()
        assert estate.line.calls[done:] == ["lease"]
        assert estate.calls == {"lease"}


def test_a_run_whose_time_is_over_tells_nobody_for_another_may_be_telling():
    estate = Estate()

    def late() -> None:
        if estate.line.calls[-1] == "put":
            estate.line.time.sleep(estate.lease.seconds)

    estate.line.after = late
    judged = estate.run()
    assert (estate.topic.sent, estate.noticed, judged.told) == ([], set(), None)
    assert [(each.subject, each.reason) for each in judged.problems] == [
        ("owners were not told", "the time of this run is over")
    ]
    assert not judged.is_good
    estate.line.after = lambda: None
    estate.run()
    assert (len(estate.topic.sent), estate.noticed) == (1, {A, B})


# Nobody listens, or nobody can be told


def test_where_nobody_has_subscribed_nothing_is_noted_or_parked_and_it_is_said():
    estate = Estate(ONE)
    estate[HERE].tag(A, WISH, "park")
    estate.topic.subscriptions = 0
    for _ in range(GRACE + 2):
        judged = estate.run()
        assert [(each.subject, each.reason) for each in judged.problems] == [("owners were not told", NOBODY_LISTENS)]
        assert (judged.is_good, judged.told) == (False, None)
        assert (estate.flagged, estate.noticed, estate.stopped, estate.topic.sent) == ({A}, set(), [], [])
        estate.rest()
    assert estate.last_told.kept == ""
    estate.topic.subscriptions = 1
    assert estate.run().is_good
    assert (len(estate.topic.sent), estate.noticed, estate.stopped) == (1, {A}, [])
    estate.daily(GRACE)
    assert estate.stopped == [A]


def test_where_nothing_is_parked_that_nobody_listens_is_a_hint_and_no_failure():
    estate = Estate(parking=False)
    estate.topic.subscriptions = 0
    judged = estate.run()
    assert [(each.subject, each.reason) for each in judged.hints] == [("owners were not told", NOBODY_LISTENS)]
    assert (judged.problems, judged.is_good, estate.noticed, estate.topic.sent) == ([], True, set(), [])


@pytest.mark.parametrize("call", ["read position", "listeners", "publish"])
@pytest.mark.parametrize("error", [TryAgain("later"), BadSettings("the topic is gone")], ids=repr)
def test_the_report_is_kept_though_nobody_can_be_told(call: str, error: GroundskeeperError):
    estate = Estate()
    estate.fail(call, error)
    judged = estate.run()
    ((subject, reason),) = [(each.subject, each.reason) for each in judged.problems]
    assert (subject, reason.endswith(str(error))) == ("owners were not told", True)
    assert (judged.is_good, judged.told, estate.noticed) == (False, None, set())
    assert list(estate.store.kept) == [TODAY]
    estate.mend()
    assert estate.run().is_good
    assert (len(estate.topic.sent), estate.noticed) == (1, {A, B}), "the next run tells, on the same day"


def test_a_message_that_is_not_known_to_be_told_is_said_and_is_told_again():
    estate = Estate()
    estate.fail("write position", TryAgain("DynamoDB did not answer"))
    judged = estate.run()
    (problem,) = judged.problems
    assert problem.subject != "owners were not told", "they were"
    assert problem.reason == "DynamoDB did not answer"
    assert (judged.is_good, judged.told is None, estate.noticed) == (False, False, set())
    estate.mend()
    assert estate.run().is_good
    assert (len(estate.topic.sent), estate.noticed) == (2, {A, B})


@pytest.mark.parametrize("error", [TryAgain("later"), BadSettings("the bucket is gone")], ids=repr)
def test_owners_are_told_though_the_report_is_not_kept(error: GroundskeeperError):
    estate = Estate()
    estate.fail("put", error)
    judged = estate.run()
    assert [(each.subject, each.reason) for each in judged.problems] == [("the report was not kept", str(error))]
    assert (judged.is_good, judged.report.kept_at) == (False, "")
    assert (len(estate.topic.sent), estate.noticed) == (1, {A, B})
    assert "The whole report:" not in estate.topic.sent[0].body


def test_what_cannot_be_noted_is_said_and_is_noted_another_day():
    estate = Estate()
    estate.fail(f"mark {NOTICED}", TryAgain("EC2 said RequestLimitExceeded"), HERE)
    judged = estate.run()
    assert estate.noticed == {B}
    assert judged.outcomes[HERE].undone == [(A, "EC2 said RequestLimitExceeded")]
    assert not judged.is_good
    estate.mend()
    estate.rest()
    assert estate.run().is_good
    assert estate.noticed == {A, B}


def test_what_is_not_flagged_is_told_and_not_noted():
    estate = Estate()
    estate[HERE].untaggable.add(A)
    judged = estate.run()
    assert (estate.flagged, estate.noticed) == ({B}, {B})
    ((id_, reason),) = judged.outcomes[HERE].undone
    assert (id_, reason.startswith("UnauthorizedOperation")) == (A, True)
    assert judged.is_good, "another run would be refused as well"
    assert A in bodies(estate)[0]


def test_of_a_digest_too_large_for_all_only_those_named_are_noted_and_the_others_next():
    estate = Estate(ONE)
    ids = [f"i-{number:017x}" for number in range(700)]
    long = "\N{GRINNING FACE}" * 60
    estate[HERE].add(*(instance(id_, {"Name": long, "Owner": f"team {n % 9}"}) for n, id_ in enumerate(ids)))
    judged = estate.run()
    assert judged.told
    named = {id_ for _, id_ in judged.told.named}
    assert 200 < len(named) < len(ids)
    assert estate.noticed == named == {id_ for id_ in [A, *ids] if id_ in bodies(estate)[0]}
    assert estate.flagged == {A, *ids}
    estate.rest()
    estate.run()
    assert estate.noticed == {A, *ids}


# Regions that fail


DENIED, LATER = BadSettings("EC2 in eu-west-1 denies access"), TryAgain("later")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        *((call, error) for call in ("running", "usage", "kinds", "volumes") for error in (DENIED, LATER)),
        ("is protected", DENIED),
    ],
    ids=str,
)
def test_a_region_that_cannot_be_read_is_reported_and_spoils_no_other(call: str, error: GroundskeeperError):
    estate = Estate()
    estate.fail(call, error, HERE)
    judged = estate.run()
    assert judged.errors == {HERE: error}
    assert judged.report.errors == {HERE: str(error)}
    assert (estate.flagged, estate.noticed, judged.is_good) == ({B}, {B}, False)
    (message,) = estate.topic.sent
    assert (f"{HERE}: {error}" in message.body, "1 region not read" in message.subject) == (True, True)
    assert HERE in estate.store.kept[TODAY]["html"]
    assert HERE not in estate.prices.asked


def test_what_nobody_knows_to_be_unprotected_is_flagged_and_told_and_not_stopped_until_that_is_known():
    """The looks at each instance alone are what a run runs out of time with."""
    estate = crowd()
    estate.fail("is protected", LATER, HERE)
    judged = estate.run()
    assert (judged.errors, estate.stopped) == ({}, [])
    assert (estate.flagged, estate.noticed) == ({A, B, C}, {A, B, C})
    (found,) = (each for each in judged.report.idle if each.judgement.instance.id == B)
    assert "later" in found.judgement.unknown
    assert found.next_step.startswith("it is not stopped now: whether it is protected")
    assert not judged.is_good
    estate.mend()
    estate.rest()
    estate.run()
    assert estate.stopped == [B]


def test_regions_that_cannot_be_read_are_told_though_nothing_is_idle():
    estate = Estate()
    busy_today(estate, B, OTHER)
    estate.fail("running", BadSettings("denied"), HERE)
    judged = estate.run()
    assert judged.told
    assert judged.told.named == frozenset()
    assert "1 region not read" in estate.topic.sent[0].subject


def test_where_no_region_can_be_read_that_is_told():
    estate = Estate()
    for name in estate.regions:
        estate.fail("running", BadSettings("denied"), name)
    judged = estate.run()
    assert (set(judged.errors), judged.outcomes, len(estate.topic.sent)) == ({HERE, OTHER}, {}, 1)
    assert list(estate.store.kept) == [TODAY]


def test_an_instance_that_vanishes_while_it_is_flagged_spoils_nothing():
    estate = Estate()
    estate[HERE].add(instance(C))

    def vanishes() -> None:
        if estate.lines[HERE].calls[-1] == "is protected" and A in estate[HERE].there:
            estate[HERE].terminate(A)

    estate.lines[HERE].after = vanishes
    judged = estate.run()
    assert judged.errors == {}
    assert (estate.flagged, estate.noticed) == ({B, C}, {B, C})


def test_regions_do_not_wait_for_one_another():
    """One that EC2 throttles must not take the time of the others."""
    estate, met = Estate(), Barrier(2, timeout=20)

    def wait(name: str) -> Callable[[], None]:
        return lambda: _void(met.wait()) if estate.lines[name].calls == ["running"] else None

    for name in estate.regions:
        estate.lines[name].after = wait(name)
    assert estate.run().is_good
    assert estate.flagged == {A, B}


def _void(_: object) -> None:
    return


def test_a_plan_that_would_stop_too_much_stops_nothing_and_is_not_good_unless_a_person_says_so():
    def due() -> Estate:
        estate = Estate(ONE)
        estate[HERE].there.clear()
        estate[HERE].add(*(flagged(f"i-{number:017x}", 9, 9, "park") for number in range(8)))
        return estate

    estate, forced = due(), due()
    judged = estate.run()
    assert (estate.stopped, judged.is_good) == ([], False)
    assert forced.run(force=True).is_good
    assert len(forced.stopped) == 8


# What changes nothing


def test_a_dry_run_and_a_preview_change_nothing_and_say_the_same():
    dry, estate = crowd(), crowd()
    dry.is_dry_run = True
    for judged, made in ((dry.run(), dry), (dry.run(force=True), dry), (estate.idle.preview(), estate)):
        plan = judged.outcomes[HERE].plan
        assert ([each.instance.id for each in plan.flags], [each.instance.id for each in plan.parks]) == ([A], [B])
        assert [each.instance.id for each in plan.unflags] == [D]
        assert (judged.told, judged.report.kept_at, judged.is_good) == (None, "", True)
        assert made.calls <= {*QUIET, f"price {HERE}", "listeners"} - {"lease"}
        assert (made.topic.sent, made.store.kept, made.stopped) == ([], {}, [])
        steps = {each.judgement.instance.id: each.next_step for each in judged.report.idle}
        assert steps[B] == "it is stopped now"
    assert (dry.flagged, dry.noticed) == (estate.flagged, estate.noticed) == ({B, C, D}, {B, D})


@pytest.mark.parametrize("parks", [True, False])
def test_a_preview_says_that_nobody_would_be_told_where_that_matters_for_stops(parks: bool):
    estate = Estate(ONE, is_dry_run=True, parking=parks)
    estate[HERE].add(instance(C, {WISH: "park"}))
    estate.topic.subscriptions = 0
    judged = estate.run()
    assert [each.reason for each in judged.hints] == [NOBODY_LISTENS] * parks
    assert ("listeners" in estate.calls, judged.is_good) == (parks, True)
    estate.fail("listeners", TryAgain("SNS did not answer"))
    again = estate.run()
    assert ["SNS did not answer" in each.reason for each in again.problems] == [True] * parks


def test_a_stack_that_does_not_flag_tells_once_a_day_and_keeps_the_report_and_changes_no_instance():
    estate = crowd()
    estate.flagging = False
    for _ in range(2):
        assert estate.run().is_good
    assert (estate.flagged, estate.noticed, estate.stopped) == ({B, C, D}, {B, D}, [])
    assert (len(estate.topic.sent), list(estate.store.kept)) == (1, [TODAY])
    assert "it is stopped now" not in bodies(estate)[0]


def test_a_stack_that_does_not_park_flags_and_tells_and_stops_nothing():
    estate = crowd()
    estate.parking = False
    assert estate.run().is_good
    assert (estate.flagged, estate.noticed, estate.stopped) == ({A, B, C}, {A, B, C}, [])
    assert "IdleParking or IdleFlags is 0" in bodies(estate)[0]


# Rules and prices


def malformed() -> Rules:
    return definitions.read("grace: never", "idle.yaml")


@pytest.mark.parametrize("is_dry_run", [False, True])
@pytest.mark.parametrize(
    ("rules", "error"), [(malformed, BadDefinition), (None, TryAgain)], ids=["malformed", "unread"]
)
def test_without_rules_nothing_is_done_and_the_lease_is_given_back(
    rules: Callable[[], Rules] | None, error: type[GroundskeeperError], is_dry_run: bool
):
    def unread() -> Rules:
        raise TryAgain("S3 did not answer")

    estate = Estate(rules=rules or unread, is_dry_run=is_dry_run)
    with pytest.raises(error, match=r"grace|S3"):
        estate.run()
    assert estate.calls <= {"lease"}
    estate.rules = Rules
    assert estate.run().is_good


@pytest.mark.parametrize(
    "error", [TryAgain("S3 did not answer"), BadDefinition("prices.yaml", ("line 1: no",))], ids=repr
)
def test_prices_that_cannot_be_read_end_a_run_before_anything_is_changed(error: GroundskeeperError):
    """Else what was flagged and stopped would be told by nobody."""
    estate = crowd()
    estate.fail("prices", error)
    with pytest.raises(type(error)):
        estate.run()
    assert (estate.flagged, estate.stopped, estate.tags(A)) == ({B, C, D}, [], {})
    estate.mend()
    assert estate.run().is_good


def test_a_price_list_that_does_not_answer_is_said_and_the_table_holds():
    class Down:
        def region(self, *_: object) -> None:
            raise TryAgain("The Price List said ThrottlingException")

    book = PriceBook(PRICES.origin, dict.fromkeys((HERE, OTHER), PRICES), Usual("", "", "", ""))
    estate = Estate()
    judged = replace(estate.idle, prices=lambda: Quotes(book, Down())).run()  # type: ignore[arg-type]
    (problem,) = judged.report.problems
    assert (problem.subject, "ThrottlingException" in problem.reason) == ("prices", True)
    assert [each.net for each in judged.report.idle] == pytest.approx([73.0, 73.0])
    assert "ThrottlingException" in bodies(estate)[0]
    assert "ThrottlingException" in estate.store.kept[TODAY]["html"]


def test_rules_are_read_once_for_all_regions():
    reads = []

    def read() -> Rules:
        reads.append(1)
        return Rules(exempt_tags=frozenset({"Owner"}))

    estate = Estate(rules=read)
    judged = estate.run()
    assert (len(reads), judged.report.counts[Verdict.EXEMPT], estate.flagged) == (1, 2, set())


def test_a_lease_is_held_from_the_first_look_to_the_last_note():
    estate, held = Estate(ONE), []

    @contextmanager
    def turn() -> Iterator[Turn]:
        held.append(len(estate.calls))
        yield FakeTurn()
        held.append(len(estate.calls))

    replace(estate.idle, turn=turn).run()
    assert held == [0, len(estate.calls)]
    assert {f"mark {NOTICED}", "write position", "put"} <= estate.calls


def test_an_owner_is_told_again_each_day_until_it_is_busy_and_then_it_is_unflagged():
    estate = Estate(ONE)
    for _ in range(3):
        estate.run()
        estate.rest()
    assert [("NEW" in body, A in body) for body in bodies(estate)] == [(True, True), (False, True), (False, True)]
    estate.metrics[HERE].busy[A, (NOW + timedelta(days=3)).date()] = 90.0
    estate.run()
    assert (len(estate.topic.sent), estate.tags(A)) == (3, {})
