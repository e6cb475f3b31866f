"""GetMetricData in pages: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataResult.html."""

import base64
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.cloudwatch.pages import COMPLETE, PARTIAL, Place, Series, page
from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, client, refusal
from localcloud.tests.measured import DAY, HOUR, NOW, TODAY, launch, query, read

SPAN = {"StartTime": TODAY, "EndTime": TODAY + 4 * HOUR}


@pytest.fixture
def cloudwatch(aws: AwsServer) -> Any:
    return client(aws, "cloudwatch")


@pytest.fixture
def queries(aws: AwsServer) -> list[Json]:
    """Three metrics of four hours, and one of an instance that is not there."""
    identity = launch(aws, NOW - 30 * DAY)
    aws.clock.set(NOW)
    names = ("CPUUtilization", "NetworkIn", "NetworkOut")
    found = [query(identity, name, "Sum", Id=f"m{number}") for number, name in enumerate(names)]
    return [*found[:2], query("i-0123456789abcdef0", Id="none"), found[2]]


def shapes(answer: Json) -> list[tuple[str, int, str]]:
    return [(each["Id"], len(each["Values"]), each["StatusCode"]) for each in answer["MetricDataResults"]]


def test_a_metric_that_does_not_fit_is_partial_and_its_rest_and_the_others_are_on_later_pages(
    cloudwatch: Any, queries: list[Json]
) -> None:
    asked = {"MetricDataQueries": queries, **SPAN, "MaxDatapoints": 6}
    first = cloudwatch.get_metric_data(**asked)
    assert shapes(first) == [("m0", 4, "Complete"), ("m1", 2, "PartialData")]
    second = cloudwatch.get_metric_data(**asked, NextToken=first["NextToken"])
    assert shapes(second) == [("m1", 2, "Complete"), ("none", 0, "Complete"), ("m2", 4, "Complete")]
    assert "NextToken" not in second


def test_a_page_that_ends_with_a_metric_has_no_partial_one(cloudwatch: Any, queries: list[Json]) -> None:
    asked = {"MetricDataQueries": queries, **SPAN, "MaxDatapoints": 4}
    first = cloudwatch.get_metric_data(**asked)
    assert shapes(first) == [("m0", 4, "Complete")]
    second = cloudwatch.get_metric_data(**asked, NextToken=first["NextToken"])
    assert shapes(second) == [("m1", 4, "Complete")]
    third = cloudwatch.get_metric_data(**asked, NextToken=second["NextToken"])
    assert shapes(third) == [("none", 0, "Complete"), ("m2", 4, "Complete")]
    assert "NextToken" not in third


@pytest.mark.parametrize("order", ["TimestampDescending", "TimestampAscending"])
@pytest.mark.parametrize("size", [1, 3, 5, 12, 100])
def test_pages_merged_are_the_whole(cloudwatch: Any, queries: list[Json], size: int, order: str) -> None:
    whole = read(cloudwatch, *queries, start=TODAY, end=TODAY + 4 * HOUR, ScanBy=order)
    paged = read(cloudwatch, *queries, start=TODAY, end=TODAY + 4 * HOUR, ScanBy=order, MaxDatapoints=size)
    assert paged == whole
    assert [len(whole[each["Id"]]) for each in queries] == [4, 4, 0, 4]


def test_metrics_of_other_namespaces_come_in_pages_too(aws: AwsServer, cloudwatch: Any) -> None:
    aws.clock.set(NOW)
    data = [{"MetricName": "Changes", "Value": float(hour), "Timestamp": TODAY + hour * HOUR} for hour in range(4)]
    cloudwatch.put_metric_data(Namespace="Mine", MetricData=data)
    metric = {"Namespace": "Mine", "MetricName": "Changes"}
    mine = {"Id": "c", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}
    assert [value for _, value in read(cloudwatch, mine, start=TODAY, MaxDatapoints=3)["c"]] == [3, 2, 1, 0]


