"""The traps of calling something idle, each answered by a test that is named after it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.economics.prices import Origin, RegionPrices, VolumePrice
from chalicelib.economics.quotes import Quote
from chalicelib.errors import BadSettings
from chalicelib.idle import assembling, job, marks, money
from chalicelib.idle.aws.cloudwatch import Metrics
from chalicelib.idle.aws.ec2 import Region
from chalicelib.idle.findings import Judgement, Waste
from chalicelib.idle.judging import excuse, exemption
from chalicelib.idle.looking import look
from chalicelib.idle.model import FLAG, NOTICED, WISH, Instance, Usage, Verdict, Volume, Window
from chalicelib.idle.rules import MB, PRESETS, Preset, Rules, Statistic
from tests.idle.fakes import A, B, FakeTurn, Site, due, many, site
from tests.idle.fleets import ID, NOW, OLD, TODAY, ago, but, day, instance, judged, quiet, usage, without

TRUSTED, EXPLORER = Rules(PRESETS["trusted-advisor"]), Rules(PRESETS["cost-explorer"])
WINDOW = Window(NOW, 14)
PRICES = RegionPrices(
    Origin(date(2026, 11, 1), "a table"),
    {"Linux/UNIX": {"m5.large": 0.10}},
    {"gp3": VolumePrice(0.08)},
    public_ipv4=0.005,
)
KEYS = {"region_name": "eu-west-1", "aws_access_key_id": "none", "aws_secret_access_key": "none"}
METRICS = ("CPUUtilization", "CPUUtilization", "NetworkIn", "NetworkOut")  # peak, samples, in, out


def result(query: int, values: Mapping[datetime, float], status: str = "Complete") -> dict[str, Any]:
    return {"Id": f"q{query}", "StatusCode": status, "Timestamps": [*values], "Values": [*values.values()]}


def of_each(values: Mapping[datetime, tuple[float, ...]], first: int = 0, **said: str) -> list[dict[str, Any]]:
    """Return the results of one instance: what is said of each day for each of the four queries."""
    return [result(first + at, {when: some[at] for when, some in values.items()}, **said) for at in range(4)]


def midnight(number: int) -> datetime:
    """Return when the day so many days ago began."""
    return datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) - timedelta(days=number)


@contextmanager
def cloudwatch(*pages: list[dict[str, Any]]) -> Iterator[Metrics]:
    """Yield what reads these pages, and all of them."""
    client = boto3.client("cloudwatch", **KEYS)  # type: ignore[call-overload]
    with Stubber(client) as stubbed:
        for number, page in enumerate(pages, 1):
            token = {"NextToken": f"page {number}"} if number < len(pages) else {}
            stubbed.add_response("get_metric_data", {"MetricDataResults": page, **token})
        yield Metrics(client, "eu-west-1")
        stubbed.assert_no_pending_responses()


def read(*pages: list[dict[str, Any]], ids: tuple[str, ...] = (ID,)) -> Mapping[str, Usage]:
    with cloudwatch(*pages) as metrics:
        return metrics.usage(ids, WINDOW, Statistic.MAXIMUM)


def shown(**said: Any) -> Instance:
    """Return an instance as it is read from what EC2 shows."""
    usual = {"InstanceId": ID, "InstanceType": "m5.large", "LaunchTime": OLD, "State": {"Name": "running"}}
    client = boto3.client("ec2", **KEYS)  # type: ignore[call-overload]
    with Stubber(client) as stubbed:
        stubbed.add_response("describe_instances", {"Reservations": [{"Instances": [usual | said]}]})
        (found,) = Region(client, client, "eu-west-1", lambda: None, lambda: None).running()
    return found


def verdict(days: Usage, rules: Rules | None = None) -> Verdict:
    return judged(days, rules).verdict


def why_exempt(seen: Instance) -> str:
    found = excuse(seen, Rules(), WINDOW)
    assert found is None or found.verdict is Verdict.EXEMPT
    return found.because if found else ""


# What is idle


def test_trap_trusted_advisor_means_averages_and_its_limits_are_included_and_four_days_are_enough():
    assert PRESETS["trusted-advisor"].statistic is Statistic.AVERAGE
    busy = [day(number, cpu=99) for number in range(5, 15)]
    assert verdict(but(quiet(cpu=10, mb=5), *busy), TRUSTED) is Verdict.IDLE
    assert verdict(but(quiet(cpu=10, mb=5), *busy, day(4, cpu=99)), TRUSTED) is Verdict.ACTIVE


def test_trap_compute_optimizer_means_peaks_and_its_limits_are_not_included():
    assert PRESETS["compute-optimizer"].statistic is Statistic.MAXIMUM
    assert verdict(quiet(cpu=4.999, mb=4.999)) is Verdict.IDLE
    assert verdict(quiet(cpu=5.0)) is Verdict.ACTIVE
    assert verdict(quiet(mb=5.0)) is Verdict.ACTIVE


def test_trap_cost_explorer_means_one_percent_and_does_not_ask_about_the_network():
    assert verdict(quiet(cpu=1.0, mb=900), EXPLORER) is Verdict.IDLE
    assert verdict(quiet(cpu=1.001), EXPLORER) is Verdict.ACTIVE


def test_trap_a_low_average_hides_a_peak():
    """The default preset asks CloudWatch for the maximum of each day."""
    assert Rules().preset == PRESETS["compute-optimizer"]
    asked = []

    class Asking:
        def usage(self, ids: object, window: object, statistic: Statistic) -> dict[str, Usage]:
            asked.append(statistic)
            return {}

        def credits(self, ids: object, now: datetime) -> dict[str, float]:
            return {}

    for rules in (Rules(), TRUSTED):
        look(site().region, Asking(), [instance()], dict, rules, WINDOW)
    assert asked == [Statistic.MAXIMUM, Statistic.AVERAGE]


def test_trap_cpu_alone_says_little_so_both_must_be_low():
    assert verdict(but(quiet(), day(3, cpu=0.1, mb=800))) is Verdict.ACTIVE
    assert verdict(but(quiet(), day(3, cpu=60, mb=0.0))) is Verdict.ACTIVE


# What CloudWatch has


def test_trap_no_datapoint_is_no_data_and_not_zero():
    """Zero percent would be idle."""
    assert verdict(()) is Verdict.INSUFFICIENT_DATA
    assert verdict(quiet(cpu=0.0, mb=0.0)) is Verdict.IDLE
    assert read(of_each({})) == {ID: ()}
    found = read(of_each({midnight(1): (1.0, 1_440, 10.0, 10.0)})[:3] + of_each({})[3:])
    assert found == {ID: (replace(day(1), network=None),)}
    assert judged(found[ID]).network is None


def test_trap_a_stopped_instance_emits_nothing_so_what_was_off_most_of_the_time_is_not_idle():
    made = site()
    made.rest(-5)
    made.region.stop_by_hand(A)
    made.rest(5)
    made.region.start(A)
    (judgement,) = made.run().judgements
    assert judgement.verdict is Verdict.INSUFFICIENT_DATA
    assert judgement.coverage == pytest.approx(66.1, abs=0.1)


def test_trap_points_are_unordered_and_days_may_be_missing():
    values = {midnight(number): (float(number), 1_440, 1.0, 2.0) for number in (3, 9, 1, 14, 0)}
    (days,) = read(of_each(values)).values()
    assert [(each.day, each.cpu, each.network) for each in days] == [
        (ago(number), float(number), 3.0) for number in (14, 9, 3, 1, 0)
    ]


def test_trap_points_of_one_metric_come_in_several_pages_and_none_is_lost():
    first, second = ({midnight(number): (2.0, 1_440, 1.0, 1.0)} for number in (2, 1))
    (days,) = read(of_each(first, status="PartialData"), of_each(second)).values()
    assert [each.day for each in days] == [ago(2), ago(1)]


def test_trap_partial_data_that_stay_partial_are_no_answer():
    """What was left out may be the one busy day."""
    values = {midnight(number): (1.0, 1_440, 1.0, 1.0) for number in range(15)}
    partial = [*of_each(values)[:3], result(3, {midnight(1): 1.0}, "PartialData")]
    assert read(partial) == {}
    assert read(of_each(values) + of_each(values, 4, status="PartialData"), ids=(A, B)).keys() == {A}
    made = site()
    made.metrics.incomplete = {A}
    assert [each.verdict for each in made.run().judgements] == [Verdict.INSUFFICIENT_DATA]


def test_trap_of_some_metrics_there_may_be_no_result_at_all():
    assert read(of_each({midnight(1): (1.0, 1_440, 1.0, 1.0)})[:3]) == {}


def test_trap_the_start_is_rounded_so_a_day_before_the_window_comes_too_and_does_not_count():
    early = {midnight(15): (99.0, 1_440, 1.0, 1.0)} | {midnight(each): (1.0, 1_440, 1.0, 1.0) for each in range(15)}
    found = judged(read(of_each(early))[ID])
    assert (found.verdict, found.cpu, found.coverage) == (Verdict.IDLE, 1.0, 100.0)
    assert verdict(usage([day(15)]), Rules(coverage=1)) is Verdict.INSUFFICIENT_DATA


def test_trap_today_is_a_partial_day_so_it_may_make_busy_and_never_idle():
    assert verdict(but(quiet(), day(0, cpu=90, samples=5))) is Verdict.ACTIVE
    today_alone = usage([day(0, samples=1_440)])
    assert verdict(today_alone, Rules(coverage=1)) is Verdict.INSUFFICIENT_DATA
    thirteen = Rules(replace(TRUSTED.preset, idle_days=14))
    assert verdict(without(quiet(), 7), thirteen) is Verdict.ACTIVE


def test_trap_a_day_is_of_utc_whatever_clock_is_asked():
    east = timezone(timedelta(hours=14))
    late = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    assert Window(late.astimezone(east), 14).today == date(2026, 11, 26)
    assert Window(late.astimezone(east), 14).start == Window(late, 14).start
    points = {midnight(1).astimezone(east): (1.0, 1_440, 1.0, 1.0)}
    assert [each.day for each in read(of_each(points))[ID]] == [ago(1)]


def test_trap_a_megabyte_is_not_a_byte():
    """Cloud Custodian compares NetworkIn, which is in bytes, with what users write (cloud-custodian #3663)."""
    limit = PRESETS["compute-optimizer"].network
    assert limit
    assert (limit.value, MB) == (5_000_000, 1_000_000)
    chatty = {midnight(number): (1.0, 1_440, 3_000_000.0, 2_000_000.0) for number in range(15)}
    silent = {midnight(number): (1.0, 1_440, 3_000_000.0, 1_999_999.0) for number in range(15)}
    assert verdict(read(of_each(chatty))[ID]) is Verdict.ACTIVE
    assert verdict(read(of_each(silent))[ID]) is Verdict.IDLE


def test_trap_one_daily_point_of_fourteen_is_not_idle_though_cloud_custodian_says_so():
    found = judged(usage([day(5)]))
    assert found.verdict is Verdict.INSUFFICIENT_DATA
    assert found.coverage == pytest.approx(100 / 14)


def test_trap_a_daily_point_may_stand_for_a_few_minutes_so_samples_are_counted_and_not_days():
    assert verdict(usage(day(number, samples=30) for number in range(15))) is Verdict.INSUFFICIENT_DATA


def test_trap_five_minute_points_count_five_samples_each():
    """A day of basic monitoring is 288 points, and 1,440 samples; more than a day's is no better than a day."""
    assert judged(quiet()).coverage == 100.0
    half = usage([day(number, samples=2_880) for number in range(1, 8)])
    assert judged(half).coverage == 50.0


def test_trap_each_start_resets_the_launch_time():
    """The oldest attachment of a volume or of an interface tells how old it really is."""
    attached = {"Ebs": {"VolumeId": "vol-1", "AttachTime": OLD - timedelta(days=300)}}
    card = {"Attachment": {"AttachTime": OLD - timedelta(days=400)}, "PrivateIpAddresses": []}
    started = NOW - timedelta(hours=2)
    found = shown(LaunchTime=started, BlockDeviceMappings=[attached], NetworkInterfaces=[card])
    assert (found.launched, found.since) == (started, OLD - timedelta(days=400))
    assert shown(LaunchTime=started).since == started
    assert excuse(found, Rules(), WINDOW) is None
    assert verdict_of(shown(LaunchTime=started)) is Verdict.TOO_YOUNG


def verdict_of(seen: Instance) -> Verdict:
    found = excuse(seen, Rules(), WINDOW)
    assert found
    return found.verdict


# What is never called waste


@pytest.mark.parametrize(
    ("key", "said"),
    [
        pytest.param("aws:autoscaling:groupName", "an Auto Scaling group", id="Auto Scaling"),
        pytest.param("eks:cluster-name", "an EKS cluster", id="EKS"),
        pytest.param("aws:eks:cluster-name", "an EKS cluster", id="EKS managed nodes"),
        pytest.param("kubernetes.io/cluster/web", "a Kubernetes cluster", id="Kubernetes"),
        pytest.param("AmazonECSManaged", "an ECS cluster", id="ECS"),
        pytest.param("aws:ecs:clusterName", "an ECS cluster", id="ECS clusters"),
        pytest.param("AWSBatchServiceTag", "AWS Batch", id="Batch"),
        pytest.param("aws:elasticmapreduce:job-flow-id", "an EMR cluster", id="EMR"),
        pytest.param("aws:ec2:fleet-id", "an EC2 Fleet", id="EC2 Fleet"),
    ],
)
def test_trap_members_of_something_larger_are_not_judged(key: str, said: str):
    seen = shown(Tags=[{"Key": key, "Value": ""}])
    assert why_exempt(seen) == f"it belongs to {said}, by its tag '{key}'"


def test_trap_what_a_service_operates_is_not_judged():
    assert why_exempt(shown(Operator={"Managed": True, "Principal": "eks.amazonaws.com"})).startswith("eks.amazonaws")
    assert why_exempt(shown(Operator={"Managed": True})) == "an AWS service operates it"
    assert why_exempt(shown(Operator={"Managed": False, "Principal": "eks.amazonaws.com"})) == ""


def test_trap_spot_instances_are_not_judged():
    assert why_exempt(shown(InstanceLifecycle="spot")) == "it is a spot instance"
    assert why_exempt(shown(InstanceLifecycle="capacity-block"))


def test_trap_dedicated_hosts_are_paid_for_as_a_whole():
    assert "dedicated host" in why_exempt(shown(Placement={"Tenancy": "host"}))
    assert why_exempt(shown(Placement={"Tenancy": "dedicated"})) == ""


def test_trap_an_instance_store_is_told_by_the_root_devices_type_and_not_by_its_name():
    assert "instance store" in why_exempt(shown(RootDeviceType="instance-store", RootDeviceName="/dev/xvda"))
    assert why_exempt(shown(RootDeviceType="ebs", RootDeviceName="/dev/sda1")) == ""


def test_trap_stop_protection_is_heard():
    made = due(A, B)
    made.region.protected = {A}
    outcome = made.run()
    assert [each.verdict for each in outcome.judgements] == [Verdict.EXEMPT, Verdict.IDLE]
    assert made.stopped == [B]


def test_trap_the_opt_out_is_heard():
    assert why_exempt(instance(tags={WISH: "keep"}))
    assert why_exempt(instance(tags={WISH: f"keep until {TODAY}"}))
    assert why_exempt(instance(tags={WISH: f"keep until {ago(1)}"})) == ""


@pytest.mark.parametrize("said", ["", "Kepe", "false", "keep until soon", "keep until 2026-13-01", "keep until 30/11"])
def test_trap_a_malformed_opt_out_or_date_protects_and_is_said(said: str):
    assert "until then it is left alone" in why_exempt(instance(tags={WISH: said}))
    made = due()
    made.region.tag(A, WISH, said)
    outcome = made.run()
    assert made.stopped == []
    assert [problem.subject for problem in outcome.problems] == [A]


def test_trap_burstable_types_save_credits_while_they_are_idle_and_it_is_said():
    made = Site()
    made.region.types = {"t3.micro": replace(made.region.types["m5.large"], is_burstable=True)}
    made.region.add(instance(A, type="t3.micro"))
    made.metrics.balances = {A: 288.0}
    (judgement,) = made.run().judgements
    assert judgement.verdict is Verdict.IDLE
    assert judgement.caveats == ("it is paid for bursts by CPU credits: it has 288 saved",)


def test_trap_of_gpus_cpu_says_little_and_it_is_said():
    made = Site()
    made.region.types = {"p5.48xlarge": replace(made.region.types["m5.large"], gpus=8)}
    made.region.add(instance(A, type="p5.48xlarge"))
    (judgement,) = made.run().judgements
    assert judgement.caveats == ("its 8 GPUs may be at work: CPU and network say little about them",)


def test_trap_every_verdict_says_why():
    young, kept = instance(since=NOW), instance(tags={WISH: "keep"})
    some = [judged(quiet()), judged(but(quiet(), day(1, cpu=90))), judged(())]
    some += [found for seen in (young, kept) if (found := excuse(seen, Rules(), WINDOW))]
    assert {each.verdict for each in some} == set(Verdict)
    assert all(each.because for each in some)


# Grace


def test_trap_never_parked_without_the_notice_having_been_sent():
    made = site(A, B)
    job.run(made.place, made.rules, made.line.time.clock, FakeTurn())
    assert made.tags(A).keys() == {FLAG}
    for _ in range(60):
        made.rest(1)
        job.run(made.place, made.rules, made.line.time.clock, FakeTurn())
    assert made.stopped == []


def test_trap_never_parked_where_nobody_opted_in():
    made = site(wish=None)
    made.run()
    made.days(60)
    assert made.stopped == []


def test_trap_flagging_alone_stops_nothing_and_what_is_busy_again_is_unflagged():
    made = due()
    made.metrics.busy[A, made.now.date()] = 50.0
    made.run()
    assert (made.stopped, made.tags(A)) == ([], {})


@pytest.mark.parametrize("text", ["keep until", "keep until ", "keep until 0", "keep", "park"])
def test_trap_a_mark_without_days_does_not_mean_today(text: str):
    """Cloud Custodian's mark-for-op acts on the same day when days are left out (cloud-custodian #6106)."""
    made = site()
    made.region.tag(A, WISH, text)
    made.run()
    made.run()
    assert made.stopped == []


@pytest.mark.parametrize("said", ["2026-11-9T06:12Z", "2026-11-19", "19 Nov 2026", "2026-11-19T06:12:00Z", "0"])
def test_trap_dates_are_parsed_strictly(said: str):
    made = due()
    made.region.tag(A, "groundskeeper:idle-noticed", said)
    made.run()
    assert made.stopped == []
    made.region.tag(A, FLAG, f"{said} {A} compute-optimizer since 2026-11-12: quiet")
    assert marks.flag(made.region.there[A], made.now) is None
    assert marks.wish(instance(tags={WISH: f"keep until {said}"}), TODAY).fault or said == "2026-11-19"


def test_trap_tags_are_copied_by_images_and_templates_so_a_flag_names_its_instance():
    made = due()
    copied = replace(made.region.there[A], id=B)
    assert marks.flag(made.region.there[A], made.now)
    assert marks.flag(copied, made.now) is None


def test_trap_what_was_busy_within_the_grace_is_not_parked_at_its_end_however_short_the_window():
    brief = Preset("brief", Statistic.MAXIMUM, PRESETS["cost-explorer"].cpu, days=3, idle_days=1)
    with pytest.raises(ValueError, match="7 days of grace, of which brief sees the last 3"):
        Rules(brief)
    made = site(rules=Rules(brief, grace=3))
    made.metrics.busy |= {(A, TODAY + timedelta(days=number)): 90.0 for number in (1, 2)}
    made.run()
    made.days(8)
    assert made.stopped == []
    made.days(1)
    assert (made.stopped, made.warned(A, made.now)) == ([A], timedelta(days=9))
    assert made.tags(A)[NOTICED].startswith(f"{ago(-6)}T06:12Z of a stop on {ago(-9)}"), (
        "the owner was told anew when it was quiet again"
    )


def test_trap_a_notice_that_announced_no_stop_does_not_count_for_one():
    """Who agrees to parking long after the notice is told what comes of that, and has the whole grace from then."""
    made = site(wish=None)
    made.run()
    made.days(30)
    made.region.tag(A, WISH, "park")
    made.days(7)
    assert made.stopped == []
    made.days(1)
    assert (made.stopped, made.warned(A, made.now)) == ([A], timedelta(days=7))


# Money


def waste_of(seen: Instance, *volumes: Volume) -> Waste:
    judgement = Judgement(seen, Verdict.IDLE, "quiet", 100.0, idle_since=ago(14))
    return money.waste(judgement, volumes, PRICES, NOW)


def test_trap_savings_are_net_of_what_a_stopped_instance_still_pays_for():
    found = waste_of(instance(public_ipv4s=2, elastic_ips=1), Volume("vol-1", "gp3", 100))
    assert found.gross == pytest.approx(73.0 + 2 * 3.65 + 8.0)
    assert found.remains == pytest.approx(3.65 + 8.0)
    assert found.net == pytest.approx(73.0 + 3.65)


def test_trap_reserved_instances_and_savings_plans_may_pay_already_and_the_report_says_so():
    report = assembling.report({}, {}, {}, Rules(), "123456789012", NOW)
    assert "Reserved Instances and Savings Plans" in report.assumption


def test_trap_an_unknown_type_has_no_price_and_not_0():
    found = waste_of(instance(type="z99.metal"))
    assert (found.gross, found.net, found.since_idle) == (None, None, None)
    assert found.unpriced == ("z99.metal (Linux/UNIX)",)


def test_trap_it_says_of_which_day_the_prices_are():
    made = site()
    report = assembling.report({"eu-west-1": made.run()}, {}, {"eu-west-1": Quote(PRICES)}, made.rules, "1", NOW)
    assert str(report.origins["eu-west-1"]) == "a table, 2026-11-01"


# Bad input, and stopping many


def test_trap_one_bad_id_of_many_fails_the_whole_call_so_it_is_looked_for():
    ids = many(20)
    made = due(*ids)
    made.region.add(*(instance(f"i-f{number:016x}", {WISH: "keep"}) for number in range(60)))

    def terminate() -> None:
        if made.line.calls.count("is protected") == 40 and ids[13] in made.region.there:
            made.region.terminate(ids[13])

    made.line.after = terminate
    outcome = made.run()
    assert made.stopped == [id_ for id_ in ids if id_ != ids[13]]
    ((id_, reason),) = outcome.undone
    assert (id_, reason.partition(":")[0]) == (ids[13], "InvalidInstanceID.NotFound")
    assert sum(call.startswith("stop") for call in made.line.calls) < len(ids)


def test_trap_a_mistake_in_the_rules_does_not_stop_the_whole_fleet():
    made = due(*many(30))
    assert made.run().unsafe
    assert made.stopped == []


def test_trap_no_metrics_at_all_change_nothing():
    made = due(A, B)
    made.metrics.incomplete = {A}
    made.metrics.gaps = {(B, made.now.date() - timedelta(days=number)) for number in range(15)}
    before = dict(made.region.there)
    outcome = made.run()
    assert [each.because for each in outcome.judgements] == [
        "CloudWatch did not answer completely for it",
        "CloudWatch has nothing of it in 14 days",
    ]
    assert made.region.there == before


def test_trap_a_region_that_denies_access_is_not_taken_for_an_empty_one():
    client = boto3.client("cloudwatch", **KEYS)  # type: ignore[call-overload]
    with Stubber(client) as stubbed:
        stubbed.add_client_error("get_metric_data", "AccessDenied", http_status_code=403)
        with pytest.raises(BadSettings, match="denies access"):
            Metrics(client, "eu-west-1").usage([ID], WINDOW, Statistic.MAXIMUM)


@pytest.mark.parametrize("count", [125, 126])
def test_trap_one_call_asks_for_125_instances_and_not_for_one_metric(count: int):
    """500 metrics are the most in a call."""
    ids = tuple(many(count))
    pages: list[list[dict[str, Any]]] = [[]] * -(-count // 125)
    client = boto3.client("cloudwatch", **KEYS)  # type: ignore[call-overload]
    with Stubber(client) as stubbed:
        for page in pages:
            stubbed.add_response("get_metric_data", {"MetricDataResults": page})
        assert Metrics(client, "eu-west-1").usage(ids, WINDOW, Statistic.MAXIMUM) == {}
        stubbed.assert_no_pending_responses()


def test_trap_what_exempts_is_said_before_what_is_young_and_what_is_young_before_what_it_did():
    newborn = instance(since=NOW, tags={WISH: "keep"})
    assert verdict_of(newborn) is Verdict.EXEMPT
    assert exemption(newborn, Rules(), TODAY)
    made = Site()
    made.region.add(instance(A, since=NOW - timedelta(days=1)))
    made.metrics.busy[A, TODAY] = 99.0
    assert [each.verdict for each in made.run().judgements] == [Verdict.TOO_YOUNG]
    assert "usage" not in made.line.calls
