"""Idle instances, end to end: the packaged functions under their own roles, on a clock that is set."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from localcloud.cloudwatch.behaviour import QUIET, from_, silent, steady
from tests.clocked.crew import OLD, Crew, morning
from tests.deployed.permissions import allowed, used

BUSY = steady(40, 80, network_in=10**8, network_out=10**7)
DAY = timedelta(days=1)
_mornings = iter(morning("2028-03-01") + timedelta(days=60 * number) for number in range(100))


@pytest.fixture(scope="module")
def crew(cloud: LocalCloud) -> Iterator[Crew]:
    """Return a stack that tests share; each takes instances and days of its own, and nobody else's are there then."""
    made = Crew(cloud, {"IdleParking": "1", "RunningHours": "1"})
    made.listen()
    yield made
    made.leave()


@pytest.fixture
def day(cloud: LocalCloud, crew: Crew) -> Iterator[datetime]:
    """Return a morning; it is a month before, so that instances that are made now are old then."""
    start = next(_mornings)
    cloud.set_clock(start - OLD)
    yield start
    crew.dismiss()
    cloud.set_clock(None)


def test_an_idle_instance_is_flagged_told_of_once_and_unflagged_when_it_is_busy_again(
    cloud: LocalCloud, crew: Crew, day: datetime
):
    idle = crew.instance(from_(day + timedelta(hours=12), QUIET, BUSY), {"Name": "batch", "Owner": "data"})
    busy, dark = crew.instance(BUSY), crew.instance(silent)
    cloud.set_clock(day)
    assert crew.judge()["error"] is None
    assert crew.flagged(idle, busy, dark) == {idle}
    said = crew.tags(idle)
    assert said["groundskeeper:idle-flag"].startswith(f"{day:%Y-%m-%dT%H:%MZ} {idle} compute-optimizer since ")
    assert said["groundskeeper:idle-noticed"] == f"{day:%Y-%m-%dT%H:%MZ}"
    (letter,) = [each for each in crew.letters() if idle in each["Message"]]
    assert "data: 1 idle instance" in letter["Message"]
    assert crew.judge()["error"] is None
    assert [crew.letters(), crew.tags(idle)] == [[], said], "twice changes nothing"
    cloud.set_clock(day + DAY)
    assert crew.judge()["error"] is None
    assert crew.flagged(idle, busy, dark) == set()
    assert "groundskeeper:idle-noticed" not in crew.tags(idle)


def test_only_who_agreed_is_parked_and_only_after_notice_and_grace(cloud: LocalCloud, crew: Crew, day: datetime):
    agrees = crew.instance(tags={"groundskeeper:idle": "park"})
    says_nothing = crew.instance()
    objects = crew.instance(tags={"groundskeeper:idle": "park"})
    mistypes = crew.instance(tags={"groundskeeper:idle": "keep til 2030"})
    every = (agrees, says_nothing, objects, mistypes)
    cloud.set_clock(day)
    crew.judge()
    crew.tag(objects, idle="keep until 2099-12-31")
    for days in (1, 3, 5, 7):
        assert {crew.state(id_) for id_ in every} == {"running"}
        cloud.set_clock(day + days * DAY)
        assert crew.judge()["error"] is None
    assert {id_ for id_ in every if crew.state(id_) == "stopped"} == {agrees}
    assert crew.flagged(*every) == {agrees, says_nothing}
    because = [line["because"] for line in crew.said("judge-idle", "stopped") if line["instance"] == agrees]
    told = f"its owner was told on {day:%Y-%m-%d}, and the days of grace are over"
    assert because == [f"it has been idle since {day - 14 * DAY:%Y-%m-%d}, {told}"]
    found = {each["instance"]: each for each in crew.report()["instances"]}
    assert (found[agrees]["next_step"], found[mistypes]["verdict"]) == ("it was stopped now", "exempt")
    assert any(each["subject"] == mistypes for each in crew.report()["problems"])


