"""The commands that make S3 tell the stack of sources and of losses, and that end it."""

import json
import sys
from typing import Annotated

import typer
from rich.text import Text

from chalicelib.derived.aws.notifications import BucketNotifications
from chalicelib.wiring.base import PATIENT
from cli.derived import reach, resuming, telling
from cli.derived.reach import Reached
from cli.derived.telling import Configuration
from cli.options import Local, Profile, Region, Stack
from cli.screen import err, out

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what the buckets would have, and change nothing.")]


def connect(
    dry_run: DryRun = False,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Make S3 tell the stack when sources come, change or go, and when derived objects are lost."""
    reached = reach.deriving(stack, local, region, profile)
    described, origin = _described(reached), reached.wiring.origin
    sources = telling.of_sources(reached.wiring.stack, described["TransformQueueArn"], reached.workplace().definitions)
    losses = telling.of_losses(reached.wiring.stack, described["LostObjectTopicArn"], origin.keys.prefix)
    wanted: dict[str, list[Configuration]] = {bucket: [] for bucket in _buckets(reached, described)}
    wanted[origin.source_bucket].append(sources)
    if origin.derived_bucket in wanted:
        wanted[origin.derived_bucket].append(losses)
    if _put(reached, wanted, dry_run):
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
        backfill = resuming.follow_up(sys.argv[1:], "backfill", "")
        err.print(Text(f"S3 may take five minutes to begin. For what is there already: {backfill}"))
    if not sources[telling.QUEUES]:
        err.print("no rule makes anything of any source, so S3 need not tell of them", style="yellow")
    elif origin.source_bucket == origin.derived_bucket and telling.tells_of(sources, origin.keys.prefix):
        said = "S3 tells of derived objects, too, since they are in the same bucket: the stack ignores what begins with"
        err.print(f"{said} {origin.keys.prefix}", style="yellow")


def disconnect(
    bucket: Annotated[str | None, typer.Option(help="A bucket that was the stack's, and is not any more.")] = None,
    dry_run: DryRun = False,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Have S3 tell the stack nothing more; what others have configured stays."""
    reached = reach.deriving(stack, local, region, profile)
    buckets = {bucket} if bucket else _buckets(reached, _described(reached))
    _put(reached, {each: [] for each in buckets}, dry_run)


def _described(reached: Reached) -> dict[str, str]:
    """Return the stack's outputs, and its parameters, by their names."""
    client = reached.base.client("cloudformation", PATIENT)
    found = client.describe_stacks(StackName=reached.wiring.stack)["Stacks"][0]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", ())}
    # Of the parameter and the output DerivedBucketName, the parameter is empty for a bucket of the stack's own.
    return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]} | parameters


def _buckets(reached: Reached, described: dict[str, str]) -> set[str]:
    """Return the buckets that are not the stack's own: the template configures that one."""
    origin = reached.wiring.origin
    return {origin.source_bucket, origin.derived_bucket} if described["DerivedBucketName"] else {origin.source_bucket}


def _put(reached: Reached, wanted: dict[str, list[Configuration]], dry_run: bool) -> bool:
    """Put what is ours into each bucket, and say whether any is changed; what is in the way in one keeps all as is."""
    buckets = BucketNotifications(reached.base.client("s3", PATIENT))
    there = {bucket: buckets.read(bucket) for bucket in sorted(wanted)}
    made = {bucket: telling.replaced(there[bucket], wanted[bucket], reached.wiring.stack) for bucket in there}
    if dry_run:
        out.print_json(json.dumps(made))
        return False
    is_changed = False
    for bucket, configuration in made.items():
        lines = telling.lines(there[bucket], configuration)
        if lines:
            buckets.write(bucket, configuration)
            is_changed = True
        for line in lines or ["nothing to change"]:
            out.print(Text(f"s3://{bucket}: {line}"))
    return is_changed
