"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html"""

import time
from typing import Any

import pytest
from moto.ec2.models import ec2_backends

from localcloud.ebs.creation import make
from localcloud.server.aws import AwsServer
from localcloud.tests import disks
from localcloud.tests.acting import client, refusal


@pytest.fixture
def ec2(aws: AwsServer) -> Any:
    return client(aws, "ec2")


def fill(aws: AwsServer, count: int, tags: int = 1) -> set[str]:
    """Put snapshots into the account, faster than by calls."""
    volume = disks.volume(aws)
    backend = ec2_backends[aws.account_id]["us-east-1"]
    snapshots = make(aws.ebs, [backend.volumes[volume]] * count, "many")
    for number, each in enumerate(snapshots):
        backend.tags[each.id] = {f"key{key}": f"value {number} {key}" for key in range(tags)}
    return {each.id for each in snapshots}


def test_a_list_comes_in_pages_of_the_size_that_is_asked_for(aws: AwsServer, ec2: Any) -> None:
    ids, asked = fill(aws, 12), {"OwnerIds": ["self"], "MaxResults": 5}
    first = ec2.describe_snapshots(**asked)
    second = ec2.describe_snapshots(**asked, NextToken=first["NextToken"])
    third = ec2.describe_snapshots(**asked, NextToken=second["NextToken"])
    assert [len(page["Snapshots"]) for page in (first, second, third)] == [5, 5, 2]
    assert "NextToken" not in third
    assert {each["SnapshotId"] for page in (first, second, third) for each in page["Snapshots"]} == ids


def test_a_page_holds_a_thousand_at_the_most_whatever_is_asked_for(aws: AwsServer, ec2: Any) -> None:
    fill(aws, 1001)
    for asked in ({}, {"MaxResults": 1000}, {"MaxResults": 5000}):
        page = ec2.describe_snapshots(OwnerIds=["self"], **asked)
        assert (len(page["Snapshots"]), bool(page["NextToken"])) == (1000, True)


def test_what_is_deleted_between_two_pages_moves_nothing(aws: AwsServer, ec2: Any) -> None:
    ids, asked = fill(aws, 10), {"OwnerIds": ["self"], "MaxResults": 5}
    first = ec2.describe_snapshots(**asked)
    shown = [each["SnapshotId"] for each in first["Snapshots"]]
    for each in shown:
        ec2.delete_snapshot(SnapshotId=each)
    second = ec2.describe_snapshots(**asked, NextToken=first["NextToken"])
    assert {each["SnapshotId"] for each in second["Snapshots"]} == ids - set(shown)


def test_a_list_that_makes_no_sense_is_refused(aws: AwsServer, ec2: Any) -> None:
    there = disks.snapshot(aws)
    asked: Any
    for asked, code in [
        ({"MaxResults": 4}, "InvalidParameterValue"),
        ({"MaxResults": 5, "SnapshotIds": [there]}, "InvalidParameterCombination"),
        ({"NextToken": "é"}, "InvalidPaginationToken"),
        ({"OwnerIds": ["me"]}, "InvalidUserID.Malformed"),
        ({"RestorableByUserIds": ["amazon"]}, "InvalidUserID.Malformed"),
        ({"Filters": [{"Name": "colour", "Values": ["red"]}]}, "InvalidParameterValue"),
        ({"SnapshotIds": [there, "snap-0"]}, "InvalidSnapshot.NotFound"),
    ]:
        assert (asked, refusal(ec2.describe_snapshots, **asked)["Code"]) == (asked, code)


def test_there_are_two_hundred_values_in_filters_at_the_most(ec2: Any) -> None:
    def asked(count: int) -> Any:
        return {"Filters": [{"Name": "tag:slot", "Values": [str(number) for number in range(count)]}]}

    for describe in (ec2.describe_snapshots, ec2.describe_volumes, ec2.describe_instances, ec2.describe_images):
        describe(**asked(200))
        error = refusal(describe, **asked(201))
        assert error["Code"] == "FilterLimitExceeded"
        assert error["Message"] == "The maximum number of filter values specified on a single call is 200"
    long = {"Filters": [{"Name": "tag:slot", "Values": ["v" * 256]}]}
    assert refusal(ec2.describe_snapshots, **long)["Code"] == "FilterLimitExceeded"


