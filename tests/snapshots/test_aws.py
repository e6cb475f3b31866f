"""Snapshots in EC2, DynamoDB and Systems Manager through boto3, against the strict emulator."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto.ec2.models import ec2_backends

from chalicelib.errors import BadSettings, GroundskeeperError, Refused, TryAgain, Unclear
from chalicelib.snapshots import copies
from chalicelib.snapshots.aws.journal import SETTLED_AFTER, Journal
from chalicelib.snapshots.aws.reader import PAGE, Reader
from chalicelib.snapshots.aws.ssm import Shell
from chalicelib.snapshots.aws.writer import Region
from chalicelib.snapshots.changes import Create
from chalicelib.snapshots.copies import MOST_AT_ONCE, CopyTo
from chalicelib.snapshots.model import Snapshot
from chalicelib.wiring.for_snapshots import ONCE
from localcloud.server.aws import AwsServer
from localcloud.ssm.behaviour import Fails, Hangs, Silent, Succeeds, Unmanaged
from tests.snapshots.fakes import Time
from tests.snapshots.worlds import DAILY, defined
from tests.snapshots.yards import COPIES, CROWDED, PATIENT, Yard, once, standing_still, tagged, tags

TAGGED = "daily: {schedules: {daily: {at: '03:00', keep: {count: 7}}}, tags: [Owner, Project]}"
WITHOUT_ROOTS = "daily: {schedules: {daily: {at: '03:00', keep: {count: 7}}}, root-volumes: exclude}"
COPIED = f"""daily:
  schedules: {{daily: {{at: '03:00', keep: {{count: 7}}}}}}
  copy: {{region: {COPIES}, keep: {{daily: {{count: 30}}}}}}"""


@pytest.fixture(autouse=True)
def nothing_completes_by_itself(aws: AwsServer) -> Iterator[None]:
    yield from standing_still(aws)


@pytest.fixture
def yard(aws: AwsServer) -> Iterator[Yard]:
    made = Yard(aws)
    yield made
    made.leave()


def made(yard: Yard, text: str = DAILY) -> list[str]:
    """Make what is due; return the ids of all snapshots."""
    for create in yard.creates(text):
        yard.adapter().create(create, create.label(frozen=False))
    return [shown["SnapshotId"] for shown in yard.snapshots()]


def ours(yard: Yard) -> dict[str, Snapshot]:
    return {each.id: each for each in yard.reader().ours()[0]}


def test_volumes_are_read_with_all_that_matters(yard: Yard):
    id_ = yard.volume("daily", {"Name": "data"}, VolumeType="io2", Iops=500, Size=9, Encrypted=True)
    host, (root,) = yard.instance()
    volumes = yard.world().volumes
    found = volumes[id_]
    assert (found.type, found.iops, found.size, found.zone) == ("io2", 500, 9, yard.zone)
    assert (found.state, found.instances, found.is_encrypted) == ("available", (), True)
    assert found.tags == {"Name": "data", yard.tag: "daily"}
    assert abs(found.created - yard.aws.clock.now()) < timedelta(minutes=1)
    assert (volumes[root].state, volumes[root].instances) == ("in-use", (host,))


def test_a_volume_on_two_instances_knows_both_and_is_read_once(yard: Yard):
    (first, _), (second, _) = yard.instance(), yard.instance()
    shared = yard.volume("daily", VolumeType="io2", Iops=100, MultiAttachEnabled=True)
    for host in (first, second):
        yard.attach(shared, host)
    world = yard.world()
    assert world.volumes[shared].instances == tuple(sorted((first, second)))
    assert [host for host in (first, second) if shared in world.instances[host].volumes] == [first, second]
    (create,) = yard.creates()
    assert [volume.id for volume in create.volumes] == [shared]


def test_instances_are_read_with_their_devices_and_product_codes_and_terminated_ones_are_not(yard: Yard):
    host, (root, data) = yard.instance(1, "daily")
    gone, _ = yard.instance()
    yard.ec2.terminate_instances(InstanceIds=[gone])
    yard.aws.ebs.set_product_codes(host, ["abc123", "def456"])
    instances = yard.world().instances
    found = instances[host]
    assert gone not in instances
    assert found.devices[data] == "/dev/sdf"
    assert found.root_volume == root
    assert found.product_codes == ("abc123", "def456")
    assert found.tags[yard.tag] == "daily"
    yard.ec2.stop_instances(InstanceIds=[host])
    assert yard.world().instances[host].state in ("stopping", "stopped")


def test_more_than_a_page_of_volumes_and_snapshots_is_read_whole(aws: AwsServer):
    yard = Yard(aws, CROWDED)
    id_ = yard.volume("daily")
    (one,) = made(yard)
    said = tags(yard.snapshots()[0])
    with yard.aws.gate:
        backend = ec2_backends[yard.aws.account_id][yard.region]
        for _ in range(PAGE):
            backend.create_volume(size=1, zone_name=yard.zone)
            copied = backend.create_snapshot(id_, backend.snapshots[one].description)
            copied.add_tags(said)
    pages = yard.aws.calls.count("ec2:DescribeSnapshots")
    world = yard.world()
    assert len(world.volumes) > PAGE
    assert len(world.snapshots) == PAGE + 1
    assert yard.aws.calls.count("ec2:DescribeSnapshots") - pages == 3, "two of ours, one of what is at work"


def test_our_snapshots_are_read_with_what_they_say_of_themselves(yard: Yard):
    host, volumes = yard.instance(1, "daily")
    yard.aws.ebs.set_product_codes(host, ["abc123"])
    made(yard)
    found = ours(yard)
    assert {each.volume for each in found.values()} == set(volumes)
    for each in found.values():
        assert (each.is_pending, each.progress, each.label.instance) == (True, "0%", host)
        assert each.label.product_codes == ("abc123",)
        assert each.label.slots == (f"daily/{yard.tomorrow():%Y-%m-%d}",)
        assert abs(each.started - yard.aws.clock.now()) < timedelta(minutes=1)
    yard.complete_all()
    assert all(each.is_completed for each in ours(yard).values())


def test_what_has_failed_says_why(yard: Yard):
    yard.volume("daily")
    (id_,) = made(yard)
    yard.aws.ebs.fail(id_, "An internal error")
    assert (ours(yard)[id_].is_failed, ours(yard)[id_].message) == (True, "An internal error")


def test_what_carries_our_tag_and_is_not_ours_is_a_stranger(yard: Yard):
    volume = yard.volume("daily")
    (mine,) = made(yard)
    (ours_shown,) = yard.snapshots()
    said = tags(ours_shown)
    yard.aws.clock.offset += timedelta(seconds=20)
    stranger = yard.by_hand(volume, "my own", **said)
    yard.complete(mine)
    copied, described = (
        yard.ec2.copy_snapshot(
            SourceRegion=yard.region,
            SourceSnapshotId=mine,
            TagSpecifications=tagged("snapshot", said),
            **({"Description": description} if description else {}),
        )["SnapshotId"]
        for description in ("", ours_shown["Description"])
    )
    yard.by_hand(yard.volume(), "another stack's", **{**said, "groundskeeper:stack": "another"})
    world = yard.world()
    assert [each.id for each in world.snapshots] == [mine]
    assert [problem.subject for problem in world.strangers] == [described]
    strangers = yard.reader().strangers()
    assert {problem.subject for problem in strangers} == {stranger, copied, described}
    assert all(problem.reason for problem in strangers)


def test_who_strips_or_changes_tags_does_not_make_slots_empty(yard: Yard):
    for policy in ("daily", "daily"):
        yard.volume(policy)
    stripped, changed = made(yard)
    yard.ec2.delete_tags(Resources=[stripped], Tags=[{"Key": "groundskeeper:stack"}, {"Key": "groundskeeper:slots"}])
    yard.ec2.create_tags(Resources=[changed], Tags=[{"Key": "groundskeeper:policy", "Value": "other"}])
    found = ours(yard)
    assert {id_ for id_, each in found.items() if "groundskeeper:stack" in each.label.altered} == {stripped}
    assert {id_ for id_, each in found.items() if "groundskeeper:policy" in each.label.altered} == {changed}
    assert {each.label.policy for each in found.values()} == {"daily"}
    assert yard.creates() == ()


def test_a_stack_whose_name_begins_like_another_has_snapshots_of_its_own(yard: Yard):
    other = Yard(yard.aws, yard.region, f"{yard.stack}-2")
    other.volume("daily")
    yard.volume("daily")
    theirs = made(other)
    mine = made(yard)
    assert list(ours(yard)) == mine
    assert list(ours(other)) == theirs
    other.leave()


@pytest.mark.parametrize("by", ["a tag", "its tier"])
def test_anybody_can_hold_a_snapshot(yard: Yard, by: str):
    yard.volume("daily")
    (id_,) = made(yard)
    yard.complete_all()
    if by == "a tag":
        yard.ec2.create_tags(Resources=[id_], Tags=[{"Key": "groundskeeper:hold", "Value": "until the audit"}])
    else:
        with yard.aws.gate:
            ec2_backends[yard.aws.account_id][yard.region].snapshots[id_].storage_tier = "archive"
    _, held = yard.reader().ours()
    assert list(held) == [id_]


@pytest.mark.parametrize("key", ["aws:backup:source-resource", "aws:dlm:lifecycle-policy-id"])
def test_what_another_service_has_taken_is_held(yard: Yard, key: str):
    yard.volume("daily")
    (id_,) = made(yard)
    yard.aws.ebs.tag_as_aws(id_, {key: "x"})
    _, held = yard.reader().ours()
    assert held == {id_: f"another service holds it, by the tag {key}"}


def test_images_hold_their_snapshots_disabled_ones_too(yard: Yard):
    yard.volume("daily")
    yard.volume("daily")
    first, second = made(yard)
    yard.complete_all()
    images = [
        yard.ec2.register_image(
            Name=f"of {id_}",
            RootDeviceName="/dev/sda1",
            BlockDeviceMappings=[
                {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": id_}},
                {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
            ],
        )["ImageId"]
        for id_ in (first, second)
    ]
    yard.ec2.disable_image(ImageId=images[1])
    held = yard.reader().held()
    assert {id_: held.get(id_) for id_ in (first, second)} == {
        first: f"the image {images[0]} uses it",
        second: f"the image {images[1]} uses it",
    }


def test_locks_hold_snapshots_until_they_have_run_out(yard: Yard):
    yard.volume("daily")
    (id_,) = made(yard)
    yard.complete_all()
    yard.ec2.lock_snapshot(SnapshotId=id_, LockMode="governance", LockDuration=1)
    assert yard.reader().held()[id_] == "it is locked (governance)"
    yard.aws.clock.offset += timedelta(days=2)
    assert id_ not in yard.reader().held()


def test_public_and_shared_snapshots_are_seen(yard: Yard):
    for _ in range(3):
        yard.volume("daily")
    public, shared, _ = made(yard)
    yard.complete_all()
    permit: Callable[..., Any] = yard.ec2.modify_snapshot_attribute
    permit(SnapshotId=public, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"])
    permit(SnapshotId=shared, Attribute="createVolumePermission", OperationType="add", UserIds=["111111111111"])
    reader = yard.reader()
    assert reader.public() & {public, shared} == {public}
    assert (reader.shared_with(shared), reader.shared_with(public)) == (frozenset({"111111111111"}), frozenset())
    assert reader.shared_with("snap-0123456789abcdef0") == frozenset(), "it is gone meanwhile"


def test_the_regions_block_is_read(yard: Yard):
    for state in ("block-all-sharing", "block-new-sharing"):
        yard.ec2.enable_snapshot_block_public_access(State=state)
        assert yard.reader().blocking() == state
    yard.ec2.disable_snapshot_block_public_access()
    assert yard.reader().blocking() == "unblocked"


def test_what_anybody_has_at_work_counts_against_the_limit(yard: Yard):
    first, second, third = (yard.volume() for _ in range(3))
    _, failed, done = (yard.by_hand(volume) for volume in (first, second, third))
    yard.aws.ebs.fail(failed)
    yard.complete(done)
    at_work = yard.world().at_work
    assert (at_work[first], at_work[second], at_work[third]) == (1, 1, 0)


def test_ids_of_all_volumes_are_read(yard: Yard):
    ids = {yard.volume(), yard.volume()}
    assert ids <= yard.reader().volumes()


READS: list[tuple[str, Callable[[Reader], object]]] = [
    ("DescribeVolumes", lambda reader: reader.look()),
    ("DescribeInstances", lambda reader: reader.look()),
    ("DescribeSnapshots", lambda reader: reader.ours()),
    ("DescribeSnapshots", lambda reader: reader.destination()),
    ("DescribeSnapshots", lambda reader: reader.public()),
    ("DescribeVolumes", lambda reader: reader.volumes()),
    ("DescribeImages", lambda reader: reader.held()),
    ("DescribeLockedSnapshots", lambda reader: reader.held()),
    ("DescribeSnapshotAttribute", lambda reader: reader.shared_with("snap-0123456789abcdef0")),
    ("GetSnapshotBlockPublicAccessState", lambda reader: reader.blocking()),
]


@pytest.mark.parametrize(("call", "read"), READS, ids=[call for call, _ in READS])
def test_a_region_that_does_not_answer_or_denies_access_is_not_read_in_part(
    yard: Yard, call: str, read: Callable[[Reader], object]
):
    for code, status, error in (
        ("RequestLimitExceeded", 503, TryAgain),
        ("InternalError", 500, TryAgain),
        (None, 400, TryAgain),
        ("UnauthorizedOperation", 403, BadSettings),
        ("AuthFailure", 401, BadSettings),
        ("OptInRequired", 403, BadSettings),
        ("SomethingNew", 400, BadSettings),  # so that it spoils no other region
    ):
        yard.fail(f"ec2:{call}", code=code, status=status)
        with pytest.raises(error) as caught:
            read(yard.reader())
        assert yard.region in str(caught.value)


def test_a_role_that_may_not_look_is_told_what_to_check(yard: Yard):
    iam, name = yard.aws.client("iam"), f"user-{uuid.uuid4().hex}"
    iam.create_user(UserName=name)
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=json.dumps(nothing))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    client = boto3.client(
        "ec2",
        region_name=yard.region,
        endpoint_url=yard.aws.endpoint,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        config=PATIENT,
    )
    with pytest.raises(BadSettings, match=f"EC2 in {yard.region} denies access: check that Regions"):
        Reader(client, yard.region, yard.stack).look()


def calls(yard: Yard, *names: str) -> int:
    return sum(yard.aws.calls.count(f"ec2:{name}") for name in names)


def test_an_instances_volumes_are_one_call_that_leaves_the_others_out_and_tags_all(yard: Yard):
    host, (root, taken, other) = yard.instance(2, "daily", {"Owner": "ops"})
    yard.ec2.create_tags(Resources=[other], Tags=[{"Key": yard.tag, "Value": "none"}])
    extra = yard.volume()
    yard.attach(extra, host)
    create = yard.create(TAGGED)
    before = calls(yard, "CreateSnapshots", "CreateSnapshot", "CreateTags")
    found = yard.adapter().create(create, create.label(frozen=False))
    assert calls(yard, "CreateSnapshots", "CreateSnapshot", "CreateTags") - before == 1
    shown = {each["VolumeId"]: each for each in yard.snapshots()}
    assert set(shown) == {root, taken, extra}
    assert found == {volume: each["SnapshotId"] for volume, each in shown.items()}
    assert len({each["StartTime"] for each in shown.values()}) == 1, "of one instant"
    for each in shown.values():
        said = tags(each)
        assert (said["Owner"], said["groundskeeper:stack"], said["groundskeeper:policy"]) == (
            "ops",
            yard.stack,
            "daily",
        )
        assert said["groundskeeper:slots"] == f"daily/{yard.tomorrow():%Y-%m-%d}"
        assert host in said["groundskeeper:because"]
        assert each["Description"].startswith(f"Groundskeeper {yard.stack}: ")


def test_a_root_volume_is_left_out_on_request(yard: Yard):
    _, (_, *data) = yard.instance(2, "daily")
    create = yard.create(WITHOUT_ROOTS)
    assert set(yard.adapter().create(create, create.label(frozen=False))) == set(data)


def test_a_loose_volume_and_one_alone_on_its_instance_are_asked_for_by_themselves(yard: Yard):
    loose = yard.volume("daily")
    _, (_, data) = yard.instance(1, "daily")
    for create in yard.creates(WITHOUT_ROOTS):
        (volume,) = yard.adapter().create(create, create.label(frozen=False))
        assert volume == create.volumes[0].id
    assert {each["VolumeId"] for each in yard.snapshots()} == {loose, data}
    assert {tags(each)["groundskeeper:volume"] for each in yard.snapshots()} == {loose, data}


REFUSED, LATER, UNCLEAR = Refused, TryAgain, Unclear
ANSWERS: list[tuple[str | None, int, type[GroundskeeperError]]] = [
    ("RequestLimitExceeded", 503, LATER),
    ("EC2ThrottledException", 400, LATER),
    ("Throttling", 400, LATER),
    ("InternalError", 500, UNCLEAR),
    ("ServiceUnavailable", 503, UNCLEAR),
    ("Unavailable", 503, UNCLEAR),
    (None, 400, UNCLEAR),
    ("ConcurrentSnapshotLimitExceeded", 400, REFUSED),
    ("SnapshotCreationPerVolumeRateExceeded", 400, REFUSED),
    ("SnapshotLimitExceeded", 400, LATER),
    ("PendingSnapshotLimitExceeded", 400, LATER),
    ("IncorrectState", 400, REFUSED),
    ("InvalidVolume.NotFound", 400, REFUSED),
    ("UnauthorizedOperation", 403, REFUSED),
    ("SomethingNew", 400, REFUSED),
]


@pytest.fixture(scope="module")
def refusing(aws: AwsServer) -> tuple[Yard, tuple[Create, ...], CopyTo]:
    """Return a yard in which nothing will be made, two creations that are due, and a copy."""
    yard = Yard(aws)
    yard.volume("daily")
    for create in yard.creates():
        yard.adapter().create(create, create.label(frozen=False))
    yard.complete_all()
    (copy,) = to_copy(yard)
    yard.adapter().delete(copy.source.id)
    yard.instance(1, "daily")
    return yard, yard.creates(), copy


@pytest.mark.parametrize(("code", "status", "error"), ANSWERS, ids=[str(code) for code, *_ in ANSWERS])
def test_what_ec2_answers_is_translated_and_the_sdk_asks_once(
    refusing: tuple[Yard, tuple[Create, ...], CopyTo],
    code: str | None,
    status: int,
    error: type[GroundskeeperError],
):
    yard, creates, copy = refusing

    def ask(operation: str, act: Callable[[], object], region: str = "") -> None:
        before = calls(yard, operation)
        yard.fail(f"ec2:{operation}", region=region, code=code, status=status, times=5)
        with pytest.raises(error, match=r".+") as caught:
            act()
        yard.aws.faults.clear()
        assert type(caught.value) is error
        assert calls(yard, operation) - before == 1

    assert {create.is_set for create in creates} == {True, False}
    for create in creates:
        label = create.label(frozen=False)
        ask("CreateSnapshots" if create.is_set else "CreateSnapshot", partial(yard.adapter().create, create, label))
    ask("CopySnapshot", lambda: yard.adapter(COPIES).copy(copy), COPIES)
    assert (yard.snapshots(), yard.snapshots(COPIES)) == ([], [])


@pytest.mark.parametrize("code", ["InternalError", None], ids=["an error", "no answer"])
def test_when_the_answer_is_lost_that_is_unclear_and_the_snapshot_is_found(yard: Yard, code: str | None):
    yard.volume("daily")
    create = yard.create()
    yard.fail("ec2:CreateSnapshot", code=code, status=500, after=True)
    with pytest.raises(Unclear):
        yard.adapter().create(create, create.label(frozen=False))
    (shown,) = yard.snapshots()
    assert yard.adapter().made(create) == {shown["VolumeId"]: shown["SnapshotId"]}


def test_what_was_never_sent_may_be_sent_again(yard: Yard):
    yard.volume("daily")
    create = yard.create()
    nobody = boto3.client(
        "ec2",
        region_name=yard.region,
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=ONCE,
    )
    with pytest.raises(TryAgain, match="was not reached"):
        Region(nobody, nobody, nobody, yard.region, yard.stack).create(create, create.label(frozen=False))


class Garbled(AWSResponse):
    """An answer that was cut off on its way, or is a proxy's."""

    content = b'<?xml version="1.0"?><CreateSnapshotResponse><snapshotId>snap-'