def test_who_starts_a_parked_instance_has_it_for_the_whole_way_once_more(cloud: LocalCloud, crew: Crew, day: datetime):
    parked = crew.instance(tags={"groundskeeper:idle": "park"})
    for days in (0, 2, 4, 6, 7):
        cloud.set_clock(day + days * DAY)
        crew.judge()
    assert crew.state(parked) == "stopped"
    cloud.set_clock(day + 7 * DAY + timedelta(hours=3))
    crew.ec2.start_instances(InstanceIds=[parked])
    cloud.set_clock(day + 8 * DAY)
    crew.judge()
    assert crew.state(parked) == "running"
    assert crew.tags(parked)["groundskeeper:idle-flag"].startswith(f"{day + 8 * DAY:%Y-%m-%d}"), "it is flagged anew"


def test_a_stop_that_could_not_be_told_of_is_told_the_next_day(cloud: LocalCloud, crew: Crew, day: datetime):
    parked = crew.instance(tags={"groundskeeper:idle": "park"})
    for days in (0, 2, 4, 6):
        cloud.set_clock(day + days * DAY)
        crew.judge()
    crew.letters()
    cloud.set_clock(day + 7 * DAY)
    cloud.aws.faults.fail("sns:Publish", code="InternalError", status=500, times=20)
    crew.judge()
    assert (crew.state(parked), crew.letters()) == ("stopped", [])
    assert crew.tags(parked)["groundskeeper:idle-noticed"].endswith(", stopping")
    cloud.aws.faults.clear()
    cloud.set_clock(day + 8 * DAY)
    assert crew.judge()["error"] is None
    (letter,) = [each for each in crew.letters() if parked in each["Message"]]
    assert f"stopped on {day + 7 * DAY:%Y-%m-%d}" in letter["Message"]
    assert not crew.tags(parked)["groundskeeper:idle-noticed"].endswith(", stopping")


def test_a_stop_protected_instance_is_exempt(cloud: LocalCloud, crew: Crew, day: datetime):
    protected = crew.instance()
    crew.ec2.modify_instance_attribute(InstanceId=protected, DisableApiStop={"Value": True})
    cloud.set_clock(day)
    crew.judge()
    (found,) = [each for each in crew.report()["instances"] if each["instance"] == protected]
    assert (found["verdict"], found["because"]) == ("exempt", "it is protected against being stopped")


def test_running_hours_stop_and_start_an_instance(cloud: LocalCloud, crew: Crew, day: datetime):
    office = crew.instance(BUSY, {"groundskeeper:running-hours": "daily 07:00-19:00"})
    mistyped = crew.instance(BUSY, {"groundskeeper:running-hours": "dayly 07:00-19:00"})
    other = crew.instance(BUSY)
    for hour, state in ((6, "stopped"), (7, "running"), (18, "running"), (19, "stopped"), (23, "stopped")):
        cloud.set_clock(day.replace(hour=hour, minute=2))
        assert crew.keep_hours()["error"] is None
        assert crew.state(office) == state, hour
        assert (crew.state(mistyped), crew.state(other)) == ("running", "running")
    (problem, *_) = [line for line in crew.said("keep-running-hours", "left alone") if line["subject"] == mistyped]
    assert "daily" in problem["reason"]
    assert crew.metrics("keep-running-hours")["GoodRunningHours"] == 1


def test_iam_itself_stops_nothing_without_its_tag(cloud: LocalCloud, crew: Crew, day: datetime):
    plain, agrees, scheduled = crew.instance(), crew.instance(), crew.instance()
    crew.tag(agrees, idle="Park")
    crew.tag(scheduled, running_hours="always")
    for function, may in (("judge-idle", agrees), ("keep-running-hours", scheduled)):
        ec2 = crew.as_function(function)
        for id_ in {plain, agrees, scheduled} - {may}:
            with pytest.raises(ClientError, match="UnauthorizedOperation"):
                ec2.stop_instances(InstanceIds=[id_])
            with pytest.raises(ClientError, match="UnauthorizedOperation"):
                ec2.create_tags(Resources=[id_], Tags=[{"Key": "groundskeeper:idle", "Value": "park"}])
        ec2.stop_instances(InstanceIds=[may])
        assert crew.state(may) == "stopped"


