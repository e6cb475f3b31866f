"""Instances in EC2 through boto3: of the strict emulator, or stubbed where that cannot show it."""

from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto.ec2.models.instance_types import INSTANCE_TYPES

from chalicelib.errors import BadSettings, GroundskeeperError, Refused, TryAgain
from chalicelib.idle.aws.ec2 import FILTER_VALUES, Region
from chalicelib.idle.marks import STOPPING
from chalicelib.idle.model import FLAG, NOTICED, WISH, Instance, Kind, Volume
from localcloud.server.aws import AwsServer
from tests.idle.clouds import DAY, Site, sites, utc

NEVER = "i-0123456789abcdef0"
KEY = "groundskeeper:idle-flag"
LAUNCHED = utc(2026, 11, 20)
USUAL = {"InstanceId": NEVER, "InstanceType": "m5.large", "LaunchTime": LAUNCHED, "State": {"Name": "running"}}


@pytest.fixture
def site(aws: AwsServer) -> Iterator[Site]:
    yield from sites(aws)


def nothing() -> None:
    """Wait for nothing."""


def unknown(count: int) -> list[str]:
    return [f"i-{number:017x}" for number in range(count)]


# What an instance is


def test_an_instance_is_read_with_all_that_matters(site: Site):
    id_ = site.named(Name="web", Owner="ops")
    shown, found = site.shown(id_), site.read(id_)
    (volume,) = (each["Ebs"]["VolumeId"] for each in shown["BlockDeviceMappings"])
    assert found == Instance(
        id_,
        "m5.large",
        shown["LaunchTime"],
        found.since,
        platform="Linux/UNIX",
        tags={"Name": "web", "Owner": "ops"},
        tenancy="default",
        lifecycle="",
        operator="",
        root="ebs",
        volumes=(volume,),
        public_ipv4s=1,
        elastic_ips=0,
        state="running",
    )
    assert abs(found.since - (site.now - 80 * DAY)) < timedelta(minutes=1)
    assert (found.name, found.is_running) == ("web", True)


SHAPES: list[Any] = [
    pytest.param(
        {"platform": "Windows with SQL Server Web"}, {"platform": "Windows with SQL Server Web"}, id="platform"
    ),
    pytest.param({"tenancy": "host"}, {"tenancy": "host"}, id="a dedicated host"),
    pytest.param({"tenancy": "dedicated"}, {"tenancy": "dedicated"}, id="dedicated hardware"),
    pytest.param({"lifecycle": "spot"}, {"lifecycle": "spot"}, id="spot"),
    pytest.param({"lifecycle": "capacity-block"}, {"lifecycle": "capacity-block"}, id="a capacity block"),
    pytest.param({"operator": "eks.amazonaws.com"}, {"operator": "eks.amazonaws.com"}, id="a service operates it"),
    pytest.param({"root": "instance-store"}, {"root": "instance-store"}, id="an instance store as its root"),
]


@pytest.mark.parametrize(("shape", "wanted"), SHAPES)
def test_what_is_special_about_an_instance_is_read(site: Site, shape: dict[str, str], wanted: dict[str, str]):
    usual = {"platform": "Linux/UNIX", "tenancy": "default", "lifecycle": "", "operator": "", "root": "ebs"}
    id_ = site.one()
    assert {name: getattr(site.read(id_), name) for name in usual} == usual
    site.aws.ec2_shapes.shape(id_, **shape)
    assert {name: getattr(site.read(id_), name) for name in usual} == {**usual, **wanted}


def test_the_oldest_attachment_tells_how_old_an_instance_is_though_each_start_moves_its_launch(site: Site):
    id_ = site.one(ago=70)
    site.at(site.now - 2 * DAY)
    site.ec2.stop_instances(InstanceIds=[id_])
    site.at(site.now - 1 * DAY)
    site.ec2.start_instances(InstanceIds=[id_])
    late = str(site.ec2.create_volume(Size=1, AvailabilityZone=f"{site.name}a")["VolumeId"])
    site.ec2.attach_volume(VolumeId=late, InstanceId=id_, Device="/dev/sdf")
    site.at(site.now)
    found = site.read(id_)
    assert abs(found.launched - (site.now - 1 * DAY)) < timedelta(minutes=1)
    assert abs(found.since - (site.now - 70 * DAY)) < timedelta(minutes=1)
    assert late in found.volumes
    site.ec2.detach_volume(VolumeId=late)
    site.ec2.delete_volume(VolumeId=late)


