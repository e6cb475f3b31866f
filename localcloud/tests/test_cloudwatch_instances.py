"""What instances emit: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.cloudwatch.behaviour import Behaviour, Hour, by_day, from_, silent, steady
from localcloud.cloudwatch.doings import SLOT, Doings
from localcloud.cloudwatch.lives import Life
from localcloud.server.aws import AwsServer
from localcloud.tests.acting import client
from localcloud.tests.measured import DAY, HOUR, NOW, TODAY, Points, launch, one, query

MINUTE = timedelta(minutes=1)


@pytest.fixture
def cloudwatch(aws: AwsServer) -> Any:
    return client(aws, "cloudwatch")


def samples(cloudwatch: Any, instance: str, start: datetime, end: datetime = NOW, period: int = 3_600) -> Points:
    return one(cloudwatch, query(instance, stat="SampleCount", period=period), start=start, end=end)


def test_a_stopped_instance_emits_nothing_which_is_not_zero(aws: AwsServer, cloudwatch: Any) -> None:
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
    identity, ec2 = launch(aws, TODAY - 3 * DAY), aws.client("ec2")
    aws.clock.set(TODAY - 2 * DAY + 6 * HOUR)
    ec2.stop_instances(InstanceIds=[identity])
    aws.clock.set(TODAY + 3 * HOUR)
    ec2.start_instances(InstanceIds=[identity])
    aws.clock.set(NOW)
    days = samples(cloudwatch, identity, TODAY - 3 * DAY, period=86_400)
    assert days == [(TODAY - 3 * DAY, 1_440), (TODAY - 2 * DAY, 360), (TODAY, 540)]
    assert samples(cloudwatch, identity, TODAY - DAY, TODAY) == []


def test_nothing_is_emitted_before_the_launch_after_the_end_or_later_than_now(aws: AwsServer, cloudwatch: Any) -> None:
    identity = launch(aws, TODAY + 2 * HOUR + 18 * MINUTE)
    aws.clock.set(TODAY + 4 * HOUR + 12 * MINUTE)
    whole = [(TODAY + 2 * HOUR, 45), (TODAY + 3 * HOUR, 60), (TODAY + 4 * HOUR, 10)]
    assert samples(cloudwatch, identity, TODAY - DAY, NOW + DAY) == whole
    aws.client("ec2").terminate_instances(InstanceIds=[identity])
    aws.clock.set(NOW)
    aws.forget_terminated()
    assert samples(cloudwatch, identity, TODAY - DAY, NOW + DAY) == whole


def test_a_clock_that_is_set_back_undoes_what_came_after(aws: AwsServer, cloudwatch: Any) -> None:
    identity, ec2 = launch(aws, TODAY), aws.client("ec2")
    aws.clock.set(TODAY + 6 * HOUR)
    ec2.stop_instances(InstanceIds=[identity])
    assert samples(cloudwatch, identity, TODAY, NOW, 86_400) == [(TODAY, 360)]
    aws.clock.set(TODAY + 2 * HOUR)
    ec2.start_instances(InstanceIds=[identity])
    aws.clock.set(TODAY + 4 * HOUR)
    assert samples(cloudwatch, identity, TODAY, NOW, 86_400) == [(TODAY, 240)]


def test_an_instance_that_is_not_told_is_quiet(aws: AwsServer, cloudwatch: Any) -> None:
    identity = launch(aws, TODAY - DAY, "t3.micro")
    aws.clock.set(NOW)
    peaks = one(cloudwatch, query(identity, stat="Maximum", period=86_400), start=TODAY - DAY, end=TODAY)
    assert [0 < value < 1 for _, value in peaks] == [True]
    for name in ("NetworkIn", "NetworkOut"):
        traffic = one(cloudwatch, query(identity, name, "Sum", 86_400), start=TODAY - DAY, end=TODAY)
        assert [0 < value < 1_000_000 for _, value in traffic] == [True]


def test_credits_are_shown_of_burstable_types_only_and_once_in_five_minutes(aws: AwsServer, cloudwatch: Any) -> None:
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-monitoring-cpu-credits.html
    burstable, other = launch(aws, TODAY, "t3.micro"), launch(aws, TODAY, "m5.large")
    for each in (burstable, other):
        aws.metrics.behave(each, steady(1, credits=288))
    aws.clock.set(NOW)
    span = {"start": TODAY, "end": TODAY + HOUR}
    asked = query(burstable, "CPUCreditBalance", "SampleCount")
    assert one(cloudwatch, asked, **span) == [(TODAY, 12)]
    asked = query(burstable, "CPUCreditBalance", "Average")
    assert one(cloudwatch, asked, **span) == [(TODAY, 288)]
    assert one(cloudwatch, query(other, "CPUCreditBalance", "Average"), **span) == []
    aws.metrics.behave(burstable, steady(1))
    assert one(cloudwatch, asked, **span) == []


def test_a_silent_instance_emits_nothing_and_one_that_is_heard_of_now_and_then_emits_less(
    aws: AwsServer, cloudwatch: Any
) -> None:
    identity = launch(aws, TODAY - 3 * DAY)
    aws.metrics.behave(identity, from_(TODAY - DAY, silent, steady(1, samples=15)))
    aws.clock.set(NOW)
    assert samples(cloudwatch, identity, TODAY - 3 * DAY, TODAY, 86_400) == [(TODAY - DAY, 360)]
    quarters = samples(cloudwatch, identity, TODAY - DAY, TODAY - DAY + HOUR, 900)
    assert quarters == [(TODAY - DAY, 15)]


def test_an_instance_becomes_busy_with_the_first_hour_that_begins_then(aws: AwsServer, cloudwatch: Any) -> None:
    identity = launch(aws, TODAY)
    aws.metrics.behave(identity, from_(TODAY + 90 * MINUTE, steady(1), steady(70, 95)))
    aws.clock.set(NOW)
    peaks = one(cloudwatch, query(identity, stat="Maximum"), start=TODAY, end=TODAY + 4 * HOUR)
    assert [value for _, value in peaks] == [1, 1, 95, 95]


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        pytest.param(datetime(2026, 3, 27, tzinfo=UTC), [7, 8], id="a Friday in winter"),
        pytest.param(datetime(2026, 3, 28, tzinfo=UTC), [], id="a Saturday"),
        pytest.param(datetime(2026, 3, 30, tzinfo=UTC), [6, 7], id="a Monday after the clocks went forward"),
    ],
)
def test_an_instance_is_busy_by_the_hours_of_a_time_zone(day: datetime, wanted: list[int]) -> None:
    office = by_day(steady(60), steady(1), range(8, 10), range(5), ZoneInfo("Europe/Berlin"))
    found = [office(day + hour * HOUR) for hour in range(24)]
    assert [number for number, hour in enumerate(found) if hour and hour.cpu_average == 60] == wanted


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"samples": 0}, id="no samples: that is None"),
        pytest.param({"samples": 42}, id="not by fives"),
        pytest.param({"samples": 65}, id="more than there are minutes"),
        pytest.param({"cpu_peak": 1.0}, id="a peak below the average"),
    ],
)
def test_an_hour_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"samples|peak"):
        Hour(**{"cpu_average": 2.0, "cpu_peak": 3.0, **wrong})


BEHAVIOURS: tuple[Behaviour, ...] = (
    steady(3, 9, network_in=777, network_out=5),
    by_day(steady(60, 99, network_in=1e9), silent),
    from_(TODAY - 2 * DAY, steady(5, 6, samples=35, network_in=70), steady(50, 60, network_in=120)),
)
MOMENTS = st.lists(st.integers(0, 5 * 1_440), min_size=1, max_size=6).map(sorted)


@given(st.sampled_from(BEHAVIOURS), MOMENTS, st.lists(st.integers(0, 1_440), max_size=8))
def test_however_time_is_cut_its_parts_come_to_the_whole(
    behaviour: Behaviour, changes: list[int], cuts: list[int]
) -> None:
    began = TODAY - 5 * DAY
    backend = SimpleNamespace(account_id="123456789012", region_name="us-east-1")
    instance = SimpleNamespace(ec2_backend=backend, instance_type="m5.large", state="stopped")
    life = Life(instance, Doings(behaviour))
    for number, minutes in enumerate(changes):
        instance.state = "stopped" if number % 2 else "running"
        life.see(began + minutes * MINUTE)
    first, last = int(began.timestamp()) // SLOT, int(TODAY.timestamp()) // SLOT
    borders = sorted({first, last, *(first + cut for cut in cuts), *range(first, last, 288)})
    for name in ("CPUUtilization", "NetworkIn"):
        whole = life.samples(name, first, last)
        parts = [part for begin, end in pairwise(borders) if (part := life.samples(name, begin, end))]
        assert bool(parts) == bool(whole)
        if whole:
            assert sum(part.number for part in parts) == pytest.approx(whole.number)
            assert sum(part.total for part in parts) == pytest.approx(whole.total)
            assert min(part.least for part in parts) == whole.least
            assert max(part.most for part in parts) == whole.most