def test_an_answer_that_cannot_be_read_is_unclear(yard: Yard):
    yard.volume("daily")
    create = yard.create()
    client = boto3.client("ec2", region_name=yard.region, aws_access_key_id="x", aws_secret_access_key="x", config=ONCE)
    events: Any = client.meta.events
    events.register("before-send.ec2", lambda **_: Garbled("", 200, HTTPHeaders(), None))
    with pytest.raises(Unclear):
        Region(client, client, client, yard.region, yard.stack).create(create, create.label(frozen=False))
    with pytest.raises(TryAgain):
        Region(client, client, client, yard.region, yard.stack).look()


def test_only_what_was_asked_for_counts_as_made(yard: Yard):
    volume = yard.volume("daily")
    create = yard.create()
    adapter = yard.adapter()
    assert adapter.made(create) == {}
    other = replace(create, policy=replace(create.policy, name="other"))
    adapter.create(other, other.label(frozen=False))
    assert adapter.made(create) == {}, "that was for another policy"
    yard.aws.clock.offset += timedelta(seconds=20)
    failed = adapter.create(create, create.label(frozen=False))[volume]
    yard.aws.ebs.fail(failed)
    assert adapter.made(create) == {}, "that has failed"
    yard.aws.clock.offset += timedelta(seconds=20)
    (good,) = adapter.create(create, create.label(frozen=False)).values()
    assert adapter.made(create) == {volume: good}


