"""The verdict on one instance."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.idle.judging import busy_since, excuse, exemption
from chalicelib.idle.model import Instance, Usage, Verdict, Window
from chalicelib.idle.rules import MB, PRESETS, Limit, Preset, Rules, Statistic
from tests.idle.fleets import NOW, TODAY, ago, but, day, instance, judged, quiet, usage, without

TRUSTED = Rules(PRESETS["trusted-advisor"])
EXPLORER = Rules(PRESETS["cost-explorer"])
NETWORK_ALONE = Rules(replace(PRESETS["compute-optimizer"], cpu=Limit(100, is_included=True)))


@pytest.mark.parametrize(
    ("days", "verdict", "because"),
    [
        pytest.param(quiet(), Verdict.IDLE, "peak CPU 1.00 %", id="quiet on all days"),
        pytest.param(
            but(quiet(), day(3, cpu=5.0)),
            Verdict.ACTIVE,
            f"peak CPU 5.00 % on {ago(3)}",
            id="CPU at its limit, which is not below it",
        ),
        pytest.param(but(quiet(), day(3, cpu=4.99)), Verdict.IDLE, "peak CPU 4.99 %", id="CPU just below its limit"),
        pytest.param(
            but(quiet(), day(14, mb=5.0)), Verdict.ACTIVE, f"network 5.00 MB on {ago(14)}", id="network at its limit"
        ),
        pytest.param(
            but(quiet(), day(9, cpu=60, mb=70)),
            Verdict.ACTIVE,
            f"peak CPU 60.00 % and network 70.00 MB on {ago(9)}",
            id="both on one day",
        ),
        pytest.param(
            but(quiet(), day(9, cpu=60), day(2, cpu=20), day(1, cpu=30)),
            Verdict.ACTIVE,
            f"peak CPU 30.00 % on {ago(1)}, and on 2 other days",
            id="the last busy day counts most",
        ),
        pytest.param(
            but(quiet(), day(0, cpu=80, samples=10)), Verdict.ACTIVE, "(today)", id="busy today, which is not over"
        ),
        pytest.param((), Verdict.INSUFFICIENT_DATA, "CloudWatch has nothing of it in 14 days", id="silent"),
        pytest.param(
            usage([day(1)]),
            Verdict.INSUFFICIENT_DATA,
            "CloudWatch has 7 % of the data, and 70 % are wanted; 13 of 14 days have none",
            id="one day of fourteen",
        ),
        pytest.param(usage([day(1, cpu=90)]), Verdict.ACTIVE, "peak CPU 90.00 %", id="one day, and that is busy"),
        pytest.param(without(quiet(), 4, 5, 6, 7), Verdict.IDLE, "on all 14 days", id="ten days are 71 %"),
        pytest.param(without(quiet(), 3, 4, 5, 6, 7), Verdict.INSUFFICIENT_DATA, "64 %", id="nine days are 64 %"),
        pytest.param(
            usage(day(number, mb=None) for number in range(15)),
            Verdict.INSUFFICIENT_DATA,
            "0 % of the data",
            id="no network at all",
        ),
        pytest.param(
            usage(day(number, cpu=None, samples=0) for number in range(15)),
            Verdict.INSUFFICIENT_DATA,
            "CloudWatch has nothing",
            id="no CPU at all",
        ),
        pytest.param(
            usage(day(number, samples=288) for number in range(15)),
            Verdict.INSUFFICIENT_DATA,
            "20 % of the data",
            id="ran for five hours a day",
        ),
    ],
)
def test_by_the_default_preset(days: Usage, verdict: Verdict, because: str):
    found = judged(days)
    assert (found.verdict, because in found.because) == (verdict, True), found.because


@pytest.mark.parametrize(
    ("busy", "verdict", "because"),
    [
        pytest.param(range(1, 11), Verdict.IDLE, "idle on 4 of 14 days, and 4 are needed", id="idle on four days"),
        pytest.param(range(1, 12), Verdict.ACTIVE, "idle on 3 of 14 days, and 4 are needed", id="idle on three days"),
        pytest.param((), Verdict.IDLE, "idle on 14 of 14 days", id="idle on all"),
    ],
)
def test_trusted_advisors_way_wants_four_days_of_fourteen(busy: range, verdict: Verdict, because: str):
    found = judged(but(quiet(), *(day(number, cpu=50) for number in busy)), TRUSTED)
    assert (found.verdict, because in found.because) == (verdict, True), found.because


def test_trusted_advisors_limits_are_included():
    assert judged(quiet(cpu=10, mb=5), TRUSTED).verdict is Verdict.IDLE
    assert judged(quiet(cpu=10.1, mb=5), TRUSTED).verdict is Verdict.ACTIVE
    assert judged(quiet(cpu=10, mb=5.1), TRUSTED).verdict is Verdict.ACTIVE


def test_days_that_are_hardly_covered_are_no_idle_days():
    three = usage([day(1), day(2), day(3), day(4, samples=100)])
    assert judged(three, TRUSTED).verdict is Verdict.INSUFFICIENT_DATA
    assert judged(but(three, day(4)), TRUSTED).verdict is Verdict.IDLE


def test_cost_explorer_does_not_ask_about_the_network():
    assert judged(quiet(cpu=1, mb=10_000), EXPLORER).verdict is Verdict.IDLE
    assert judged(usage(day(number, cpu=1, mb=None) for number in range(15)), EXPLORER).verdict is Verdict.IDLE
    assert judged(quiet(cpu=1.01), EXPLORER).verdict is Verdict.ACTIVE


def test_a_window_may_be_shorter_and_what_lies_before_it_does_not_count():
    week = Rules(Preset("week", Statistic.MAXIMUM, Limit(5), Limit(5 * MB), days=7), youngest=7)
    found = judged(but(quiet(), day(8, cpu=90)), week)
    assert (found.verdict, found.coverage) == (Verdict.IDLE, 100.0)
    assert judged(but(quiet(), day(7, cpu=90)), week).verdict is Verdict.ACTIVE


@pytest.mark.parametrize(
    ("days", "since"),
    [
        pytest.param(quiet(), ago(14), id="since the window begins"),
        pytest.param(without(quiet(), 1, 2), ago(14), id="days without data end nothing"),
    ],
)
def test_it_says_since_when(days: Usage, since: object):
    assert judged(days).idle_since == since


def test_by_idle_days_it_is_idle_since_the_last_busy_one():
    assert judged(but(quiet(), day(6, cpu=50), day(9, cpu=50)), TRUSTED).idle_since == ago(5)


def test_a_verdict_has_its_figures():
    found = judged(but(without(quiet(), 3), day(5, cpu=4.5), day(6, mb=4.5)))
    assert (found.cpu, found.network, round(found.coverage or 0)) == (4.5, 4.5 * MB, 93)


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        pytest.param(instance(), "", id="nothing special"),
        pytest.param(instance(tags={"groundskeeper:idle": "keep"}), "says keep", id="somebody objects"),
        pytest.param(instance(tags={"groundskeeper:idle": "Kep"}), "until then it is left alone", id="malformed"),
        pytest.param(instance(tags={"groundskeeper:idle": "park"}), "", id="somebody agrees"),
        pytest.param(
            instance(tags={"aws:autoscaling:groupName": "web"}), "belongs to an Auto Scaling group", id="Auto Scaling"
        ),
        pytest.param(instance(tags={"aws:eks:cluster-name": "prod"}), "an EKS cluster", id="EKS"),
        pytest.param(instance(tags={"kubernetes.io/cluster/prod": "owned"}), "a Kubernetes cluster", id="Kubernetes"),
        pytest.param(instance(tags={"AmazonECSManaged": ""}), "an ECS cluster", id="ECS"),
        pytest.param(instance(tags={"AWSBatchServiceTag": "batch"}), "AWS Batch", id="Batch"),
        pytest.param(instance(tags={"aws:elasticmapreduce:job-flow-id": "j-1"}), "an EMR cluster", id="EMR"),
        pytest.param(instance(tags={"aws:ec2spot:fleet-request-id": "sfr-1"}), "a Spot Fleet", id="Spot Fleet"),
        pytest.param(instance(tags={"parallelcluster:cluster-name": "hpc"}), "a ParallelCluster", id="ParallelCluster"),
        pytest.param(
            instance(tags={"AWSElasticDisasterRecoveryManaged": ""}),
            "Elastic Disaster Recovery",
            id="disaster recovery",
        ),
        pytest.param(
            instance(tags={"AWSApplicationMigrationServiceManaged": ""}), "Application Migration", id="migration"
        ),
        pytest.param(instance(tags={"AWSRDSCustom": "custom-oracle"}), "RDS Custom", id="RDS Custom"),
        pytest.param(instance(operator="workspaces.amazonaws.com"), "workspaces.amazonaws.com operates", id="operated"),
        pytest.param(instance(lifecycle="spot"), "a spot instance", id="spot"),
        pytest.param(instance(lifecycle="capacity-block"), "capacity-block", id="capacity block"),
        pytest.param(instance(tenancy="host"), "a dedicated host", id="dedicated host"),
        pytest.param(instance(tenancy="dedicated"), "", id="dedicated tenancy is no host"),
        pytest.param(instance(root="instance-store"), "an instance store", id="instance store"),
        pytest.param(instance(tags={"Production": ""}), "has the tag 'Production'", id="a tag of the operator's"),
    ],
)
def test_some_are_exempt_and_it_says_why(seen: Instance, why: str):
    found = exemption(seen, Rules(exempt_tags=frozenset({"Production"})), TODAY)
    assert bool(found) == bool(why)
    assert why in found


@pytest.mark.parametrize("key", ["kubernetes.io/cluster/", ""], ids=["a member", "a tag of the operator's"])
def test_a_tags_key_is_shown_so_that_it_does_nothing_to_a_terminal(key: str):
    key += "\x1b[31m\x9b1m\n\u202e"
    found = exemption(instance(tags={key: ""}), Rules(exempt_tags=frozenset({key})), TODAY)
    assert found.isprintable()
    assert r"\x1b[31m\x9b1m\n\u202e" in found


def test_a_young_instance_is_not_judged():
    rules, window = Rules(), Window(NOW, 14)
    young = instance(since=NOW - timedelta(days=13, hours=23))
    found = excuse(young, rules, window)
    assert found
    assert (found.verdict, found.because) == (Verdict.TOO_YOUNG, "it is 13 days old, and is judged from 14 days on")
    assert excuse(instance(since=NOW - timedelta(days=14)), rules, window) is None
    newborn = excuse(instance(since=NOW), rules, window)
    assert newborn
    assert newborn.because.startswith("it is less than a day old")


def test_of_a_young_instance_only_what_it_has_lived_to_see_is_wanted():
    seen = instance(since=NOW - timedelta(days=4))
    found = judged(quiet(4)[1:], Rules(youngest=3), seen)
    assert found.verdict is Verdict.IDLE
    assert found.coverage is not None
    assert 75 < found.coverage <= 100


@pytest.mark.parametrize(
    ("age", "because"),
    [
        pytest.param(timedelta(days=14), "on all 14 days and today", id="the whole window"),
        pytest.param(timedelta(days=4), "on all 4 days that it has lived to see and today", id="four days"),
        pytest.param(timedelta(days=1), "on the 1 day that it has lived to see and today", id="one day"),
        pytest.param(timedelta(hours=7), "on the 1 day that it has lived to see and today", id="an hour of yesterday"),
    ],
)
def test_it_is_idle_on_no_more_days_than_it_has_lived_to_see(age: timedelta, because: str):
    found = judged(quiet(age.days or 1), Rules(youngest=0), instance(since=NOW - age))
    assert (found.verdict, found.because.endswith(f", {because}")) == (Verdict.IDLE, True), found.because


def test_days_before_it_was_made_are_not_said_to_be_without_data():
    found = judged(usage([day(1)]), Rules(youngest=0), instance(since=NOW - timedelta(days=4)))
    assert found.because.endswith("3 of 4 days have none")
    newborn = judged((), Rules(youngest=0), instance(since=NOW - timedelta(hours=1)))
    assert newborn.because == "it was made today, and only whole days make an instance idle"


def test_since_a_flag_it_may_have_been_busy():
    found = judged(but(quiet(), day(3, cpu=50)), TRUSTED)
    assert found.verdict is Verdict.IDLE
    assert busy_since(found, TRUSTED.preset, ago(3)) == day(3, cpu=50)
    assert busy_since(found, TRUSTED.preset, ago(2)) is None


CPU = st.one_of(st.none(), st.floats(0, 100))
DAYS = st.lists(
    st.builds(
        lambda number, cpu, mb, samples: day(number, cpu, mb, samples),
        st.integers(0, 14),
        CPU,
        st.one_of(st.none(), st.floats(0, 100)),
        st.floats(0, 1_440),
    ),
    max_size=15,
    unique_by=lambda each: each.day,
).map(usage)


@given(DAYS, st.sampled_from([Rules(), TRUSTED, EXPLORER]))
def test_it_is_idle_only_with_data_and_active_only_with_a_reason(days: Usage, rules: Rules):
    found = judged(days, rules)
    assert found.because
    assert 0 <= (found.coverage or 0) <= 100
    if found.verdict is Verdict.IDLE:
        assert found.idle_since
        idle = [each for each in days if each.day < TODAY and each.samples]
        assert len(idle) >= (rules.preset.idle_days or 10)
    if found.verdict is Verdict.ACTIVE and rules.preset.idle_days is None:
        assert busy_since(found, rules.preset, ago(14))


@given(DAYS, st.integers(0, 14))
def test_more_work_never_makes_an_active_instance_idle(days: Usage, number: int):
    busier = judged(but(days, day(number, cpu=99, mb=99)))
    assert busier.verdict is Verdict.ACTIVE
