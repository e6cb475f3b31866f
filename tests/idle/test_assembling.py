"""The report says what was found and done: verdicts, prices, owners, what happens next; and nothing that is not so."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from chalicelib.economics.prices import Origin, RegionPrices, VolumePrice
from chalicelib.economics.quotes import Quote
from chalicelib.errors import BadSettings, Refused, TryAgain
from chalicelib.idle import assembling
from chalicelib.idle.findings import NOBODY, Finding, Report, Suggestion
from chalicelib.idle.job import Outcome
from chalicelib.idle.marks import Flag, Notice
from chalicelib.idle.model import FLAG, NOTICED, WISH, Kind, Verdict, Volume
from chalicelib.idle.money import ASSUMPTION
from chalicelib.idle.plan import LEFT
from chalicelib.idle.plan import NOW as AT_ONCE
from chalicelib.idle.rules import PRESETS, Rules
from tests.idle.fakes import A, B, C, Site, due, many, site
from tests.idle.fleets import NOW, TODAY, ago, instance

PRICES = RegionPrices(
    Origin(date(2026, 11, 1), "a table"),
    {"Linux/UNIX": {"m5.large": 0.10}},
    {"gp3": VolumePrice(0.08, 0.005, 3_000, 0.04, 125)},
    public_ipv4=0.005,
)
HERE, THERE = "eu-west-1", "us-east-1"
ACCOUNT = "123456789012"

ANNOUNCED = "it is stopped on 2026-12-03 if its owner is told today, unless it is busy until then or somebody objects"


def reported(made: Site, outcome: Outcome) -> Report:
    return assembling.report({HERE: outcome}, {}, {HERE: Quote(PRICES)}, made.rules, ACCOUNT, made.now)


def found(made: Site, outcome: Outcome, id_: str = A) -> Finding:
    (one,) = [each for each in reported(made, outcome).findings if each.judgement.instance.id == id_]
    return one


def test_every_instance_that_runs_is_in_it_with_its_verdict():
    made = site(A, B, C)
    made.metrics.busy[B, TODAY] = 90.0
    made.region.tag(C, WISH, "keep")
    report = reported(made, made.run())
    assert [(each.region, each.judgement.instance.id, each.judgement.verdict) for each in report.findings] == [
        (HERE, A, Verdict.IDLE),
        (HERE, B, Verdict.ACTIVE),
        (HERE, C, Verdict.EXEMPT),
    ]
    assert (report.at, report.account, report.rules) == (NOW, ACCOUNT, made.rules)
    assert (report.assumption, report.origins) == (ASSUMPTION, {HERE: PRICES.origin})


def test_only_what_is_idle_is_waste_and_has_a_next_step():
    made = site(A, B)
    made.metrics.busy[B, TODAY] = 90.0
    outcome = made.run()
    busy = found(made, outcome, B)
    assert (busy.waste, busy.flagged, busy.noticed, busy.next_step) == (None, None, None, "")
    assert found(made, outcome).waste


def test_a_region_that_was_not_read_is_named_and_the_others_are_reported():
    made = site()
    errors = {THERE: BadSettings("EC2 in us-east-1 denies access"), "me-south-1": TryAgain("no answer")}
    report = assembling.report({HERE: made.run()}, errors, {HERE: Quote(PRICES)}, made.rules, ACCOUNT, made.now)
    assert report.errors == {THERE: "EC2 in us-east-1 denies access", "me-south-1": "no answer"}
    assert len(report.idle) == 1


def test_wishes_that_cannot_be_read_are_problems_of_the_report():
    made = site()
    made.region.tag(A, WISH, "kepe")
    (problem,) = reported(made, made.run()).problems
    assert problem.subject == A


def test_that_the_price_list_was_not_used_is_said_once_and_not_of_each_region():
    quotes = {name: Quote(PRICES, "it did not answer") for name in (HERE, THERE)}
    made = site()
    report = assembling.report(dict.fromkeys(quotes, made.run()), {}, quotes, made.rules, ACCOUNT, made.now)
    assert [str(problem.reason) for problem in report.problems] == ["AWS's Price List was not used: it did not answer"]
    assert report.origins == dict.fromkeys(quotes, PRICES.origin)


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        pytest.param({"Owner": "web"}, "web", id="its tag"),
        pytest.param({"Owner": " web "}, "web", id="without blanks around it"),
        pytest.param({"Owner": " "}, NOBODY, id="blank"),
        pytest.param({"owner": "web"}, NOBODY, id="another key"),
        pytest.param({}, NOBODY, id="no tag"),
    ],
)
def test_an_owner_is_told_by_the_tag_that_operators_name(tags: dict[str, str], owner: str):
    made = Site()
    made.region.add(instance(A, tags))
    outcome = made.run()
    assert found(made, outcome).owner == owner
    teams = replace(made.rules, owner_tag="Team")
    assert assembling.finding(HERE, outcome.judgements[0], outcome, PRICES, teams, NOW).owner == NOBODY


def test_an_idle_instance_is_priced_with_its_own_volumes_alone():
    made = Site()
    made.region.disks = {name: Volume(name, "gp3", 100) for name in ("vol-a", "vol-b")}
    made.region.add(instance(A, volumes=("vol-a",)), instance(B, volumes=("vol-b",)))
    waste = found(made, made.run()).waste
    assert waste
    assert waste.gross == pytest.approx(81.0)
    assert waste.remains == pytest.approx(8.0)


def test_an_unknown_type_is_in_it_without_a_price_and_not_with_0():
    made = Site()
    made.region.types["m99.huge"] = Kind()
    made.region.add(instance(A, type="m99.huge"), instance(B))
    report = reported(made, made.run())
    assert [each.waste and each.waste.net for each in report.findings] == [None, pytest.approx(73.0)]
    (total,) = report.owners
    assert (total.instances, total.unpriced) == (2, 1)
    assert total.net == pytest.approx(73.0)


def test_it_says_when_it_was_flagged_and_told_of():
    made = due()
    made.rest(-1)
    finding = found(made, made.run())
    step = "it is stopped on 2026-12-03, unless it is busy until then or somebody objects"
    assert (finding.flagged, finding.noticed, finding.next_step) == (TODAY, TODAY, step)
    made.region.tag(A, WISH, None)
    assert found(made, made.preview()).next_step == LEFT


def test_what_was_flagged_just_now_is_flagged_and_not_told_of_yet():
    made = site()
    finding = found(made, made.run())
    assert (finding.flagged, finding.noticed) == (TODAY, None)
    assert finding.next_step == ANNOUNCED


def test_what_may_not_be_tagged_is_not_said_to_be_flagged():
    made = site(A, B)
    made.region.untaggable = {A}
    outcome = made.run()
    assert (found(made, outcome).flagged, found(made, outcome, B).flagged) == (None, TODAY)


def test_a_preview_says_what_would_come_and_not_that_anything_was_flagged():
    made = site()
    finding = found(made, made.preview())
    assert (finding.flagged, finding.next_step) == (
        None,
        ANNOUNCED,
    )


def test_a_preview_of_what_is_due_says_that_it_is_stopped_now_and_not_that_it_has_changed():
    made = due()
    finding = found(made, made.preview())
    assert (finding.flagged, finding.noticed, finding.next_step) == (TODAY, TODAY, AT_ONCE)


NOT_YET = "it was not stopped yet, and is by the next run, unless it is busy until then or somebody objects"


def test_what_was_stopped_is_said_to_be():
    made = due()
    assert found(made, made.run()).next_step == "it was stopped now"


def test_why_something_was_not_stopped_is_said():
    made = due(A, B)
    made.line.errors = {"stop 2": [TryAgain("EC2 said RequestLimitExceeded")]}
    outcome = made.run()
    assert found(made, outcome).next_step == f"{NOT_YET}: EC2 said RequestLimitExceeded"
    assert found(made, outcome, B).next_step == f"{NOT_YET}: EC2 said RequestLimitExceeded"


def test_what_ec2_refuses_to_stop_is_not_said_to_be_stopped_another_time():
    made = due(A, B)
    made.line.errors = {"stop 2": [Refused("no")], "stop 1": [Refused("OperationNotPermitted: no")]}
    outcome = made.run()
    assert found(made, outcome).next_step == "it was not stopped: OperationNotPermitted: no"
    assert found(made, outcome, B).next_step == "it was stopped now"


def test_that_the_second_look_failed_is_said():
    made = due()
    made.line.errors = {"some": [TryAgain("EC2 did not answer")]}
    assert found(made, made.run()).next_step == f"{NOT_YET}: EC2 did not answer"


def test_that_it_had_changed_at_the_second_look_is_said():
    made = due(A, B)
    made.line.after = lambda: made.region.protected.add(A) if made.line.calls[-1] == "volumes" else None
    outcome = made.run()
    said = "it was not stopped: it had changed when it was looked at again"
    assert (found(made, outcome).next_step, found(made, outcome, B).next_step) == (said, "it was stopped now")


def test_that_so_many_look_like_a_mistake_is_said_of_each():
    made = due(*many(6))
    report = reported(made, made.run())
    assert {each.next_step.partition(":")[0] for each in report.findings} == {"it was not stopped"}
    assert all("6 of 6 would be stopped because they look idle" in each.next_step for each in report.findings)


def suggested(made: Site, **more: object) -> Finding:
    """Return the finding of a busy instance with hours that leave it off for half of each week."""
    made.region.there[A] = replace(made.region.there[A], **more)  # type: ignore[arg-type]
    made.metrics.busy[A, TODAY] = 90.0
    outcome = made.run()
    outcome.suggestions = {A: Suggestion("mon-sun 07:00-19:00", "it is busy by day alone", 84.0)}
    return found(made, outcome)


def test_suggested_hours_are_priced_by_the_hours_that_it_is_off():
    suggestion = suggested(site()).suggestion
    assert suggestion
    assert suggestion.net == pytest.approx(36.5)
    assert suggestion.hours == "mon-sun 07:00-19:00"


@pytest.mark.parametrize("more", [{"tenancy": "dedicated"}, {"priced_apart": "on an Outpost"}], ids=str)
def test_suggested_hours_without_a_price_save_nobody_knows_how_much(more: dict[str, object]):
    suggestion = suggested(site(), **more).suggestion
    assert suggestion
    assert suggestion.net is None


@pytest.mark.parametrize(
    ("rules", "preset", "since", "counts_from"),
    [
        pytest.param(Rules(), "compute-optimizer", ago(54), ago(54), id="the flag remembers"),
        pytest.param(Rules(), "compute-optimizer", ago(100), ago(100), id="since it was made"),
        pytest.param(Rules(), "compute-optimizer", ago(500), ago(100), id="nothing is older than the instance"),
        pytest.param(Rules(), "compute-optimizer", ago(3), ago(14), id="the window has seen more than the flag"),
        pytest.param(Rules(), "cost-explorer", ago(54), ago(14), id="a flag of another preset says something else"),
        pytest.param(
            Rules(PRESETS["trusted-advisor"]),
            "trusted-advisor",
            ago(54),
            ago(14),
            id="busy days may have been let pass",
        ),
    ],
)
def test_what_was_wasted_counts_from_the_day_that_the_flag_names(
    rules: Rules, preset: str, since: date, counts_from: date
):
    made = site(wish=None, rules=rules)
    flag = Flag(NOW - timedelta(days=2), preset, since, "quiet")
    made.region.tag(A, FLAG, flag.value(A))
    made.region.tag(A, NOTICED, Notice(flag.at).value)
    finding = found(made, made.run())
    assert finding.judgement.idle_since == counts_from
    assert finding.waste
    assert finding.waste.since_idle == pytest.approx(0.10 * ((TODAY - counts_from).days * 24 + 6.2))


def test_the_owner_of_what_is_to_be_stopped_counts_as_told_once_he_was_told_of_that():
    made = site(wish=None)
    made.run()
    made.rest(1)
    made.region.tag(A, WISH, "park")
    outcome = made.run()
    assert found(made, outcome).noticed is None, "he was told that nothing would come"
    made.rest(1)
    assert found(made, made.run()).noticed == ago(-1)


def test_nothing_is_reported_of_nothing():
    report = assembling.report({}, {}, {}, Rules(), ACCOUNT, NOW)
    assert (report.findings, report.problems, report.errors) == ((), (), {})