def seen(**shown: Any) -> Instance:
    """Read one instance of an answer of DescribeInstances."""
    make: Any = boto3.client
    client = make("ec2", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        stubber.add_response("describe_instances", {"Reservations": [{"Instances": [USUAL | shown]}]})
        (found,) = Region(client, client, "eu-west-1", nothing, nothing).running()
    return found


def interface(*addresses: tuple[str, str] | None, **more: Any) -> dict[str, Any]:
    """Return a network interface whose private addresses have public ones with their owners, or none."""
    shown = [
        {
            "PrivateIpAddress": f"10.0.0.{n}",
            **({"Association": {"PublicIp": each[0], "IpOwnerId": each[1]}} if each else {}),
        }
        for n, each in enumerate(addresses)
    ]
    first = next((each["Association"] for each in shown if "Association" in each), None)
    return {"PrivateIpAddresses": shown, **({"Association": first} if first else {}), **more}


ADDRESSES: list[Any] = [
    pytest.param([], (0, 0), id="no interface"),
    pytest.param([interface(None)], (0, 0), id="none"),
    pytest.param([interface(("52.0.0.1", "amazon"))], (1, 0), id="one that is lent"),
    pytest.param([interface(("52.0.0.1", "123456789012"))], (1, 1), id="one of the account"),
    pytest.param(
        [interface(("52.0.0.1", "123456789012"), ("52.0.0.2", "123456789012"))], (2, 2), id="two on an interface"
    ),
    pytest.param([interface(None, ("52.0.0.2", "123456789012"))], (1, 1), id="of the second private address"),
    pytest.param(
        [interface(("52.0.0.1", "amazon"), ("52.0.0.2", "123456789012")), interface(("52.0.0.3", "123456789012"))],
        (3, 2),
        id="on two interfaces",
    ),
    pytest.param(
        [interface(None, Ipv6Addresses=[{"Ipv6Address": "2001:db8::1"}])], (0, 0), id="IPv6, which costs nothing"
    ),
]


@pytest.mark.parametrize(("interfaces", "wanted"), ADDRESSES)
def test_public_addresses_are_counted_with_those_that_a_stop_does_not_give_back(
    interfaces: list[dict[str, Any]], wanted: tuple[int, int]
):
    found = seen(NetworkInterfaces=interfaces)
    assert (found.public_ipv4s, found.elastic_ips) == wanted


def test_an_elastic_address_takes_the_place_of_a_lent_one(site: Site):
    id_ = site.one()
    assert (site.read(id_).public_ipv4s, site.read(id_).elastic_ips) == (1, 0)
    address = site.ec2.allocate_address(Domain="vpc")["AllocationId"]
    site.ec2.associate_address(InstanceId=id_, AllocationId=address)
    assert (site.read(id_).public_ipv4s, site.read(id_).elastic_ips) == (1, 1)


def test_a_sparse_answer_is_read():
    """Of these fields AWS's model requires none: an instance that has neither interfaces nor volumes, nor tags."""
    found = seen()
    assert (found.since, found.platform, found.root, found.tenancy) == (LAUNCHED, "Linux/UNIX", "ebs", "default")
    assert (found.volumes, found.public_ipv4s, found.tags, found.operator) == ((), 0, {}, "")


@pytest.mark.parametrize("what", ["a volume", "an interface", "a second interface"])
def test_whatever_was_attached_first_tells_the_age(what: str):
    early, late = LAUNCHED - 90 * DAY, LAUNCHED - DAY
    volumes = [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeId": "vol-1", "AttachTime": late}}]
    interfaces = [{"Attachment": {"AttachTime": late}}, {"Attachment": {"AttachTime": late}}]
    if what == "a volume":
        volumes.append({"DeviceName": "/dev/sdf", "Ebs": {"VolumeId": "vol-2", "AttachTime": early}})
    else:
        interfaces[what == "a second interface"]["Attachment"]["AttachTime"] = early
    assert seen(BlockDeviceMappings=volumes, NetworkInterfaces=interfaces).since == early


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        pytest.param({}, "", id="nobody says where"),
        pytest.param({"Placement": {"AvailabilityZone": "eu-west-1a"}}, "", id="a zone"),
        pytest.param({"Placement": {"AvailabilityZone": "us-gov-west-1b"}}, "", id="a zone of the government's"),
        pytest.param({"Placement": {"AvailabilityZone": "us-west-2-lax-1a"}}, "us-west-2-lax-1a", id="a local zone"),
        pytest.param(
            {"Placement": {"AvailabilityZone": "us-east-1-wl1-bos-wlz-1"}},
            "us-east-1-wl1-bos-wlz-1",
            id="at an antenna",
        ),
        pytest.param({"CapacityReservationId": "cr-0123456789abcdef0"}, "capacity reservation", id="reserved capacity"),
        pytest.param(
            {"OutpostArn": "arn:aws:outposts:eu-west-1:123456789012:outpost/op-1"}, "Outpost", id="an Outpost"
        ),
    ],
)
def test_what_does_not_cost_what_its_type_does_says_why(shown: dict[str, Any], wanted: str):
    found = seen(**shown).priced_apart
    assert (bool(found), wanted in found) == (bool(wanted), True)