def to_copy(yard: Yard, text: str = COPIED) -> tuple[CopyTo, ...]:
    """Return the copies that are due."""
    destination = yard.adapter(COPIES).destination()
    return copies.plan(yard.region, ours(yard).values(), destination, defined(text), yard.aws.clock.now()).copies


def test_a_copy_bears_all_that_its_source_is_and_is_read_as_such(yard: Yard):
    _, (root, _) = yard.instance(1, "daily")
    made(yard)
    yard.complete_all()
    sources = ours(yard)
    there = yard.adapter(COPIES)
    for copy in to_copy(yard):
        assert not there.has_copy(copy)
        there.copy(copy)
        assert there.has_copy(copy)
    found = there.destination()
    assert found.on_the_way == 2
    assert {each.label.copy_of for each in found.snapshots} == set(sources)
    (of_root,) = [each for each in found.snapshots if each.volume == root]
    source = sources[of_root.label.copy_of]
    assert (of_root.taken, of_root.label.instance) == (source.started.replace(microsecond=0), source.label.instance)
    assert to_copy(yard) == ()
    assert len(yard.snapshots(COPIES)) == 2


def test_a_copy_that_has_failed_is_none(yard: Yard):
    yard.volume("daily")
    made(yard)
    yard.complete_all()
    (copy,) = to_copy(yard)
    there = yard.adapter(COPIES)
    there.copy(copy)
    yard.aws.ebs.fail(yard.snapshots(COPIES)[0]["SnapshotId"])
    assert not there.has_copy(copy)
    assert [each.source.id for each in to_copy(yard)] == [copy.source.id]