def test_a_page_has_100_800_datapoints_at_the_most_whatever_is_asked_for(
    aws: AwsServer, cloudwatch: Any, queries: list[Json]
) -> None:
    many = [{**query_of(queries[0], 300), "Id": f"m{number}"} for number in range(26)]
    asked = {"MetricDataQueries": many, "StartTime": TODAY - 14 * DAY, "EndTime": TODAY}  # 4,032 of each
    for more in ({}, {"MaxDatapoints": 200_000}):
        answer = cloudwatch.get_metric_data(**asked, **more)
        assert sum(len(each["Values"]) for each in answer["MetricDataResults"]) == 100_800
        assert answer["NextToken"]


def query_of(asked: Json, period: int) -> Json:
    return {**asked, "MetricStat": {**asked["MetricStat"], "Period": period}}


def test_a_page_may_be_asked_for_again_as_by_a_client_whose_answer_was_lost(
    cloudwatch: Any, queries: list[Json]
) -> None:
    asked = {"MetricDataQueries": queries, **SPAN, "MaxDatapoints": 6}
    token = cloudwatch.get_metric_data(**asked)["NextToken"]
    again = [cloudwatch.get_metric_data(**asked, NextToken=token)["MetricDataResults"] for _ in range(2)]
    assert again[0] == again[1]


def test_time_that_goes_by_between_pages_neither_repeats_nor_skips_a_datapoint(
    aws: AwsServer, cloudwatch: Any, queries: list[Json]
) -> None:
    asked = {"MetricDataQueries": queries[:1], "StartTime": TODAY, "EndTime": NOW + DAY, "MaxDatapoints": 8}
    first = cloudwatch.get_metric_data(**asked)
    aws.clock.set(NOW + 5 * HOUR)
    second = cloudwatch.get_metric_data(**asked, NextToken=first["NextToken"])
    moments = [at.astimezone(UTC) for each in (first, second) for at in each["MetricDataResults"][0]["Timestamps"]]
    assert moments == [TODAY + hour * HOUR for hour in reversed(range(12))]


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("nonsense", id="no token"),
        pytest.param(base64.b64encode(b"[1]").decode(), id="of something else"),
        pytest.param(base64.b64encode(b'{"request": "x", "now": 0}').decode(), id="of no request"),
        pytest.param("\N{SNOWMAN}", id="no text of tokens"),
    ],
)
def test_a_token_that_was_not_given_is_refused(cloudwatch: Any, queries: list[Json], token: str) -> None:
    error = refusal(cloudwatch.get_metric_data, MetricDataQueries=queries, **SPAN, NextToken=token)
    assert error["Code"] == "InvalidNextToken"


def test_a_token_of_another_request_is_refused(cloudwatch: Any, queries: list[Json]) -> None:
    asked = {"MetricDataQueries": queries, **SPAN, "MaxDatapoints": 6}
    token = cloudwatch.get_metric_data(**asked)["NextToken"]
    changed = {**asked, "StartTime": TODAY - timedelta(minutes=1)}
    assert refusal(cloudwatch.get_metric_data, **changed, NextToken=token)["Code"] == "InvalidNextToken"


@given(st.lists(st.integers(0, 20), max_size=12), st.integers(1, 25))
def test_however_many_datapoints_metrics_have_pages_hold_each_once_and_all_are_full_but_the_last(
    sizes: list[int], most: int
) -> None:
    def answer(number: int) -> Series:
        values = [float(each) for each in range(sizes[number])]
        return Series(f"m{number}", "", values, values)

    place: Place | None = Place("request", 0.0)
    merged: dict[str, list[float]] = {}
    while place:
        answers, place = page(range(len(sizes)), answer, place, most)
        count = sum(len(each.values) for each in answers)
        assert count == most if place else count <= most
        assert [each.status for each in answers[:-1]] == [COMPLETE] * (len(answers) - 1)
        for each in answers:
            merged.setdefault(each.id, []).extend(each.values)
            assert (each.status == PARTIAL) == (len(merged[each.id]) < sizes[int(each.id[1:])])
    assert merged == {f"m{number}": list(range(size)) for number, size in enumerate(sizes)}
