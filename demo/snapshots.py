"""The scenes of snapshots: a week of slots on a clock that is set, what it leaves, and a volume that comes back."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from demo.stage import IMAGE, STACK, Stage

ZONE = "us-east-1a"
POLICY = """\
policies:
  fleet:
    schedules:
      daily: {at: "03:00", keep: {count: 3}}
      weekly: {at: "03:00", on: sunday, keep: {count: 4}}
    tags: [Name]
"""
FILE = "policies.yaml"
DAYS = 8
OUTAGE, DELETION = 3, 5  # days, from 0
SWEEP, RETIRE = f"{STACK}-sweep-snapshots", f"{STACK}-retire-snapshots"


def play(stage: Stage) -> None:
    """Play every scene."""
    last = (datetime.now(UTC) - timedelta(hours=3)).replace(hour=3, minute=3, second=0, microsecond=0)
    days = [last - timedelta(days=number) for number in range(DAYS)][::-1]
    stage.cloud.set_clock(days[0] - timedelta(hours=6))
    scratch, typo = _volumes(stage)
    _a_week(stage, days, scratch)
    stage.cloud.set_clock(None)
    _covered(stage, typo)
    _retired(stage)
    _twice(stage)
    _back(stage, scratch)


def _volumes(stage: Stage) -> tuple[str, str]:
    stage.scene("Volumes ask for snapshots by a tag, an instance for all of its own; the clock is set a week back")
    (stage.folder / FILE).write_text(POLICY)
    stage.say("\n   ".join([f"$ cat {FILE}", *POLICY.splitlines()]))
    stage.run("groundskeeper", "snapshots", "define", FILE, "--local", echo=True)
    tags = [{"Key": "Snapshot", "Value": "fleet"}, {"Key": "Name", "Value": "db"}]
    started = stage.ec2.run_instances(
        ImageId=IMAGE,
        MinCount=1,
        MaxCount=1,
        Placement={"AvailabilityZone": ZONE},
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    database = started["Instances"][0]["InstanceId"]
    stage.say(f"$ aws ec2 run-instances … --tag-specifications '…{{Key=Snapshot,Value=fleet}}'\n     → {database}")
    data = _volume(stage, 100, Name="db-data")
    stage.ec2.attach_volume(VolumeId=data, InstanceId=database, Device="/dev/sdf")
    stage.say(f"$ aws ec2 attach-volume --volume-id {data} --instance-id {database} --device /dev/sdf")
    scratch = _volume(stage, 10, Name="scratch", Snapshot="fleet")
    typo = _volume(stage, 10, Name="typo", Snapshot="flet")
    _volume(stage, 10, Name="cache", Snapshot="none")
    return scratch, typo


def _volume(stage: Stage, size: int, **tags: str) -> str:
    said = [{"Key": key, "Value": value} for key, value in tags.items()]
    specified = [{"ResourceType": "volume", "Tags": said}]
    made = stage.ec2.create_volume(Size=size, AvailabilityZone=ZONE, VolumeType="gp3", TagSpecifications=specified)
    short = ",".join(f"{{Key={key},Value={value}}}" for key, value in tags.items())
    stage.say(f"$ aws ec2 create-volume … --tag-specifications '…{short}'\n     → {made['VolumeId']}")
    return str(made["VolumeId"])


def _a_week(stage: Stage, days: list[datetime], scratch: str) -> None:
    outage, deletion = days[OUTAGE], days[DELETION]
    stage.scene(
        f"A week passes: on {outage:%A} nothing runs at all, and on {deletion:%A} the volume scratch is deleted"
    )
    for now in days:
        if now == outage:
            continue
        stage.cloud.set_clock(now)
        stage.fire(SWEEP)
        stage.expect(f"{now:%a %d %b %H:%M}: the snapshots that are due are completed", partial(_is_done, stage))
        if now >= outage:
            stage.fire(RETIRE)
        if now == deletion:
            stage.ec2.delete_volume(VolumeId=scratch)
            stage.say(f"$ aws ec2 delete-volume --volume-id {scratch}")


def _covered(stage: Stage, typo: str) -> None:
    stage.scene("It is today again. Is everything covered?")
    covered = stage.run("groundskeeper", "snapshots", "coverage", "--local", echo=True)
    stage.expect("no: a tag has been mistyped", lambda: covered.returncode == 1 and typo in covered.stderr)
    stage.ec2.create_tags(Resources=[typo], Tags=[{"Key": "Snapshot", "Value": "fleet"}])
    stage.say(f"$ aws ec2 create-tags --resources {typo} --tags Key=Snapshot,Value=fleet")
    stage.fire(SWEEP)
    stage.expect("its slots are made up by one snapshot", partial(_is_done, stage))
    covered = stage.run("groundskeeper", "snapshots", "coverage", "--local", echo=True)
    stage.expect("every volume that asks for it could be restored", lambda: covered.returncode == 0)


def _retired(stage: Stage) -> None:
    stage.scene("These are the snapshots that were deleted meanwhile, and why")
    deleted = stage.cloud.said(RETIRE, "deleted")
    for said in deleted:
        stage.say(f"- {said['timestamp'][:10]}  {said['snapshot']} of {said['volume']}  because {said['because']}")
    stage.expect("some were", lambda: bool(deleted))
    stage.say("")
    stage.say("and these are the others, with what keeps them:")
    stage.run("groundskeeper", "plan", "snapshots", "--all", "--local", echo=True)


def _twice(stage: Stage) -> None:
    stage.scene("Running twice changes nothing the second time")
    before = {found["SnapshotId"] for found in _ours(stage)}
    for _ in range(2):
        stage.fire(SWEEP)
        stage.fire(RETIRE)
    stage.expect("the snapshots are the same", lambda: {found["SnapshotId"] for found in _ours(stage)} == before)
    slots = [(each["VolumeId"], slot) for each in _ours(stage) for slot in _tag(each, "groundskeeper:slots").split()]
    stage.expect("no volume has two of one slot", lambda: len(slots) == len(set(slots)))


def _back(stage: Stage, scratch: str) -> None:
    stage.scene("The deleted volume is wanted back")
    planned = stage.run("groundskeeper", "snapshots", "restore-plan", scratch, "--local", echo=True)
    stage.expect("its last snapshot is still there", lambda: planned.returncode == 0)


def _is_done(stage: Stage) -> bool:
    found = _ours(stage)
    return bool(found) and all(each["State"] == "completed" for each in found)


def _ours(stage: Stage) -> list[dict[str, Any]]:
    wanted = [{"Name": "tag:groundskeeper:stack", "Values": [STACK]}]
    pages = stage.ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], Filters=wanted)
    return [found for page in pages for found in page["Snapshots"]]


def _tag(found: dict[str, Any], key: str) -> str:
    return next((str(tag["Value"]) for tag in found["Tags"] if tag["Key"] == key), "")