def test_encrypted_snapshots_are_copied_under_the_key_that_the_policy_names_or_the_regions_own(yard: Yard):
    yard.volume("daily", Encrypted=True)
    made(yard)
    yard.complete_all()
    there = yard.adapter(COPIES)
    (copy,) = to_copy(yard)
    there.copy(copy)
    (shown,) = yard.snapshots(COPIES)
    assert shown["Encrypted"]
    key = yard.aws.client("kms", COPIES).create_key()["KeyMetadata"]["Arn"]
    named = replace(copy, policy=replace(copy.policy, copy=replace(copy.policy.copy, kms_key=key)))  # type: ignore[type-var]
    there.copy(named)
    assert {each["KmsKeyId"] for each in yard.snapshots(COPIES)} >= {key}


def test_a_key_encrypts_copies_of_what_is_not_encrypted(yard: Yard):
    yard.volume("daily")
    made(yard)
    yard.complete_all()
    key = yard.aws.client("kms", COPIES).create_key()["KeyMetadata"]["Arn"]
    (copy,) = to_copy(yard, COPIED.replace(f"region: {COPIES}", f"region: {COPIES}, kms-key: '{key}'"))
    yard.adapter(COPIES).copy(copy)
    (shown,) = yard.snapshots(COPIES)
    assert (shown["Encrypted"], shown["KmsKeyId"]) == (True, key)


