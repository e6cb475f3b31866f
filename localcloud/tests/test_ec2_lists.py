"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html"""

from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, client, refusal
from localcloud.tests.disks import instance, tagged

UNKNOWN = "i-0123456789abcdef0"


def launch(aws: AwsServer, count: int, **more: Any) -> list[str]:
    made = aws.client("ec2").run_instances(ImageId="ami-12345678", MinCount=count, MaxCount=count, **more)
    return [each["InstanceId"] for each in made["Instances"]]


def shown(aws: AwsServer, id_: str) -> Json:
    return dict(aws.client("ec2").describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0])


def listed(aws: AwsServer, **filters: list[str]) -> list[str]:
    wanted = [{"Name": name.replace("_", "-"), "Values": values} for name, values in filters.items()]
    pages = aws.client("ec2").get_paginator("describe_instances").paginate(Filters=wanted)
    return [each["InstanceId"] for page in pages for one in page["Reservations"] for each in one["Instances"]]


def test_pages_hold_instances_whatever_their_reservations_and_together_each_once(aws: AwsServer) -> None:
    ids = [*launch(aws, 7), *launch(aws, 6)]
    paginator = aws.client("ec2").get_paginator("describe_instances")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 5}))
    found = [[each["InstanceId"] for one in page["Reservations"] for each in one["Instances"]] for page in pages]
    assert [len(page) for page in found] == [5, 5, 3]
    assert sorted(id_ for page in found for id_ in page) == sorted(ids)
    assert len({one["ReservationId"] for page in pages for one in page["Reservations"]}) == 2


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param({"MaxResults": 4}, "InvalidParameterValue", id="too small a page"),
        pytest.param({"NextToken": "é"}, "InvalidPaginationToken", id="no token"),
        pytest.param({"Filters": [{"Name": "colour", "Values": ["red"]}]}, "InvalidParameterValue", id="no filter"),
        pytest.param({"InstanceIds": ["server"]}, "InvalidInstanceID.Malformed", id="no id"),
    ],
)
def test_a_list_that_cannot_be_made_is_refused(aws: AwsServer, asked: Any, code: str) -> None:
    assert refusal(client(aws, "ec2").describe_instances, **asked)["Code"] == code


def test_one_unknown_id_fails_the_call(aws: AwsServer) -> None:
    (id_,) = launch(aws, 1)
    ec2 = aws.client("ec2")
    error = refusal(ec2.describe_instances, InstanceIds=[id_, UNKNOWN])
    assert (error["Code"], error["Message"]) == (
        "InvalidInstanceID.NotFound",
        f"The instance ID '{UNKNOWN}' does not exist",
    )
    assert refusal(ec2.describe_instances, InstanceIds=[id_], MaxResults=5)["Code"] == "InvalidParameterCombination"
    (reservation,) = ec2.describe_instances(InstanceIds=[id_, id_])["Reservations"]
    assert [each["InstanceId"] for each in reservation["Instances"]] == [id_]


def test_an_unknown_id_in_a_filter_is_just_not_found(aws: AwsServer) -> None:
    (id_,) = launch(aws, 1)
    assert listed(aws, instance_id=[id_, UNKNOWN]) == [id_]


def test_filters_look_at_states_tags_and_shapes(aws: AwsServer) -> None:
    running, stopped, spot = (launch(aws, 1, TagSpecifications=tagged("instance", team=name))[0] for name in "abc")
    aws.client("ec2").stop_instances(InstanceIds=[stopped])
    aws.ec2_shapes.shape(spot, lifecycle="spot")
    assert listed(aws, instance_state_name=["stopped"]) == [stopped]
    assert sorted(listed(aws, instance_state_name=["running", "pending"])) == sorted([running, spot])
    assert listed(aws, instance_lifecycle=["spot"]) == [spot]
    assert listed(aws, **{"tag:team": ["a*"]}, instance_state_name=["run*"]) == [running]


def test_an_instance_runs_linux_on_shared_hardware_and_is_its_owners_unless_told_otherwise(aws: AwsServer) -> None:
    seen = shown(aws, launch(aws, 1)[0])
    assert (seen["PlatformDetails"], seen["UsageOperation"]) == ("Linux/UNIX", "RunInstances")
    assert seen["Operator"] == {"Managed": False}
    assert (seen["RootDeviceType"], seen["Placement"]["Tenancy"]) == ("ebs", "default")
    assert not {"InstanceLifecycle", "Platform"} & seen.keys()