def test_snapshots_are_found_by_filters(aws: AwsServer) -> None:
    volume = disks.volume(aws, Size=9)
    wanted = disks.snapshot(aws, volume, Description="a [b] *", TagSpecifications=disks.tagged(slot="2031-05"))
    disks.completed(aws, wanted)
    for name, value in [
        ("tag:slot", "2031-05"),
        ("tag:slot", "2031-*"),
        ("tag:slot", "2031-?5"),
        ("tag-key", "slot"),
        ("description", "a [b] *"),
        ("description", "a [b] \\*"),
        ("status", "completed"),
        ("owner-id", "123456789012"),
        ("volume-size", "9"),
        ("encrypted", "false"),
        ("progress", "100%"),
        ("storage-tier", "standard"),
    ]:
        assert (name, disks.own(aws, Filters=[{"Name": name, "Values": [value]}])) == (name, [wanted])
        assert disks.own(aws, Filters=[{"Name": name, "Values": ["nothing", value]}]) == [wanted]
        assert disks.own(aws, Filters=[{"Name": name, "Values": ["nothing"]}]) == []


def test_snapshots_are_found_by_what_is_theirs_alone(aws: AwsServer) -> None:
    wanted, other = disks.snapshot(aws), disks.snapshot(aws)
    shown = disks.shown(aws, wanted)
    found = {"volume-id": shown["VolumeId"], "snapshot-id": wanted}
    for name, value in found.items():
        assert disks.own(aws, Filters=[{"Name": name, "Values": [value]}]) == [wanted]
    disks.later(aws, 86400)
    tomorrow = disks.snapshot(aws)
    day = f"{disks.shown(aws, tomorrow)['StartTime']:%Y-%m-%d}*"
    assert disks.own(aws, Filters=[{"Name": "start-time", "Values": [day]}]) == [tomorrow]
    start = f"{shown['StartTime'].isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
    assert other not in disks.own(aws, Filters=[{"Name": "start-time", "Values": ["2001-*"]}])
    assert wanted in disks.own(aws, Filters=[{"Name": "start-time", "Values": [start]}])


def test_all_filters_hold_and_one_value_of_each_suffices(aws: AwsServer) -> None:
    first = disks.snapshot(aws, TagSpecifications=disks.tagged(a="1", b="1"))
    second = disks.snapshot(aws, TagSpecifications=disks.tagged(a="2", b="1"))
    either = [{"Name": "tag:a", "Values": ["1", "2"]}, {"Name": "tag:b", "Values": ["1"]}]
    assert set(disks.own(aws, Filters=either)) == {first, second}
    assert disks.own(aws, Filters=[*either, {"Name": "tag:a", "Values": ["2"]}][1:]) == [second]


def test_an_account_sees_its_own_snapshots_and_amazons_and_is_told_whose_they_are(aws: AwsServer) -> None:
    mine = disks.snapshot(aws)
    assert disks.shown(aws, mine)["OwnerId"] == aws.account_id
    assert mine in disks.own(aws, OwnerIds=[])
    assert len(disks.own(aws, OwnerIds=["amazon"])) > 1
    assert disks.own(aws) == disks.own(aws, OwnerIds=[aws.account_id]) == [mine]
    assert mine not in disks.own(aws, OwnerIds=["amazon"])
    assert disks.own(aws, OwnerIds=["999999999999"]) == []
    assert mine in disks.own(aws, OwnerIds=[], RestorableByUserIds=["self"])
    assert mine not in disks.own(aws, OwnerIds=[], RestorableByUserIds=["all"])


def test_volumes_come_in_pages_and_by_filters_too(aws: AwsServer, ec2: Any) -> None:
    ids = {disks.volume(aws) for _ in range(6)}
    first = ec2.describe_volumes(MaxResults=5)
    second = ec2.describe_volumes(MaxResults=5, NextToken=first["NextToken"])
    assert {each["VolumeId"] for page in (first, second) for each in page["Volumes"]} == ids
    one = disks.volume(aws, TagSpecifications=disks.tagged("volume", backup="yes"))
    instance, (root,) = disks.instance(aws)
    assert refusal(ec2.describe_volumes, VolumeIds=[one, "vol-0"]) == {
        "Code": "InvalidVolume.NotFound",
        "Message": "The volume 'vol-0' does not exist.",
    }
    for name, value, wanted in [
        ("tag:backup", "yes", one),
        ("attachment.instance-id", instance, root),
        ("status", "in-use", root),
        ("volume-id", one, one),
    ]:
        found = ec2.describe_volumes(Filters=[{"Name": name, "Values": [value]}])["Volumes"]
        assert [each["VolumeId"] for each in found] == [wanted]


def test_twice_as_many_snapshots_take_about_twice_as_long(aws: AwsServer) -> None:
    def taken(count: int) -> float:
        fill(aws, count, tags=8)
        before = time.perf_counter()
        assert disks.own(aws, Filters=[{"Name": "tag:key3", "Values": ["nothing"]}]) == []
        return time.perf_counter() - before

    small = taken(1000)
    assert taken(7000) < 50 * small  # of eight times as many; what is quadratic takes 64 times as long, or more