def test_more_copies_than_aws_makes_at_once_are_for_later(yard: Yard):
    yard.volume("daily")
    made(yard)
    yard.complete_all()
    (copy,) = to_copy(yard)
    there = yard.adapter(COPIES)
    for _ in range(MOST_AT_ONCE):
        there.copy(copy)
    with pytest.raises(TryAgain, match="ResourceLimitExceeded"):
        there.copy(copy)


def test_tags_are_added_to_snapshots_of_ours(yard: Yard):
    yard.volume("daily")
    (id_,) = made(yard)
    yard.adapter().tag([id_], {"Owner": "ops"})
    assert tags(yard.snapshots()[0])["Owner"] == "ops"
    for code, status, error in (
        ("TagLimitExceeded", 400, Refused),
        ("UnauthorizedOperation", 403, Refused),
        ("RequestLimitExceeded", 503, TryAgain),
    ):
        yard.fail("ec2:CreateTags", code=code, status=status)
        with pytest.raises(error):
            yard.adapter().tag([id_], {"Owner": "others"})


def test_what_may_go_goes_and_what_is_gone_is_as_it_should_be(yard: Yard):
    yard.volume("daily")
    (id_,) = made(yard)
    yard.complete_all()
    for _ in range(2):
        yard.adapter().delete(id_)
    assert yard.snapshots() == []