def test_an_attachment_without_a_time_tells_nothing():
    volumes = [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeId": "vol-1"}}]
    assert seen(BlockDeviceMappings=volumes, NetworkInterfaces=[{"Attachment": {}}, {}]).since == LAUNCHED


@pytest.mark.parametrize(
    ("operator", "wanted"),
    [
        pytest.param({"Managed": False}, "", id="nobody"),
        pytest.param({"Managed": False, "Principal": "eks.amazonaws.com"}, "", id="nobody any more"),
        pytest.param({"Managed": True, "Principal": "eks.amazonaws.com"}, "eks.amazonaws.com", id="a service"),
        pytest.param({"Managed": True}, "an AWS service", id="a service without a name"),
    ],
)
def test_who_operates_an_instance_is_read(operator: dict[str, Any], wanted: str):
    assert seen(Operator=operator).operator == wanted


# Which instances there are


@pytest.fixture
def states(site: Site) -> dict[str, str]:
    """Return an instance in each state, all with a tag; a terminated one too."""
    found = {state: site.named(**{KEY: "x"}) for state in ("running", "stopped", "terminated")}
    site.ec2.stop_instances(InstanceIds=[found["stopped"]])
    site.ec2.terminate_instances(InstanceIds=[found["terminated"]])
    assert {state: site.state(id_) for state, id_ in found.items()} == {state: state for state in found}
    return found


def test_those_that_run_are_the_running_ones(site: Site, states: dict[str, str]):
    assert site.running().keys() == {states["running"]}


def test_those_with_a_tag_are_there_in_whatever_state_but_for_what_is_gone(site: Site, states: dict[str, str]):
    site.named(Other="x")
    site.named(**{f"{KEY}2": "x"})
    found = {each.id: each.state for each in site.region().tagged(KEY)}
    assert found == {states["running"]: "running", states["stopped"]: "stopped"}


def test_those_that_are_stopped_with_a_tag_are_found_by_what_it_ends_with(site: Site, states: dict[str, str]):
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html#Filtering_Resources_CLI: wildcards."""
    region = site.region()
    region.mark(
        list(states.values()), NOTICED, "2026-11-26T06:12Z of a stop on 2026-12-03, idle on 2026-12-03, stopping"
    )
    assert [each.id for each in region.stopped(NOTICED, STOPPING)] == [states["stopped"]]
    region.mark([states["stopped"]], NOTICED, "2026-11-26T06:12Z of a stop on 2026-12-03, idle on 2026-12-03")
    assert region.stopped(NOTICED, STOPPING) == []


def test_some_are_those_that_still_run(site: Site, states: dict[str, str]):
    site.one()
    assert [each.id for each in site.region().some(states.values())] == [states["running"]]
    assert site.region().some([]) == []


def test_one_that_vanishes_between_two_looks_is_just_missing(site: Site):
    stays, goes = site.launch(2)
    assert site.running().keys() == {stays, goes}
    site.ec2.terminate_instances(InstanceIds=[goes])
    assert [each.id for each in site.region().some([stays, goes])] == [stays], "shown as terminated"
    site.aws.forget_terminated()
    site.hosts.remove(goes)
    assert [each.id for each in site.region().some([stays, goes, NEVER])] == [stays], "not shown any more"
    assert site.region().volumes([goes]) == {}
    assert not site.region().is_stop_protected(goes)


def test_no_ids_are_no_calls(site: Site):
    """A filter without values is an error, and one that is left out finds everything."""
    site.one()
    calls = ("DescribeInstances", "DescribeVolumes", "DescribeInstanceTypes")
    before = site.aws.calls.snapshot()
    region = site.region()
    assert (region.some([]), region.volumes([]), region.kinds([])) == ([], {}, {})
    mine = {call: n for call, n in site.aws.calls.snapshot().items() if call.caller == site.aws.access_key}
    assert {
        call: n - before.get(call, 0) for call, n in mine.items() if call.action[4:] in calls and n != before.get(call)
    } == {}


def test_pages_are_read_to_the_last_and_a_page_without_instances_ends_nothing():
    make: Any = boto3.client
    client = make("ec2", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    asked = {"Filters": [{"Name": "instance-state-name", "Values": ["running"]}], "MaxResults": 1_000}
    ids, pages = unknown(5), [(0, 2), (2, 2), (2, 5)]
    with Stubber(client) as stubber:
        for number, (first, last) in enumerate(pages):
            shown = [{**USUAL, "InstanceId": id_} for id_ in ids[first:last]]
            following = {"NextToken": f"t{number + 1}"} if number + 1 < len(pages) else {}
            answer = {"Reservations": [{"Instances": [each]} for each in shown], **following}
            stubber.add_response("describe_instances", answer, asked | ({"NextToken": f"t{number}"} if number else {}))
        found = Region(client, client, "eu-west-1", nothing, nothing).running()
        stubber.assert_no_pending_responses()
    assert [each.id for each in found] == ids


def test_more_ids_than_a_filter_takes_are_asked_for_part_by_part(site: Site):
    mine = site.launch(3)
    ids = [*mine[:2], *unknown(2 * FILTER_VALUES), mine[2]]
    with site.counting("ec2:DescribeInstances") as counted:
        found = site.region().some(ids)
    assert sorted(each.id for each in found) == sorted(mine)
    assert counted == [3]
    with site.counting("ec2:DescribeVolumes") as counted:
        volumes = site.region().volumes(ids)
    assert volumes.keys() == {volume for each in found for volume in each.volumes}
    assert (len(volumes), counted) == (3, [3])


# Types and volumes


def test_types_are_known_by_whether_they_burst_and_by_their_gpus_and_disks(site: Site):
    found = site.region().kinds(["m5.large", "t3.micro", "g4dn.12xlarge", "m5d.large", "x9.imagined"])
    assert found == {
        "m5.large": Kind(),
        "t3.micro": Kind(is_burstable=True),
        "g4dn.12xlarge": Kind(gpus=4, has_instance_store=True),
        "m5d.large": Kind(has_instance_store=True),
    }


def test_types_that_ec2_does_not_know_are_left_out_even_where_it_knows_none(site: Site):
    assert site.region().kinds(["x9.imagined"]) == {}


def test_more_types_than_a_filter_or_a_page_takes_are_all_found(site: Site):
    types = sorted(INSTANCE_TYPES)[: FILTER_VALUES + 1]
    with site.counting("ec2:DescribeInstanceTypes") as counted:
        found = site.region().kinds([*types, "x9.imagined"])
    assert found.keys() == set(types)
    assert counted == [3], "two pages of the first 200, and the rest"


def test_volumes_are_read_with_what_they_cost(site: Site):
    id_, other = site.launch(2)
    wanted = [
        {"VolumeType": "gp3", "Size": 100, "Iops": 4_000, "Throughput": 250},
        {"VolumeType": "io2", "Size": 50, "Iops": 1_000},
        {"VolumeType": "st1", "Size": 500},
    ]
    made = {}
    for letter, each in zip("fgh", wanted, strict=True):
        volume = str(site.ec2.create_volume(AvailabilityZone=f"{site.name}a", **each)["VolumeId"])
        site.ec2.attach_volume(VolumeId=volume, InstanceId=id_, Device=f"/dev/sd{letter}")
        made[volume] = each["VolumeType"]
    site.ec2.create_volume(AvailabilityZone=f"{site.name}a", Size=1)
    found = site.region().volumes([id_])
    assert found.keys() == {*made, *(each for each in site.read(id_).volumes)}
    assert not found.keys() & set(site.read(other).volumes)
    by_type = {made[volume]: each for volume, each in found.items() if volume in made}
    assert {kind: (each.size, each.throughput) for kind, each in by_type.items()} == {
        "gp3": (100, 250),
        "io2": (50, 0),
        "st1": (500, 0),
    }
    assert (by_type["gp3"].iops, by_type["io2"].iops) == (4_000, 1_000)
    for volume in made:
        site.ec2.detach_volume(VolumeId=volume)
        site.ec2.delete_volume(VolumeId=volume)


def test_a_sparse_volume_is_read():
    make: Any = boto3.client
    client = make("ec2", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        stubber.add_response("describe_volumes", {"Volumes": [{"VolumeId": "vol-1", "Size": 8}]})
        found = Region(client, client, "eu-west-1", nothing, nothing).volumes([NEVER])
    assert found == {"vol-1": Volume("vol-1", "standard", 8)}


def test_stop_protection_is_seen(site: Site):
    protected, other = site.one(DisableApiStop=True), site.one()
    region = site.region()
    assert (region.is_stop_protected(protected), region.is_stop_protected(other)) == (True, False)
    site.ec2.modify_instance_attribute(InstanceId=protected, DisableApiStop={"Value": False})
    assert not region.is_stop_protected(protected)
    assert not region.is_stop_protected(NEVER)


# What is changed


def test_tags_are_given_and_taken_away(site: Site):
    first, second, other = site.named(**{WISH: "park"}), site.one(), site.one()
    region = site.region()
    region.mark([first, second], FLAG, "a note = 5 percent: +-_./@")
    region.mark([first], NOTICED, "2026-11-26T06:12Z")
    region.mark([second], FLAG, "another")
    assert site.tags(first) == {WISH: "park", FLAG: "a note = 5 percent: +-_./@", NOTICED: "2026-11-26T06:12Z"}
    assert (site.tags(second), site.tags(other)) == ({FLAG: "another"}, {})
    for _ in range(2):
        region.unmark([first, second, other], (FLAG, NOTICED))
        assert (site.tags(first), site.tags(second)) == ({WISH: "park"}, {})


def test_of_several_all_or_none_are_marked(site: Site):
    good, also = site.launch(2)
    with pytest.raises(Refused, match=f"InvalidInstanceID.NotFound: .*{NEVER}"):
        site.region().mark([good, NEVER, also], FLAG, "x")
    assert (site.tags(good), site.tags(also)) == ({}, {})


def test_of_several_all_or_none_are_unmarked(site: Site):
    good, also = site.named(**{FLAG: "x"}), site.named(**{FLAG: "x"})
    with pytest.raises(Refused, match=r"InvalidInstanceID.NotFound"):
        site.region().unmark([good, NEVER, also], (FLAG, NOTICED))
    assert site.tags(good) == site.tags(also) == {FLAG: "x"}


def test_one_with_too_many_tags_is_refused_and_loses_none(site: Site):
    full = {f"tag{number}": "x" for number in range(50)}
    id_ = site.named(**full)
    with pytest.raises(Refused, match="TagLimitExceeded"):
        site.region().mark([id_], FLAG, "x")
    assert site.tags(id_) == full


def terminated(site: Site) -> str:
    id_ = site.one()
    site.ec2.terminate_instances(InstanceIds=[id_])
    return id_


def in_store(site: Site) -> str:
    id_ = site.one()
    site.aws.ec2_shapes.shape(id_, root="instance-store")
    return id_


BAD: list[Any] = [
    pytest.param(lambda site: site.one(DisableApiStop=True), "OperationNotPermitted", id="a protected one"),
    pytest.param(in_store, "UnsupportedOperation", id="an instance store as root"),
    pytest.param(terminated, "IncorrectInstanceState", id="a terminated one"),
    pytest.param(Site.gone, "InvalidInstanceID.NotFound", id="one that is gone"),
]


@pytest.mark.parametrize(("bad", "why"), BAD)
def test_one_that_cannot_be_stopped_fails_the_call_and_none_is(site: Site, bad: Callable[[Site], str], why: str):
    first, last = site.launch(2)
    ids = [first, bad(site), last]
    with pytest.raises(Refused, match=f"^{why}: .*{ids[1]}"):
        site.region().stop(ids)
    assert (site.state(first), site.state(last)) == ("running", "running")
    site.region().stop([first, last])
    assert (site.state(first), site.state(last)) == ("stopped", "stopped")


@pytest.mark.parametrize(("bad", "why"), BAD[1:])
def test_one_that_cannot_be_started_fails_the_call_and_none_is(site: Site, bad: Callable[[Site], str], why: str):
    first, last = site.launch(2)
    site.region().stop([first, last])
    ids = [first, bad(site), last]
    with pytest.raises(Refused, match=f"^{why}: .*{ids[1]}"):
        site.region().start(ids)
    assert (site.state(first), site.state(last)) == ("stopped", "stopped")
    site.region().start([first, last])
    assert (site.state(first), site.state(last)) == ("running", "running")


def test_what_is_as_it_should_be_stays_so(site: Site):
    id_ = site.one()
    region = site.region()
    region.start([id_])
    for _ in range(2):
        region.stop([id_])
    assert site.state(id_) == "stopped"


# Errors


type Act = Callable[[Region, Collection[str]], object]
READS: list[Any] = [
    pytest.param("DescribeInstances", lambda region, _: region.running(), id="running"),
    pytest.param("DescribeInstances", lambda region, ids: region.some(ids), id="some"),
    pytest.param("DescribeInstances", lambda region, _: region.tagged(KEY), id="tagged"),
    pytest.param("DescribeInstances", lambda region, _: region.stopped(KEY, "*"), id="stopped"),
    pytest.param("DescribeInstanceTypes", lambda region, _: region.kinds(["m5.large"]), id="kinds"),
    pytest.param("DescribeVolumes", lambda region, ids: region.volumes(ids), id="volumes"),
    pytest.param("DescribeInstanceAttribute", lambda region, ids: region.is_stop_protected(*ids), id="protection"),
]
CHANGES: list[Any] = [
    pytest.param("CreateTags", lambda region, ids: region.mark(ids, FLAG, "x"), id="mark"),
    pytest.param("DeleteTags", lambda region, ids: region.unmark(ids, (FLAG,)), id="unmark"),
    pytest.param("StopInstances", lambda region, ids: region.stop(ids), id="stop"),
    pytest.param("StartInstances", lambda region, ids: region.start(ids), id="start"),
]
NOT_NOW = [
    ("RequestLimitExceeded", 503),
    ("Throttling", 400),
    ("InternalError", 500),
    ("Unavailable", 503),
    (None, 400),
]
# What EC2 says of a region that is not this account's: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
DENIED = [("UnauthorizedOperation", 403), ("AuthFailure", 401), ("OptInRequired", 401)]


@pytest.mark.parametrize(("operation", "act"), READS)
@pytest.mark.parametrize(
    ("code", "status", "error"),
    [*((*each, BadSettings) for each in DENIED), *((*each, TryAgain) for each in NOT_NOW)],
    ids=str,
)
def test_a_region_that_cannot_be_read_says_so_by_its_name(
    site: Site, operation: str, act: Act, code: str | None, status: int, error: type[GroundskeeperError]
):
    ids = site.launch(1)
    site.fail(f"ec2:{operation}", code=code, status=status)
    with pytest.raises(error, match=f"EC2 in {site.name}"):
        act(site.region(), ids)
    assert site.aws.faults.pending == []


@pytest.mark.parametrize(("operation", "act"), READS)
def test_a_region_that_says_what_nobody_expects_spoils_no_other(site: Site, operation: str, act: Act):
    """An error that is none of ours would end the whole run."""
    ids = site.launch(1)
    site.fail(f"ec2:{operation}", code="InvalidWhatever", status=400)
    with pytest.raises(BadSettings, match=f"EC2 in {site.name} cannot be read: .*InvalidWhatever"):
        act(site.region(), ids)


def test_of_pages_that_break_off_nothing_is_returned(site: Site):
    mine = site.launch(2)
    site.fail("ec2:DescribeInstances", code="RequestLimitExceeded", status=503, skip=1)
    with pytest.raises(TryAgain):
        site.region().some([*mine, *unknown(FILTER_VALUES)])
    assert site.aws.faults.pending == []


@pytest.mark.parametrize(("operation", "act"), CHANGES)
@pytest.mark.parametrize(("code", "status"), NOT_NOW, ids=str)
def test_a_change_that_is_not_answered_is_for_later_and_may_be_repeated(
    site: Site, operation: str, act: Act, code: str | None, status: int
):
    ids = site.launch(1)
    site.fail(f"ec2:{operation}", code=code, status=status)
    site.fail(f"ec2:{operation}", code=code, status=status, after=True)
    for _ in range(2):
        with pytest.raises(TryAgain, match=f"EC2 in {site.name}"):
            act(site.region(), ids)
    act(site.region(), ids)
    assert site.aws.faults.pending == []


@pytest.mark.parametrize(("operation", "act"), CHANGES)
@pytest.mark.parametrize(("code", "status"), DENIED, ids=str)
def test_a_change_that_our_role_may_not_make_is_refused(site: Site, operation: str, act: Act, code: str, status: int):
    ids = site.launch(1)
    site.fail(f"ec2:{operation}", code=code, status=status)
    with pytest.raises(Refused, match=f"^{code}: "):
        act(site.region(), ids)
    assert (site.state(ids[0]), site.tags(ids[0])) == ("running", {})


def test_a_look_at_one_alone_and_a_change_keep_a_pace_each_and_lists_none(site: Site):
    ids = site.launch(2)
    region = site.region()
    for act in (param.values[1] for param in READS[:-1]):
        act(region, ids)
    assert (site.looks, site.paces) == (0, 0)
    region.is_stop_protected(ids[0])
    assert (site.looks, site.paces) == (1, 0)
    for number, act in enumerate((param.values[1] for param in CHANGES), 1):
        act(region, ids)
        assert (site.looks, site.paces) == (1, number)


def test_who_has_no_time_for_a_request_makes_none(aws: AwsServer, site: Site):
    def late() -> None:
        raise TryAgain("the time of this run is nearly over")

    (id_,) = site.launch(1)
    client = aws.client("ec2", site.name)
    region, before = Region(client, client, site.name, late, late), aws.calls.snapshot()
    for act in (param.values[1] for param in (READS[-1], *CHANGES)):
        with pytest.raises(TryAgain, match="nearly over"):
            act(region, [id_])
    changed = {f"ec2:{param.values[0]}" for param in (READS[-1], *CHANGES)}
    assert {call: n for call, n in aws.calls.snapshot().items() if call.action in changed} == {
        call: n for call, n in before.items() if call.action in changed
    }


@pytest.mark.parametrize("scarcity", ["InsufficientInstanceCapacity", "InsufficientHostCapacity"])
def test_what_ec2_has_no_room_for_is_refused_and_is_no_reason_to_wait(site: Site, scarcity: str):
    """EC2 says so with the status 500, as if it were out of order."""
    ids = site.launch(2)
    site.region().stop(ids)
    site.fail("ec2:StartInstances", code=scarcity, status=500)
    with pytest.raises(Refused, match=f"^{scarcity}: "):
        site.region().start(ids)
    assert [site.state(id_) for id_ in ids] == ["stopped", "stopped"]


def test_readers_and_writers_have_clients_of_their_own(aws: AwsServer, site: Site):
    """Changes are for a client that gives up before its lease ends."""

    class Untouched:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

    (id_,) = site.launch(1)
    client, none = aws.client("ec2", site.name), Untouched()
    reader = Region(client, none, site.name, nothing, nothing)  # type: ignore[arg-type]
    writer = Region(none, client, site.name, nothing, nothing)  # type: ignore[arg-type]
    for _, act in (param.values for param in READS):
        act(reader, [id_])
    for _, act in (param.values for param in CHANGES):
        act(writer, [id_])
    assert site.tags(id_) == {}