def test_every_permission_of_idle_is_one_that_is_used(cloud: LocalCloud, crew: Crew, day: datetime):
    crew.instance(kind="t3.large")
    gone = crew.instance(BUSY)
    crew.tag(gone, idle_flag="old")
    cloud.set_clock(day)
    crew.judge()
    crew.keep_hours()
    mine = allowed(lambda function: function in ("judge_idle", "keep_running_hours"))
    assert mine - used(cloud) <= {"s3:ListBucket"}, "without which what is missing would look forbidden"


def test_a_region_that_denies_access_is_reported_and_the_rest_goes_on(cloud: LocalCloud):
    crew = Crew(cloud, {"Regions": "us-east-1 eu-west-1", "LivePrices": "0"})
    crew.listen()
    start = next(_mornings)
    cloud.set_clock(start - OLD)
    idle = crew.instance()
    cloud.set_clock(start)
    cloud.aws.faults.fail("ec2:DescribeInstances", code="OptInRequired", status=403, region="eu-west-1")
    answer = crew.judge()
    assert "EC2 in eu-west-1 denies access" in answer["payload"]["errorMessage"]
    assert crew.flagged(idle) == {idle}
    assert list(crew.report()["errors"]) == ["eu-west-1"]
    (letter,) = crew.letters()
    assert "eu-west-1" in letter["Message"]
    assert crew.metrics("judge-idle")["GoodIdleRuns"] == 0
    crew.leave()
    cloud.set_clock(None)


def test_without_a_listener_nobody_was_told_so_nothing_is_parked(cloud: LocalCloud):
    crew = Crew(cloud, {"IdleParking": "1", "IdleEmail": "owner@example.com"})
    start = next(_mornings)
    cloud.set_clock(start - OLD)
    agrees = crew.instance(tags={"groundskeeper:idle": "park"})
    for days in (0, 10, 20):
        cloud.set_clock(start + days * DAY)
        assert crew.judge()["error"] is None
    assert crew.flagged(agrees) == {agrees}
    assert "groundskeeper:idle-noticed" not in crew.tags(agrees), "the mail has not been confirmed"
    assert crew.state(agrees) == "running"
    assert crew.metrics("judge-idle")["GoodIdleRuns"] == 0
    assert any("nobody has subscribed" in line["reason"] for line in crew.said("judge-idle", "left alone"))
    crew.leave()
    cloud.set_clock(None)


def test_a_stack_that_may_not_stops_and_starts_nothing(cloud: LocalCloud):
    crew = Crew(cloud)
    crew.listen()
    start = next(_mornings)
    cloud.set_clock(start - OLD)
    agrees = crew.instance(tags={"groundskeeper:idle": "park", "groundskeeper:running-hours": "never"})
    for days in (0, 10):
        cloud.set_clock(start + days * DAY)
        assert crew.judge()["error"] is None
        assert crew.keep_hours()["error"] is None
    assert crew.state(agrees) == "running"
    crew.leave()
    cloud.set_clock(None)


def test_a_dry_run_changes_nothing(cloud: LocalCloud):
    crew = Crew(cloud, {"DryRun": "1", "IdleParking": "1", "RunningHours": "1"})
    crew.listen()
    start = next(_mornings)
    cloud.set_clock(start - OLD)
    idle = crew.instance(tags={"groundskeeper:running-hours": "never"})
    before = crew.tags(idle)
    cloud.set_clock(start)
    assert crew.judge()["error"] is None
    assert crew.keep_hours()["error"] is None
    assert (crew.tags(idle), crew.state(idle), crew.letters()) == (before, "running", [])
    assert [line["instance"] for line in crew.said("judge-idle", "would flag")] == [idle]
    bucket = crew.site.stack.outputs["DocumentBucketName"]
    assert "Contents" not in cloud.client("s3").list_objects_v2(Bucket=bucket, Prefix="reports/")
    crew.leave()
    cloud.set_clock(None)