@pytest.mark.parametrize("by", ["an image", "a lock", "AWS Backup", "a policy of the organization"])
def test_what_something_holds_is_refused_with_its_reason(yard: Yard, by: str):
    yard.volume("daily")
    (id_,) = made(yard)
    yard.complete_all()
    if by == "an image":
        mapped = [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": id_}}]
        yard.ec2.register_image(Name=id_, RootDeviceName="/dev/sda1", BlockDeviceMappings=mapped)
    elif by == "a lock":
        yard.ec2.lock_snapshot(SnapshotId=id_, LockMode="governance", LockDuration=1)
    elif by == "AWS Backup":
        yard.aws.ebs.tag_as_aws(id_, {"aws:backup:source-resource": "x"})
    else:
        yard.fail("ec2:DeleteSnapshot", code="UnauthorizedOperation", status=403)
    with pytest.raises(Refused, match=r"\w+"):
        yard.adapter().delete(id_)
    assert len(yard.snapshots()) == 1


def test_a_deletion_that_is_not_answered_may_be_repeated(yard: Yard):
    yard.volume("daily")
    (id_,) = made(yard)
    yard.complete_all()
    for code, status in (("RequestLimitExceeded", 503), ("InternalError", 500), (None, 400)):
        yard.fail("ec2:DeleteSnapshot", code=code, status=status)
        with pytest.raises(TryAgain):
            yard.adapter().delete(id_)
    yard.adapter().delete(id_)
    assert yard.snapshots() == []


@pytest.fixture
def journal(aws: AwsServer, table: str) -> Callable[..., Journal]:
    """Return what makes journals in one table."""

    def make(region: str = "eu-west-1", time: Time | None = None) -> Journal:
        return Journal(once(aws, "dynamodb", aws.region), table, region, (time or Time()).seconds)

    return make


def test_what_is_noted_is_known_to_others_until_it_must_show(journal: Callable[..., Journal]):
    time = Time()
    journal(time=time).note(["a", "b"])
    time.sleep(10)
    journal(time=time).note(["c"])
    asked = journal(time=time).asked()
    assert set(asked) == {"a", "b", "c"}
    assert asked["c"] - asked["a"] == timedelta(seconds=10)
    assert asked["c"] == time.now
    time.sleep(SETTLED_AFTER - 5)
    assert set(journal(time=time).asked()) == {"c"}
    time.sleep(6)
    assert journal(time=time).asked() == {}


def test_what_is_withdrawn_may_be_asked_for_again(journal: Callable[..., Journal]):
    mine, other = journal(), journal()
    other.note(["a"])
    mine.note(["b", "c"])
    mine.note(["d"])
    mine.withdraw(["c", "d", "never noted"])
    assert set(journal().asked()) == {"a", "b"}
    mine.withdraw(["b"])
    assert set(journal().asked()) == {"a"}
    mine.withdraw(["b"])
    mine.note(["b"])
    assert set(journal().asked()) == {"a", "b"}


def test_each_region_and_its_copies_have_a_journal_of_their_own(journal: Callable[..., Journal]):
    names = ["eu-west-1", "eu-west-2", "us-gov-west-1", "copies-eu-west-1", "eu-west-10"]
    for name in names:
        journal(name).note([f"key of {name}"])
    for name in names:
        assert list(journal(name).asked()) == [f"key of {name}"]


def test_old_notes_are_not_read_and_are_forgotten_by_the_table(
    aws: AwsServer, table: str, journal: Callable[..., Journal]
):
    time = Time()
    journal(time=time).note(["a"])
    (item,) = aws.client("dynamodb").scan(TableName=table)["Items"]
    assert int(item["forget_at"]["N"]) - time.seconds() == 86_400


def test_two_notes_of_one_moment_do_not_replace_each_other(journal: Callable[..., Journal]):
    time = Time()
    for key in "abc":
        journal(time=time).note([key])
    assert set(journal(time=time).asked()) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("operation", "act"),
    [
        ("Query", lambda journal: journal.asked()),
        ("PutItem", lambda journal: journal.note(["b"])),
        ("UpdateItem", lambda journal: journal.withdraw(["a"])),
    ],
    ids=["read", "note", "withdraw"],
)
def test_a_table_that_does_not_answer_is_for_later(
    aws: AwsServer, journal: Callable[..., Journal], operation: str, act: Callable[[Journal], object]
):
    mine = journal()
    mine.note(["a"])
    for code, status in (("ProvisionedThroughputExceededException", 400), ("InternalServerError", 500), (None, 400)):
        aws.faults.fail(f"dynamodb:{operation}", code=code, status=status)
        with pytest.raises(TryAgain):
            act(mine)


