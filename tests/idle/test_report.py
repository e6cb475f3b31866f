"""What a run of idle instances tells its operators: a line for each change with its reason, and metrics."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.errors import BadDefinition, BadSettings, TryAgain
from chalicelib.idle import report
from chalicelib.idle.hours.service import Hours
from chalicelib.idle.model import NOTICED, WISH
from chalicelib.idle.service import NOBODY_LISTENS, Idle
from chalicelib.idle.triggers import Triggers
from tests.idle.estates import BUCKET, OTHER, STACK, A, B, C, D, Estate, flagged
from tests.idle.fakes import HERE
from tests.idle.fleets import TODAY, instance
from tests.telling import Told, telling


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], Told]:
    return telling(STACK, capsys, monkeypatch)


@dataclass
class Parts:
    """What triggers are made of."""

    idle: Idle

    @property
    def hours(self) -> Hours:
        raise AssertionError("nobody asked for them")


def judge(estate: Estate) -> None:
    Triggers(Parts(estate.idle)).judge()


SILENT, BAD, FULL = "i-0000000000000000e", "i-0000000000000000f", "i-00000000000000010"


def everything() -> Estate:
    """Return a stack in which there is something of each kind to be told."""
    estate = Estate()
    estate[HERE].add(
        flagged(B, ago=9, noticed=9, wish="park"),
        flagged(D, ago=3, noticed=3),
        instance(C),
        instance(SILENT),
        instance(BAD, {WISH: "kepe"}),
        instance(FULL),
    )
    estate.metrics[HERE].busy[D, TODAY] = 90.0
    estate.metrics[HERE].incomplete.add(SILENT)
    estate[HERE].untaggable.add(FULL)
    estate[OTHER].there.clear()
    return estate


def only(lines: list[dict[str, Any]]) -> dict[str, Any]:
    (line,) = lines
    return line


def test_a_run_says_what_it_did_and_why_and_counts_it(told: Callable[[], Told]):
    judge(everything())
    said = told()
    assert {line["instance"] for line in said.messages("flagged")} == {A, C}
    assert {line["region"] for line in said.messages("flagged")} == {HERE}
    assert all("on all 14 days and today" in line["because"] for line in said.messages("flagged"))
    unflagged, stopped = only(said.messages("un-flagged")), only(said.messages("stopped"))
    assert (unflagged["region"], unflagged["instance"]) == (HERE, D)
    assert "it is active: peak CPU 90" in unflagged["because"]
    assert (stopped["region"], stopped["instance"]) == (HERE, B)
    assert "the days of grace are over" in stopped["because"]
    undone = only(said.messages("not done"))
    assert (undone["region"], undone["instance"]) == (HERE, FULL)
    assert undone["reason"].startswith("UnauthorizedOperation")
    left = only(said.messages("left alone"))
    assert (left["subject"], "'kepe'" in left["reason"]) == (BAD, True)
    heard = only(said.messages("owners told"))
    assert (heard["instances"], set(heard["owners"])) == (4, {f"owner of {HERE}", "(no owner)"})
    assert only(said.messages("report kept"))["at"] == f"s3://{BUCKET}/{TODAY}.html"
    assert said.metrics == {
        "InstancesJudged": 7,
        "InstancesIdle": 4,
        "InstancesWithoutData": 1,
        "InstancesFlagged": 2,
        "InstancesUnflagged": 1,
        "InstancesParked": 1,
        "IdleProblems": 2,
        "GoodIdleRuns": 1,
    }


def test_a_run_after_which_nothing_is_left_to_do_is_a_good_one(told: Callable[[], Told]):
    estate = Estate()
    judge(estate)
    said = told()
    assert (said.metrics["GoodIdleRuns"], said.metrics["InstancesFlagged"], said.metrics["IdleProblems"]) == (1, 2, 0)
    judge(estate)
    said = told()
    assert (said.metrics["GoodIdleRuns"], said.metrics["InstancesFlagged"], said.metrics["InstancesIdle"]) == (1, 0, 2)
    assert [said.messages(text) for text in ("flagged", "owners told", "not done", "left alone")] == [[]] * 4


def test_a_dry_run_says_what_it_would_do(told: Callable[[], Told]):
    estate = everything()
    estate.is_dry_run = True
    judge(estate)
    said = told()
    assert {line["instance"] for line in said.messages("would flag")} == {A, C, FULL}
    assert [line["instance"] for line in said.messages("would un-flag")] == [D]
    assert [line["instance"] for line in said.messages("would stop")] == [B]
    assert all(line["because"] for line in said.lines if line.get("message", "").startswith("would "))
    for text in ("flagged", "un-flagged", "stopped", "owners told", "report kept", "not done"):
        assert said.messages(text) == []
    done = {name: said.metrics[f"Instances{name}"] for name in ("Flagged", "Unflagged", "Parked")}
    assert done == {"Flagged": 0, "Unflagged": 0, "Parked": 0}
    assert (said.metrics["InstancesJudged"], said.metrics["InstancesIdle"]) == (7, 4)


def test_a_stack_that_does_not_flag_says_what_it_would_do_and_has_told_owners(told: Callable[[], Told]):
    estate = Estate(flagging=False, parking=False)
    judge(estate)
    said = told()
    assert {line["instance"] for line in said.messages("would flag")} == {A, B}
    assert said.messages("flagged") == []
    assert only(said.messages("owners told"))["instances"] == 2
    assert (said.metrics["InstancesFlagged"], said.metrics["GoodIdleRuns"]) == (0, 1)


def test_what_was_done_is_told_before_what_went_wrong_is_raised(told: Callable[[], Told]):
    estate = Estate()
    estate.fail("running", BadSettings("EC2 in eu-west-1 denies access"), HERE)
    with pytest.raises(BadSettings, match="denies access"):
        judge(estate)
    said = told()
    failed = only(said.messages("region not dealt with"))
    assert (failed["region"], failed["reason"]) == (HERE, "EC2 in eu-west-1 denies access")
    assert [line["instance"] for line in said.messages("flagged")] == [B]
    assert only(said.messages("owners told"))["instances"] == 1
    assert only(said.messages("report kept"))
    assert (said.metrics["InstancesJudged"], said.metrics["GoodIdleRuns"]) == (1, 0)


@pytest.mark.parametrize("parks", [True, False])
def test_that_nobody_listens_is_said_each_time_and_is_no_good_where_somebody_waits_for_a_stop(
    told: Callable[[], Told], parks: bool
):
    estate = Estate(parking=parks)
    estate.topic.subscriptions = 0
    for _ in range(2):
        judge(estate)
        said = told()
        left = only(said.messages("left alone"))
        assert (left["subject"], left["reason"]) == ("owners were not told", NOBODY_LISTENS)
        assert (said.metrics["IdleProblems"], said.metrics["GoodIdleRuns"]) == (1, int(not parks))
        assert said.messages("owners told") == []


def test_that_a_report_is_not_kept_is_said_and_the_flags_are_told(told: Callable[[], Told]):
    estate = Estate()
    estate.fail("put", TryAgain("S3 said SlowDown"))
    judge(estate)
    said = told()
    left = only(said.messages("left alone"))
    assert (left["subject"], left["reason"]) == ("the report was not kept", "S3 said SlowDown")
    assert (said.messages("report kept"), said.metrics["GoodIdleRuns"]) == ([], 0)
    assert len(said.messages("flagged")) == 2


def test_a_notice_that_is_not_noted_is_not_done(told: Callable[[], Told]):
    estate = Estate()
    estate.fail(f"mark {NOTICED}", TryAgain("EC2 said RequestLimitExceeded"), HERE)
    judge(estate)
    said = told()
    undone = only(said.messages("not done"))
    assert (undone["instance"], undone["reason"]) == (A, "EC2 said RequestLimitExceeded")
    assert said.metrics["GoodIdleRuns"] == 0


def test_too_much_to_stop_is_an_error_and_nothing_is_stopped(told: Callable[[], Told]):
    estate = Estate((HERE,))
    estate[HERE].there.clear()
    estate[HERE].add(*(flagged(f"i-{number:017x}", 9, 9, "park") for number in range(8)))
    judge(estate)
    said = told()
    error = only(said.messages("nothing stopped"))
    assert (error["level"], error["region"]) == ("ERROR", HERE)
    assert error["reason"].startswith("8 of 8 would be stopped")
    assert (said.metrics["InstancesParked"], said.metrics["GoodIdleRuns"]) == (0, 0)


def test_a_run_that_another_keeps_out_tells_nothing_and_is_raised(told: Callable[[], Told]):
    estate = Estate()
    with estate.lease.turn(), pytest.raises(TryAgain, match="another run"):
        judge(estate)
    assert told().lines == []


def test_definitions_that_are_refused_are_an_error_with_each_fault(told: Callable[[], Told]):
    for name in ("idle.yaml", "prices.yaml"):
        report.refused(BadDefinition(name, ("line 1: grace wants days",)))
        line = only(told().lines)
        assert line["level"] == "ERROR"
        assert "those read before are in force" in line["message"]
        assert "rules" not in line["message"], "they may be prices"
        assert (name in line["reason"], "line 1: grace wants days" in line["reason"]) == (True, True)


def test_metrics_have_the_stack_as_their_dimension(told: Callable[[], Told]):
    judge(Estate())
    (line,) = (line for line in told().lines if "_aws" in line)
    assert line["stack"] == STACK
