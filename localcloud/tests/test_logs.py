"""What functions print: in memory, in files, in CloudWatch, and as metrics."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.logs import emf
from localcloud.logs.kept import MAX_LINES, Logs
from localcloud.tests.clouds import make_function


def embedded(timestamp: Any = 1_795_000_000_000, **changes: Any) -> Any:
    document = {
        "_aws": {
            "Timestamp": timestamp,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Tiny",
                    "Dimensions": [["stack"], ["stack", "kind"]],
                    "Metrics": [{"Name": "Changes", "Unit": "Count"}, {"Name": "Times"}],
                }
            ],
        },
        "stack": "dev",
        "kind": "new",
        "Changes": 3,
        "Times": [1, 2.5],
    }
    return json.dumps({**document, **changes})


def test_lines_are_kept_by_function_in_memory_and_in_a_file(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.write("one", "first")
    logs.write("two", "other")
    logs.write("one", "second\nline")
    assert logs.read("one") == ["first", "second\nline"]
    assert logs.read("nobody") == []
    assert (tmp_path / "one.log").read_text() == "first\nsecond\nline\n"
    logs.close()


def test_memory_is_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    for number in range(MAX_LINES + 5):
        logs.write("f", str(number))
    assert len(logs.read("f")) == MAX_LINES
    assert logs.read("f")[0] == "5"
    logs.close()


def test_an_embedded_metric_is_read_once_for_each_set_of_dimensions() -> None:
    data = emf.read(embedded())
    assert [(each.name, each.unit, each.values, each.dimensions) for each in data] == [
        ("Changes", "Count", (3.0,), (("stack", "dev"),)),
        ("Times", "None", (1.0, 2.5), (("stack", "dev"),)),
        ("Changes", "Count", (3.0,), (("stack", "dev"), ("kind", "new"))),
        ("Times", "None", (1.0, 2.5), (("stack", "dev"), ("kind", "new"))),
    ]
    assert data[0].namespace == "Tiny"
    assert data[0].moment == datetime.fromtimestamp(1_795_000_000, UTC)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("hello", id="plain text"),
        pytest.param('{"a": 1}', id="other JSON"),
        pytest.param('{"CloudWatchMetrics": 1}', id="the word alone"),
        pytest.param(embedded(Changes="many"), id="a value that is no number"),
        pytest.param(embedded()[:-5], id="a broken line"),
    ],
)
def test_a_line_without_valid_metrics_has_none(line: str) -> None:
    assert emf.read(line) == []


def test_all_metrics_of_a_line_cost_one_call() -> None:
    class CloudWatch:
        def put_metric_data(self, **said: Any) -> None:
            calls.append((said["Namespace"], [each["MetricName"] for each in said["MetricData"]]))

    calls: list[tuple[str, list[str]]] = []
    emf.Metrics(CloudWatch).see("f", embedded())
    assert calls == [("Tiny", ["Changes", "Times", "Changes", "Times"])]


def test_what_a_function_prints_reaches_cloudwatch_as_log_and_metric(cloud: LocalCloud) -> None:
    now = datetime.now(UTC)
    line = embedded(int(now.timestamp() * 1000))
    make_function(cloud, f"def handler(event, context): print('hello'); print({line!r})\n")
    cloud.functions.invoke("f", {})
    events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/f")["events"]
    assert [event["message"] for event in events][1:3] == ["hello", line]
    cloudwatch = cloud.client("cloudwatch")
    assert {each["MetricName"] for each in cloudwatch.list_metrics(Namespace="Tiny")["Metrics"]} == {
        "Changes",
        "Times",
    }
    metric = {
        "Namespace": "Tiny",
        "MetricName": "Times",
        "Dimensions": [{"Name": "stack", "Value": "dev"}],
    }
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        StartTime=now - timedelta(minutes=2),
        EndTime=now + timedelta(minutes=2),
    )
    assert sum(answer["MetricDataResults"][0]["Values"]) == 3.5