@pytest.fixture
def host(yard: Yard) -> str:
    return yard.instance()[0]


def shell(yard: Yard) -> tuple[Shell, Time]:
    time = Time()
    return Shell(once(yard.aws, "ssm", yard.region), time.seconds, time.sleep), time


def scripts(yard: Yard, host: str) -> list[tuple[str, ...]]:
    return [run.commands for run in yard.aws.ssm.runs if run.instance_id == host]


def test_a_script_is_run_and_its_end_awaited(yard: Yard, host: str):
    run, time = shell(yard)
    began = time.now
    run.run(host, "sync\nfsfreeze -f /data\n", 27.0)
    assert scripts(yard, host) == [("sync", "fsfreeze -f /data")]
    assert timedelta(0) < time.now - began < timedelta(seconds=3)
    (sent,) = yard.aws.client("ssm", yard.region).list_commands(InstanceId=host)["Commands"]
    assert (sent["DocumentName"], sent["Parameters"]["executionTimeout"]) == ("AWS-RunShellScript", ["27"])


def test_a_script_that_fails_is_refused_with_what_it_said(yard: Yard, host: str):
    yard.aws.ssm.behave(host, Fails(7, error="fsfreeze: /data: Device or resource busy"))
    with pytest.raises(Refused, match="ended as Failed: fsfreeze: /data: Device or resource busy"):
        shell(yard)[0].run(host, "x", 30.0)
    yard.aws.ssm.behave(host, Fails(7))
    with pytest.raises(Refused, match="it said nothing"):
        shell(yard)[0].run(host, "x", 30.0)


