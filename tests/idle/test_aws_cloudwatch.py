"""Metrics of instances through boto3: of the strict emulator, or stubbed where that cannot show it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import BadSettings, TryAgain
from chalicelib.idle.aws.cloudwatch import Metrics
from chalicelib.idle.model import Day, Usage, Window
from chalicelib.idle.rules import Statistic
from localcloud.cloudwatch.behaviour import Hour, by_day, from_, silent, steady
from localcloud.cloudwatch.control import FORBIDDEN, INTERNAL_ERROR
from localcloud.server.aws import AwsServer
from tests.idle.clouds import DAY, HOUR, Site, sites, utc

GET = "cloudwatch:GetMetricData"
MB = 1_000_000
MAXIMUM, AVERAGE = Statistic.MAXIMUM, Statistic.AVERAGE
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
MOST_QUERIES, MOST_POINTS = 500, 100_800
NOW = utc(2026, 11, 26, 6, 12)
TODAY = utc(2026, 11, 26)
WINDOW = Window(NOW, 14)
A, B = "i-00000000000000001", "i-00000000000000002"
CPU, SAMPLES, IN, OUT = "CPUUtilization", "SampleCount", "NetworkIn", "NetworkOut"


@pytest.fixture
def site(aws: AwsServer) -> Iterator[Site]:
    yield from sites(aws)


def unknown(count: int) -> list[str]:
    """Return the ids of instances that nobody has, among which those of a site are spread."""
    return [f"i-{number * (16**17 // count):017x}" for number in range(count)]


READERS: list[Any] = [
    pytest.param(lambda metrics, ids, window: metrics.usage(ids, window, MAXIMUM), id="days"),
    pytest.param(lambda metrics, ids, window: dict(metrics.hours(ids, window)), id="hours"),
    pytest.param(lambda metrics, ids, window: metrics.credits(ids, window.now), id="credits"),
]
type Read = Callable[[Metrics, Sequence[str], Window], Mapping[str, Any]]


# What is read


def test_a_day_has_the_peak_or_the_average_of_its_cpu_its_samples_and_all_its_traffic(site: Site):
    id_ = site.one()
    site.aws.metrics.behave(id_, steady(10, 30, network_in=2 * MB, network_out=MB / 2))
    whole = [site.window().first + number * DAY for number in range(14)]
    for statistic, cpu in ((MAXIMUM, 30.0), (AVERAGE, 10.0)):
        days = site.metrics().usage([id_], site.window(), statistic)[id_]
        assert [each.day for each in days] == [*whole, site.today.date()], "the oldest first"
        for each in days[:-1]:
            assert (each.cpu, each.samples) == (cpu, 1440)
            assert each.network == pytest.approx(24 * 2.5 * MB)


def test_today_is_there_as_far_as_it_went(site: Site):
    id_ = site.one()
    site.aws.metrics.behave(id_, steady(10, network_in=MB))
    today = site.metrics().usage([id_], site.window(), MAXIMUM)[id_][-1]
    assert today == Day(site.today.date(), 10.0, 720, 12 * MB)


def test_a_peak_of_a_single_hour_shows_and_so_does_one_of_today(site: Site):
    id_ = site.one()
    calm, busy = steady(1), steady(1, 95)
    peaks = {site.today + 11 * HOUR, site.today - 3 * DAY + 23 * HOUR}
    site.aws.metrics.behave(id_, lambda hour: (busy if hour in peaks else calm)(hour))
    days = site.metrics().usage([id_], site.window(), MAXIMUM)[id_]
    assert {each.day for each in days if each.cpu == 95} == {peak.date() for peak in peaks}
    assert {each.cpu for each in days} == {1, 95}


def test_days_are_utc_wherever_the_clock_of_the_function_stands(site: Site):
    id_ = site.one()
    site.aws.metrics.behave(id_, from_(site.today, steady(1), steady(50)))
    late = site.today + timedelta(minutes=32)
    site.at(late)
    for zone in (UTC, ZoneInfo("America/Los_Angeles"), ZoneInfo("Pacific/Auckland")):
        days = site.metrics().usage([id_], Window(late.astimezone(zone), 14), MAXIMUM)[id_]
        assert (len(days), days[-1].day, days[-1].samples) == (15, site.today.date(), 30)
        assert [each.cpu for each in days] == [*[1.0] * 14, 50.0]


def test_what_is_missing_is_missing_and_no_zero(site: Site):
    """A stopped instance emits nothing."""
    id_ = site.one()
    site.at(site.today - 5 * DAY)
    site.ec2.stop_instances(InstanceIds=[id_])
    site.at(site.today - 3 * DAY)
    site.ec2.start_instances(InstanceIds=[id_])
    site.at(site.now)
    days = site.metrics().usage([id_], site.window(), MAXIMUM)[id_]
    missing = {site.today.date() - timedelta(days=ago) for ago in (5, 4)}
    assert {each.day for each in days} == {(site.window().first + n * DAY) for n in range(15)} - missing
    assert all(each.cpu and each.network for each in days)
    hours = dict(site.metrics().hours([id_], site.window()))[id_]
    assert len(hours) == 12 * 24 + 12
    assert not any(moment.date() in missing for moment in hours)


def test_an_instance_of_which_cloudwatch_has_nothing_has_no_days(site: Site):
    """That is an answer: it is there, and empty."""
    id_ = site.one()
    site.aws.metrics.behave(id_, silent)
    assert site.metrics().usage([id_], site.window(), MAXIMUM) == {id_: ()}
    assert dict(site.metrics().hours([id_], site.window())) == {id_: {}}
    assert site.metrics().credits([id_], site.now) == {}


def test_an_instance_of_another_region_is_not_seen_from_here(site: Site, aws: AwsServer):
    other = Site(aws)
    mine, theirs = site.one(), other.one()
    usage = site.metrics().usage([mine, theirs], site.window(), MAXIMUM)
    assert (len(usage[mine]), usage[theirs]) == (15, ())
    assert len(other.metrics().usage([theirs], site.window(), MAXIMUM)[theirs]) == 15
    other.leave()


def test_a_window_of_two_months_is_read_whole(site: Site):
    """CloudWatch rounds starts to five minutes then, and days begin at midnight."""
    id_ = site.one()
    days = site.metrics().usage([id_], site.window(62), MAXIMUM)[id_]
    assert (len(days), days[0].day) == (63, site.window(62).first)
    assert {each.samples for each in days[:-1]} == {1440}


def test_the_day_on_which_an_instance_was_launched_counts_from_there(site: Site):
    id_ = site.one(ago=3)
    days = site.metrics().usage([id_], site.window(), MAXIMUM)[id_]
    assert (len(days), days[0].day) == (4, (site.today - 3 * DAY).date())
    assert days[0].samples in (720, 725)


def test_an_hour_has_its_peak_and_its_traffic(site: Site):
    id_ = site.one()
    busy, quiet = (steady(peak / 2, peak, network_in=peak * MB, network_out=peak * MB) for peak in (40, 2))
    site.aws.metrics.behave(id_, by_day(busy, quiet, weekdays=range(7)))
    hours = dict(site.metrics().hours([id_], site.window()))[id_]
    assert len(hours) == 14 * 24 + 12
    assert hours[site.today - DAY + 8 * HOUR] == (40.0, 80 * MB)
    assert hours[site.today - DAY + 7 * HOUR] == (2.0, 4 * MB)
    assert list(hours) == sorted(hours)


def test_credits_are_the_lowest_of_the_last_day_and_of_burstable_types_alone(site: Site):
    burstable, other, nothing = site.one("t3.micro"), site.one("m5.large"), site.one("t3.micro")
    site.aws.metrics.behave(nothing, silent)
    dips = {site.now.replace(minute=0) - 20 * HOUR: 30.0, site.now.replace(minute=0) - 30 * HOUR: 5.0}
    site.aws.metrics.behave(burstable, lambda hour: Hour(1, 1, credits=dips.get(hour, 100.0)))
    assert site.metrics().credits([burstable, other, nothing], site.now) == {burstable: 30.0}


# How many calls it takes


@pytest.mark.parametrize(
    ("count", "calls"),
    [
        pytest.param(0, 0, id="nothing is asked for nothing"),
        pytest.param(125, 1, id="125 instances of four metrics"),
        pytest.param(126, 2, id="one more"),
        pytest.param(1_000, 8, id="a thousand"),
    ],
)
def test_days_take_as_few_calls_as_can_be(site: Site, count: int, calls: int):
    assert calls == math.ceil(4 * count / MOST_QUERIES)
    mine = site.launch(3)
    ids = [*unknown(count)[3:], *mine] if count else []
    with site.counting(GET) as counted:
        usage = site.metrics().usage(ids, site.window(), MAXIMUM)
    assert counted == [calls]
    assert usage.keys() == set(ids)
    assert [len(usage[id_]) for id_ in mine if id_ in usage] == [15] * len(mine) * bool(count)


@pytest.mark.parametrize(("count", "calls"), [(0, 0), (96, 1), (97, 2), (1_000, 11)])
def test_hours_take_as_few_calls_as_datapoints_allow(site: Site, count: int, calls: int):
    assert calls == math.ceil(3 * (14 * 24 + 13) * count / MOST_POINTS)
    mine = site.launch(3)
    ids = [*unknown(count)[3:], *mine] if count else []
    with site.counting(GET) as counted:
        hours = dict(site.metrics().hours(ids, site.window()))
    assert counted == [calls]
    assert hours.keys() == set(ids)
    found = [len(hours[id_]) for id_ in mine if id_ in hours]
    assert found == [14 * 24 + 12] * len(mine) * bool(count), "the hour that has begun has nothing yet"


def test_hours_come_a_call_after_the_other(site: Site):
    """Those of a fleet take more memory than a function has."""
    with site.counting(GET) as counted:
        next(iter(site.metrics().hours(unknown(97), site.window())))
    assert counted == [1]


def test_credits_take_one_call_for_five_hundred(site: Site):
    for count, calls in ((0, 0), (500, 1), (501, 2)):
        with site.counting(GET) as counted:
            site.metrics().credits(unknown(count) if count else [], site.now)
        assert counted == [calls]


thorough = settings(max_examples=60, deadline=None, derandomize=True, database=None)
type Series = Mapping[datetime, float]


@dataclass
class Recorder:
    """A client that answers nothing, and remembers what it was asked."""

    asked: list[dict[str, Any]] = field(default_factory=list)

    def get_paginator(self, operation: str) -> "Recorder":
        assert operation == "get_metric_data"
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        self.asked.append(asked)
        found = [{"Id": query["Id"], "StatusCode": "Complete"} for query in asked["MetricDataQueries"]]
        return [{"MetricDataResults": [{**each, "Timestamps": [], "Values": []} for each in found]}]


@thorough
@given(st.integers(0, 700), st.integers(1, 62), st.timedeltas(timedelta(0), DAY), st.sampled_from(["days", "hours"]))
def test_no_call_asks_for_more_than_it_may_and_each_instance_is_asked_for_once(
    count: int, days: int, since: timedelta, by: str
):
    recorder, window = Recorder(), Window(TODAY + since, days)
    metrics: Any = Metrics(recorder, "eu-west-1")  # type: ignore[arg-type]
    ids = unknown(count) if count else []
    found = metrics.usage(ids, window, MAXIMUM) if by == "days" else dict(metrics.hours(ids, window))
    assert found.keys() == set(ids)
    period, each = (86_400, 4) if by == "days" else (3_600, 3)
    asked_for: list[tuple[str, str, str]] = []
    for call in recorder.asked:
        queries = call["MetricDataQueries"]
        points = math.ceil((call["EndTime"] - call["StartTime"]).total_seconds() / period)
        assert 0 < len(queries) <= MOST_QUERIES
        assert len({query["Id"] for query in queries}) == len(queries)
        assert len(queries) * points <= MOST_POINTS
        assert call["StartTime"] == window.start
        assert window.now < call["EndTime"] <= window.now + timedelta(minutes=1)
        for query in queries:
            stat = query["MetricStat"]
            (dimension,) = stat["Metric"]["Dimensions"]
            asked_for.append((dimension["Value"], stat["Metric"]["MetricName"], stat["Stat"]))
            assert (stat["Period"], stat["Metric"]["Namespace"]) == (period, "AWS/EC2")
    assert len(asked_for) == len(set(asked_for)) == count * each
    at_once = min(MOST_QUERIES // each, MOST_POINTS // (each * points)) if count else 1
    assert len(recorder.asked) == math.ceil(count / at_once)


# What does not come whole


@pytest.mark.parametrize("status", [INTERNAL_ERROR, FORBIDDEN])
@pytest.mark.parametrize("metric", [CPU, IN, OUT])
@pytest.mark.parametrize("read", READERS[:2])
def test_an_instance_with_a_metric_that_cannot_be_read_is_left_out(site: Site, read: Read, metric: str, status: str):
    bad, good = site.launch(2)
    site.aws.metrics.trouble(bad, metric, status)
    assert read(site.metrics(), [bad, good], site.window()).keys() == {good}
    assert read(site.metrics(), [bad, good], site.window()).keys() == {bad, good}


def test_credits_that_cannot_be_read_are_left_out(site: Site):
    bad, good = site.launch(2, "t3.micro")
    site.aws.metrics.trouble(bad, "CPUCreditBalance")
    assert site.metrics().credits([bad, good], site.now).keys() == {good}


DENIED = [("AccessDenied", 403), ("AccessDeniedException", 400)]
NOT_NOW = [("Throttling", 400), ("ThrottlingException", 400), ("InternalFailure", 500), (None, 400)]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        *((*each, BadSettings) for each in (*DENIED, ("InvalidWhatever", 400))),
        *((*each, TryAgain) for each in NOT_NOW),
    ],
    ids=str,
)
def test_a_region_that_cannot_be_read_says_so_by_its_name(
    site: Site, read: Read, code: str | None, status: int, error: type[Exception]
):
    ids = site.launch(1)
    site.fail(GET, code=code, status=status)
    with pytest.raises(error, match=f"CloudWatch in {site.name}"):
        read(site.metrics(), ids, site.window())
    assert site.aws.faults.pending == []


@pytest.mark.parametrize(
    ("code", "status", "error"), [("Throttling", 400, TryAgain), ("AccessDenied", 403, BadSettings)]
)
def test_of_an_answer_that_breaks_off_nothing_is_returned(site: Site, code: str, status: int, error: type[Exception]):
    site.fail(GET, code=code, status=status, skip=1)
    with pytest.raises(error):
        site.metrics().usage(unknown(126), site.window(), MAXIMUM)
    assert site.aws.faults.pending == []


def names(queries: Sequence[dict[str, Any]]) -> dict[str, tuple[str, str, str]]:
    """Return which instance, metric and statistic each query is about."""
    return {
        query["Id"]: (
            query["MetricStat"]["Metric"]["Dimensions"][0]["Value"],
            query["MetricStat"]["Metric"]["MetricName"],
            query["MetricStat"]["Stat"],
        )
        for query in queries
    }


type Key = tuple[str, str]
"""An instance, and SAMPLES or a metric."""


@dataclass
class Stub:
    """CloudWatch by what botocore's stubber is told: pages of results, each named by instance and metric."""

    ids: Sequence[str]

    def __post_init__(self) -> None:
        recorder = Recorder()
        Metrics(recorder, "eu-west-1").usage(self.ids, WINDOW, MAXIMUM)  # type: ignore[arg-type]
        (self.request,) = recorder.asked
        named = names(self.request["MetricDataQueries"])
        self.queries = {
            (id_, SAMPLES if stat == SAMPLES else name): query for query, (id_, name, stat) in named.items()
        }

    def usage(self, *pages: Sequence[dict[str, Any]]) -> dict[str, Usage]:
        make: Any = boto3.client
        client = make("cloudwatch", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
        with Stubber(client) as stubber:
            for number, page in enumerate(pages):
                token = {"NextToken": f"t{number}"} if number else {}
                following = {"NextToken": f"t{number + 1}"} if number + 1 < len(pages) else {}
                stubber.add_response(
                    "get_metric_data", {"MetricDataResults": list(page), **following}, {**self.request, **token}
                )
            found = Metrics(client, "eu-west-1").usage(self.ids, WINDOW, MAXIMUM)
            stubber.assert_no_pending_responses()
        return found

    def result(self, key: Key, points: Series, status: str = "Complete") -> dict[str, Any]:
        moments = list(points)
        values = [points[moment] for moment in moments]
        return {"Id": self.queries[key], "Timestamps": moments, "Values": values, "StatusCode": status}

    def whole(self, but: Mapping[Key, Series] | None = None) -> dict[Key, dict[str, Any]]:
        """Return a complete result of each query, with three days each, or what is given."""
        points = {key: {TODAY - number * DAY: 1.0 for number in range(3)} for key in self.queries} | dict(but or {})
        return {key: self.result(key, points[key]) for key in self.queries}


@pytest.mark.parametrize("keys", [(A, CPU), (A, SAMPLES), (A, IN), (A, OUT)], ids=lambda key: key[1])
def test_partial_data_without_more_pages_leaves_its_instance_out(keys: Key):
    stub = Stub([A, B])
    page = stub.whole()
    page[keys]["StatusCode"] = "PartialData"
    assert stub.usage(list(page.values())).keys() == {B}


def test_a_metric_of_which_no_page_says_anything_leaves_its_instance_out():
    stub = Stub([A, B])
    page = stub.whole()
    del page[A, OUT]
    assert stub.usage(list(page.values())).keys() == {B}


@pytest.mark.parametrize("status", ["Forbidden", "InternalError"])
def test_a_metric_that_comes_without_any_lists_leaves_its_instance_out(status: str):
    """AWS's model requires none of the fields of a result."""
    stub = Stub([A, B])
    page = stub.whole()
    page[A, CPU] = {"Id": stub.queries[A, CPU], "StatusCode": status}
    assert stub.usage(list(page.values())).keys() == {B}


def test_a_metric_without_a_status_leaves_its_instance_out():
    stub = Stub([A, B])
    page = stub.whole()
    del page[A, CPU]["StatusCode"]
    assert stub.usage(list(page.values())).keys() == {B}


@pytest.mark.parametrize("first", ["PartialData", "InternalError"])
def test_what_a_later_page_completes_is_complete_and_merged(first: str):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataResult.html."""
    stub = Stub([A])
    page = stub.whole()
    page[A, CPU] = stub.result((A, CPU), {TODAY: 3.0}, first)
    rest = stub.result((A, CPU), {TODAY - DAY: 2.0, TODAY - 2 * DAY: 1.0})
    (usage,) = stub.usage(list(page.values()), [rest]).values()
    assert [each.cpu for each in usage] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("last", ["PartialData", "InternalError", "Forbidden"])
def test_a_metric_counts_by_what_the_last_page_says_of_it(last: str):
    stub = Stub([A, B])
    pages = [list(stub.whole().values()), [stub.result((A, IN), {TODAY - 3 * DAY: 1.0}, last)]]
    assert stub.usage(*pages).keys() == {B}


def test_a_page_without_results_ends_nothing():
    stub = Stub([A])
    first, *rest = stub.whole().values()
    (usage,) = stub.usage([first], [], rest).values()
    assert len(usage) == 3


def test_points_of_which_one_metric_is_missing_are_no_zero():
    """Network counts where in and out are there; a day of which there is anything is a day."""
    days = [TODAY - number * DAY for number in range(5)]
    points: dict[Key, Series] = {
        (A, CPU): {days[0]: 2.0, days[1]: 2.0, days[4]: 2.0},
        (A, SAMPLES): {days[0]: 372.0, days[1]: 1440.0},
        (A, IN): {days[0]: 10.0, days[2]: 10.0},
        (A, OUT): {days[0]: 1.0, days[1]: 1.0, days[3]: 1.0},
    }
    stub = Stub([A])
    assert stub.usage(list(stub.whole(points).values()))[A] == (
        Day(days[4].date(), 2.0, 0.0, None),
        Day(days[3].date(), None, 0.0, None),
        Day(days[2].date(), None, 0.0, None),
        Day(days[1].date(), 2.0, 1440.0, None),
        Day(days[0].date(), 2.0, 372.0, 11.0),
    )


def test_a_zero_that_is_measured_is_a_zero():
    stub = Stub([A])
    zeros = {key: {TODAY: 0.0} for key in stub.queries}
    assert stub.usage(list(stub.whole(zeros).values()))[A] == (Day(TODAY.date(), 0.0, 0.0, 0.0),)


def test_days_are_utc_in_whatever_time_zone_a_client_reads_moments():
    there = ZoneInfo("America/Los_Angeles")
    stub = Stub([A])
    points = {key: {TODAY.astimezone(there): 1.0, (TODAY - DAY).astimezone(there): 2.0} for key in stub.queries}
    (usage,) = stub.usage(list(stub.whole(points).values())).values()
    assert [(each.day, each.cpu) for each in usage] == [((TODAY - DAY).date(), 2.0), (TODAY.date(), 1.0)]


@dataclass
class Credits(Recorder):
    """A client that answers whatever is asked with some balances, one an hour."""

    balances: Sequence[float] = ()

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        (query,) = asked["MetricDataQueries"]
        moments = [TODAY + number * HOUR for number in range(len(self.balances))]
        found = {"Timestamps": moments, "Values": self.balances, "StatusCode": "Complete"}
        return [{"MetricDataResults": [{"Id": query["Id"], **found}]}]


@pytest.mark.parametrize("balances", [[30.0, 5.0], [5.0, 30.0], [5.0]], ids=str)
def test_of_several_balances_the_lowest_counts(balances: list[float]):
    """The day ends a minute late, and so may have begun another one."""
    metrics = Metrics(Credits(balances=balances), "eu-west-1")  # type: ignore[arg-type]
    assert metrics.credits([A], NOW) == {A: 5.0}


def test_hours_without_cpu_or_traffic_are_left_out():
    class Answer(Recorder):
        def paginate(self, **asked: Any) -> list[dict[str, Any]]:
            moments = {CPU: {0, 1, 2}, IN: {1, 2, 3}, OUT: {0, 2, 3}}
            found = {id_: sorted(moments[name]) for id_, (_, name, _) in names(asked["MetricDataQueries"]).items()}
            return [
                {
                    "MetricDataResults": [
                        {
                            "Id": id_,
                            "Timestamps": [TODAY + n * HOUR for n in some],
                            "Values": some,
                            "StatusCode": "Complete",
                        }
                        for id_, some in found.items()
                    ]
                }
            ]

    metrics: Any = Metrics(Answer(), "eu-west-1")  # type: ignore[arg-type]
    assert dict(metrics.hours([A], WINDOW)) == {A: {TODAY + 2 * HOUR: (2, 4)}}


@st.composite
def paged(draw: st.DrawFn) -> tuple[dict[Key, Series], list[list[tuple[Key, list[datetime], str]]]]:
    """Draw the points of two instances, and pages that bring them in whatever order."""
    keys = [(id_, name) for id_ in (A, B) for name in (CPU, SAMPLES, IN, OUT)]
    moments = [TODAY - number * DAY for number in range(4)]
    whole: dict[Key, Series] = {
        key: draw(st.dictionaries(st.sampled_from(moments), st.integers(0, 9).map(float))) for key in keys
    }
    count = draw(st.integers(1, 3))
    where = {key: {moment: draw(st.integers(0, count - 1)) for moment in points} for key, points in whole.items()}
    pages: list[list[tuple[Key, list[datetime], str]]] = []
    for number in range(count):
        page = []
        for key in draw(st.permutations(keys)):
            here = draw(st.permutations([moment for moment, page in where[key].items() if page == number]))
            is_last = number == max(where[key].values(), default=0)
            if here or is_last:
                page.append((key, list(here), "Complete" if is_last else "PartialData"))
        pages.append(page)
    return whole, pages


@thorough
@given(paged())
def test_in_whatever_order_pages_bring_points_they_are_merged(
    drawn: tuple[dict[Key, Series], list[list[tuple[Key, list[datetime], str]]]],
):
    whole, pages = drawn
    stub = Stub([A, B])

    class Answer(Recorder):
        def paginate(self, **_: Any) -> list[dict[str, Any]]:
            return [
                {
                    "MetricDataResults": [
                        stub.result(key, {at: whole[key][at] for at in some}, said) for key, some, said in page
                    ]
                }
                for page in pages
            ]

    found = Metrics(Answer(), "eu-west-1").usage([A, B], WINDOW, MAXIMUM)  # type: ignore[arg-type]
    assert found.keys() == {A, B}
    for id_, usage in found.items():
        days: list[date] = [each.day for each in usage]
        assert days == sorted(set(days))
        assert {each.day: each.cpu for each in usage if each.cpu is not None} == _by_day(whole[id_, CPU])
        assert {each.day: each.samples for each in usage if each.samples} == _by_day(whole[id_, SAMPLES], zeros=False)
        both = whole[id_, IN].keys() & whole[id_, OUT].keys()
        assert {each.day: each.network for each in usage if each.network is not None} == {
            moment.date(): whole[id_, IN][moment] + whole[id_, OUT][moment] for moment in both
        }


def _by_day(points: Series, *, zeros: bool = True) -> dict[date, float]:
    return {moment.date(): value for moment, value in points.items() if value or zeros}