def test_tenancy_is_as_it_was_asked_for(aws: AwsServer) -> None:
    id_, _ = instance(aws, Placement={"Tenancy": "dedicated"})
    assert shown(aws, id_)["Placement"]["Tenancy"] == "dedicated"


def test_what_cannot_be_launched_here_is_made_of_a_launched_instance(aws: AwsServer) -> None:
    id_, _ = instance(aws)
    windows, emr = "Windows with SQL Server Web", "elasticmapreduce.amazonaws.com"
    aws.ec2_shapes.shape(id_, platform=windows, tenancy="host", root="instance-store", operator=emr)
    aws.ec2_shapes.shape(id_, lifecycle="spot")
    seen = shown(aws, id_)
    assert (seen["PlatformDetails"], seen["UsageOperation"], seen["Platform"]) == (
        windows,
        "RunInstances:0202",
        "windows",
    )
    assert seen["Operator"] == {"Managed": True, "Principal": emr}
    assert (seen["RootDeviceType"], seen["Placement"]["Tenancy"]) == ("instance-store", "host")
    assert seen["InstanceLifecycle"] == "spot"
    for wrong in ({"instance_id": UNKNOWN}, {"instance_id": id_, "platform": "Plan 9"}):
        with pytest.raises(LookupError):
            aws.ec2_shapes.shape(**wrong)


def test_an_elastic_address_is_the_accounts_and_any_other_is_lent(aws: AwsServer) -> None:
    ec2, (id_, _) = aws.client("ec2"), instance(aws)

    def owner() -> str:
        interface = shown(aws, id_)["NetworkInterfaces"][0]
        inner = [each["Association"] for each in interface["PrivateIpAddresses"]]
        assert inner == [interface["Association"]]
        return str(interface["Association"]["IpOwnerId"])

    assert owner() == "amazon"
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=id_)
    assert owner() == aws.account_id
    ec2.stop_instances(InstanceIds=[id_])
    assert owner() == aws.account_id


def test_a_stopped_instance_keeps_no_lent_address(aws: AwsServer) -> None:
    ec2, (id_, _) = aws.client("ec2"), instance(aws)
    ec2.stop_instances(InstanceIds=[id_])
    assert "Association" not in shown(aws, id_)["NetworkInterfaces"][0]


def types(aws: AwsServer, **asked: Any) -> list[Json]:
    pages = aws.client("ec2").get_paginator("describe_instance_types").paginate(**asked)
    return [each for page in pages for each in page["InstanceTypes"]]


def test_types_tell_whether_they_burst_and_what_gpus_they_have(aws: AwsServer) -> None:
    found = {each["InstanceType"]: each for each in types(aws, InstanceTypes=["t3.micro", "g4dn.xlarge", "t3.micro"])}
    assert [found[each]["BurstablePerformanceSupported"] for each in ("t3.micro", "g4dn.xlarge")] == [True, False]
    assert "GpuInfo" not in found["t3.micro"]
    assert [each["Count"] for each in found["g4dn.xlarge"]["GpuInfo"]["Gpus"]] == [1]


def test_all_types_come_in_pages_of_a_hundred(aws: AwsServer) -> None:
    ec2 = aws.client("ec2")
    first = ec2.describe_instance_types()
    second = ec2.describe_instance_types(NextToken=first["NextToken"], MaxResults=5)
    assert [len(each["InstanceTypes"]) for each in (first, second)] == [100, 5]
    names = [each["InstanceType"] for each in types(aws)]
    assert len(names) == len(set(names)) > 200


def test_a_filter_finds_the_types_that_there_are(aws: AwsServer) -> None:
    wanted = [{"Name": "instance-type", "Values": ["t3.micro", "x9.huge"]}]
    assert [each["InstanceType"] for each in types(aws, Filters=wanted)] == ["t3.micro"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param({"InstanceTypes": ["t3.micro", "x9.huge"]}, "InvalidInstanceType", id="one unknown type"),
        pytest.param({"InstanceTypes": ["t3.micro"] * 101}, "InvalidParameterValue", id="too many types"),
        pytest.param({"MaxResults": 101}, "InvalidParameterValue", id="too large a page"),
        pytest.param({"MaxResults": 4}, "InvalidParameterValue", id="too small a page"),
    ],
)
def test_a_list_of_types_that_cannot_be_made_is_refused(aws: AwsServer, asked: Any, code: str) -> None:
    assert refusal(client(aws, "ec2").describe_instance_types, **asked)["Code"] == code