@pytest.mark.parametrize("behaviour", [Hangs(), Silent(), Succeeds(seconds=60)], ids=repr)
def test_a_script_that_does_not_end_in_time_is_not_waited_for(yard: Yard, host: str, behaviour: Any):
    yard.aws.ssm.behave(host, behaviour)
    run, time = shell(yard)
    began = time.now
    with pytest.raises(Refused, match="did not end in time"):
        run.run(host, "x", 5.0)
    assert time.now - began <= timedelta(seconds=6)


def test_an_agent_that_stops_a_script_says_so(yard: Yard, host: str):
    yard.aws.ssm.behave(host, Hangs(0.0))
    with pytest.raises(Refused, match="ended as TimedOut"):
        shell(yard)[0].run(host, "x", 30.0)


def test_an_instance_without_an_agent_is_refused_with_the_reason(yard: Yard, host: str):
    yard.aws.ssm.behave(host, Unmanaged())
    with pytest.raises(Refused, match="InvalidInstanceId"):
        shell(yard)[0].run(host, "x", 30.0)


def test_a_command_is_sent_once_and_a_throttle_is_for_later(yard: Yard, host: str):
    for operation in ("SendCommand", "GetCommandInvocation"):
        for code, status in (("ThrottlingException", 400), ("InternalServerError", 500)):
            yard.fail(f"ssm:{operation}", code=code, status=status)
            with pytest.raises(TryAgain):
                shell(yard)[0].run(host, "x", 30.0)
    yard.fail("ssm:SendCommand", code="AccessDeniedException", status=400)
    with pytest.raises(Refused, match="AccessDenied"):
        shell(yard)[0].run(host, "x", 30.0)
    with suppress(Refused):
        yard.fail("ssm:GetCommandInvocation", code="AccessDeniedException", status=400)
        shell(yard)[0].run(host, "x", 30.0)
        pytest.fail("nobody knows what became of it")
