"""Write docs/permissions.md from the policies that are deployed; with --check, only say whether it is up to date."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "permissions.md"
FUNCTIONS = {
    "on_instances_changed": "reads queued events and puts names right",
    "sweep_names": "puts every name right, on a schedule",
    "on_inventory_changed": "publishes documents that have changed",
    "publish_hosts": "publishes documents that have changed, on a schedule",
    "on_object_lost": "makes lost derived objects again",
    "on_transform_requests": "makes derived objects, and takes away those whose source is gone",
    "derive": "makes derived objects while somebody waits",
    "audit_derived": "looks at a slice of all derived objects, on a schedule",
    "sweep_snapshots": "makes the snapshots and copies that are due, on a schedule",
    "on_snapshots_ended": "copies snapshots that are completed, and says which have failed",
    "retire_snapshots": "deletes snapshots that no policy keeps, on a schedule",
    "judge_idle": "judges instances, flags idle ones, tells their owners, parks those that may be, on a schedule",
    "keep_running_hours": "stops and starts instances by their running hours, on a schedule",
    "authorize": "says whose a token is",
    "api_handler": "answers HTTP",
}
WHY = {
    "WriteItsOwnLog": "Its log lines; the log group itself is made by the stack.",
    "TakeEvents": "Lambda polls the queue in the function's name.",
    "AskForASecondLook": "A young instance without a tag or an address is looked at again some seconds later.",
    "SeeInstances": "What instances there are. EC2 has no narrower resource for this action.",
    "ActInOtherAccounts": "Only if Accounts is given: the role that sees instances there, which must trust this one.",
    "ReadNames": "The zones named by HostedZoneId and PrivateHostedZoneId, and no other.",
    "WriteNames": "The same zones; only the record types that names and marks have, and never UPSERT.",
    "BeTheOneWriter": "The lease that lets one run at a time write; no other item of the table.",
    "WriteTheInventory": "What is called what, for clients without DNS: items `name` of the table, and no token.",
    "SayThatTheInventoryChanged": "Whoever publishes documents learns that there is something new.",
    "ReadTheInventory": "What is called what; it is not changed here.",
    "KeepTheJournal": "What was published last.",
    "PutDocuments": "The documents themselves, and nothing else in the bucket.",
    "WakeWhenALeaseEnds": "A delayed message to itself, so that a name goes within seconds of its lease's end.",
    "TakeReasonsToPublish": "Lambda polls the queue in the function's name.",
    "LookTokensUp": "One token at a time, by its id; it cannot list them, nor make one.",
    "ReadDocuments": "The documents that it sends.",
    "ReceiveMessages": "Lambda polls the queue in the function's name.",
    "ReadDefinitions": "The operator's definitions of transformations.",
    "TellWhetherDefinitionsAreThere": "S3 says that something is missing only to those who may list.",
    "ReadSources": "The objects of SourceBucket; none is ever written or deleted.",
    "TellWhetherASourceIsThere": "S3 says that a source is gone only to those who may list.",
    "ListSources": "What should have derived objects.",
    "KeepDerivedObjects": "Objects below DerivedPrefix in the derived bucket, and no others.",
    "ListDerivedObjects": "What has been made of a source, and S3's word that something is missing.",
    "LookAtDerivedObjects": "Whether they are there, and what they bear witness of; the API signs links to them.",
    "TellWhetherADerivedObjectIsThere": "S3 says that something is missing only to those who may list.",
    "KeepWhatFailed": "What could not be done goes whole into the dead-letter queue.",
    "AskForRepairs": "What is wrong is put right by on_transform_requests.",
    "AskForDerivedObjects": "Requests wait in a queue.",
    "HaveDerivedObjectsMade": "The function derive, which makes what a client waits for.",
    "KeepThePosition": "How far an audit or a look at who can read snapshots has come; when owners were last told.",
    "ReadPolicies": "The operator's snapshot policies.",
    "SeeVolumes": "What volumes, instances and snapshots there are. EC2 has no narrower resource for these actions.",
    "SeeSnapshots": "What snapshots there are. EC2 has no narrower resource for this action.",
    "SeeSnapshotsAndTies": "What snapshots there are, and what holds and exposes them. EC2 has no narrower resource.",
    "SeeWhoMayReadSnapshots": "To whom each snapshot was given.",
    "SnapshotVolumes": "The volumes and instances of this account that snapshots are made of.",
    "MakeLabelledSnapshots": "Only snapshots that carry this stack's tag from the call on that makes them.",
    "LabelWhatItMakes": "Tags in the very call that makes a snapshot, and on no other occasion.",
    "TagItsOwnSnapshots": "Tags that differ between the volumes of one call; only on snapshots with this stack's tag.",
    "CopyItsOwnSnapshots": "Only if a policy has a copy: the sources, which carry this stack's tag.",
    "MakeLabelledCopies": "And the copies, which carry it from the call on that makes them.",
    "CopyEncryptedSnapshots": "The keys of encrypted snapshots that are copied, through EC2 only, where they allow it.",
    "LetEbsUseKeys": "The same keys: EBS itself copies.",
    "RunHooks": "Only with SnapshotHooks=1: the document that runs commands of policies' hooks, as root.",
    "RunHooksWhereAllowed": "Only with SnapshotHooks=1, and on instances with the tag `groundskeeper:hooks=allowed`.",
    "SeeWhatBecameOfHooks": "Only with SnapshotHooks=1.",
    "KeepTheJournalOfRequests": "What EC2 was asked for within the last minutes, so that nothing is made twice.",
    "DeleteItsOwnSnapshots": "Only snapshots with this stack's tag: EC2 itself refuses all others.",
    "ReadRules": "The operator's rules of idle instances, and prices.",
    "SeeInstancesAndVolumes": "Instances, their types and volumes. EC2 has no narrower resource for these actions.",
    "SeeStopProtection": "Whether an instance that looks idle is protected against being stopped.",
    "ReadMetrics": "CPU, network and CPU credits of instances. CloudWatch has no narrower resource for this action.",
    "FlagInstances": "Unless IdleFlags=0: its tags `groundskeeper:idle-flag` and `groundskeeper:idle-noticed`.",
    "ParkInstances": "Only with IdleParking=1, and only instances with the tag `groundskeeper:idle=park`.",
    "AskForPrices": "Only with LivePrices=1: AWS's public Price List, which has no resources.",
    "TellOwners": "The digest, through the stack's own topic, and whether anybody has subscribed to it.",
    "KeepReports": "Reports, and nothing else in the bucket.",
    "NoteWhatItDid": "Only with RunningHours=1: the tag `groundskeeper:hours-state`, and no other.",
    "StopAndStartByTag": "Only with RunningHours=1, and instances with the tag `groundskeeper:running-hours`.",
    "StartWithEncryptedVolumes": "Only with RunningHours=1: keys of encrypted volumes, through EC2 alone.",
    "ListClaims": "The names with a claim, and no others.",
    "ReadAndWriteClaims": "Items `name` of the table: claims on names. It sees no token.",
}
HEAD = """# Permissions

Made from `.chalice/policy-*.json` by `python tools/permissions.py`; `make check` fails when it is out of date.
Each function has a role of its own, with this and nothing else. The tests run every function under its own role.

"""
TAIL = """## Who deploys

CloudFormation makes roles (with names), functions, a layer, queues, a topic, buckets, rules, a table, log groups,
alarms and an API: deploy with an administrator's role, or with one that may make these for stacks named
`groundskeeper-*`.

## Who uses the command line

`groundskeeper plan` and `sweep` act with your own credentials. They need `lambda:GetFunctionConfiguration` on
`STACK-sweep-names`, and what that function has (above). `plan` does without `route53:ChangeResourceRecordSets` and
`dynamodb:UpdateItem`; `zone export` needs the two that read the zone, and no more. To read instances of other accounts,
be among `Operators` there (`deploy/account.json`). `release` needs `iam:GetRole` and
`lambda:GetFunctionConfiguration` on `STACK-sweep-names`, to see that the stack is gone, and the three Route 53 actions.

`groundskeeper derived` needs the same function's configuration, `s3:ListBucket` and `s3:GetObject` on both buckets
and on the bucket of documents; `repair` and `backfill` besides `lambda:InvokeFunction` on `STACK-derive`, and with
`--retry` `s3:DeleteObject` on tombstones; `define` `s3:PutObject` and `s3:DeleteObject` on `definitions/*` of the
bucket of documents; `connect` and `disconnect` `cloudformation:DescribeStacks`, and `s3:GetBucketNotification` and
`s3:PutBucketNotification` on the buckets that are not the stack's own.

`groundskeeper plan snapshots`, `snapshots coverage` and `restore-plan` need the same function's configuration, what
`sweep_snapshots` and `retire_snapshots` have to read EC2 and definitions, and `dynamodb:Query` for the key `asked`;
`sweep snapshots` and `snapshots retire` all that these functions have; `snapshots define` also `s3:PutObject` and
`s3:DeleteObject` on `definitions/*` of the bucket of documents.

`groundskeeper idle` and `plan idle` need the same function's configuration, and what `judge_idle` has to read EC2,
CloudWatch, prices, definitions and the topic; `sweep idle` all that this function has. `plan running-hours` needs
`ec2:DescribeInstances` and definitions, and `sweep running-hours` what `keep_running_hours` has. `idle define` and
`costs define` need `s3:PutObject` and `s3:DeleteObject` on `definitions/*` of the bucket of documents. All other
`costs` need nothing.

`groundskeeper tokens` needs the same function's configuration, and `dynamodb:GetItem`, `PutItem` and `Query` on the
stack's table, for the key `token`: whoever has that may let anybody in. To give up a revoked token's claims it needs
`dynamodb:Query` on the table's index `claims`, `DeleteItem` and `UpdateItem` for the key `name`, and
`sqs:SendMessage` on `STACK-documents`.
"""


def sections() -> Iterator[str]:
    """Yield a section for each function."""
    for name, purpose in FUNCTIONS.items():
        statements = json.loads((ROOT / ".chalice" / f"policy-{name}.json").read_text())["Statement"]
        yield f"## `{name}`: {purpose}\n\n| why | actions | on |\n| --- | --- | --- |\n"
        for statement in map(_plain, statements):
            actions = ", ".join(f"`{action}`" for action in statement["Action"])
            condition = f" where {_text(statement['Condition'])}" if "Condition" in statement else ""
            yield f"| {WHY[statement['Sid']]} | {actions} | {_resource(statement['Resource'])}{condition} |\n"
        yield "\n"


def _plain(statement: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = statement["Fn::If"][1] if "Fn::If" in statement else statement
    return plain


def _bucket(name: Any) -> str:
    """Return the parameter or resource that a bucket's name comes from."""
    return str(name["Ref"]) if "Ref" in name else _bucket(name["Fn::If"][1])


def _resource(resource: Any) -> str:
    match resource:
        case list():
            return "<br>".join(map(_resource, resource))
        case {"Fn::If": [_, then, _]}:
            return _resource(then)
        case {"Fn::Sub": [text, {"Bucket": bucket}]}:
            return f"`{text.replace('${Bucket}', _bucket(bucket))}`"
        case {"Fn::Sub": text} | {"Ref": text}:
            return f"`{text}`"
        case {"Fn::GetAtt": [name, _]}:
            return f"the stack's `{name}`"
        case _:
            return f"`{resource}`"


def _text(condition: dict[str, Any]) -> str:
    return ", ".join(f"`{key}` is {_value(value)}" for test in condition.values() for key, value in test.items())


def _value(value: Any) -> str:
    return f"`{value['Fn::Sub']}`" if isinstance(value, dict) else str(value)


def main(arguments: list[str]) -> int:
    """Write the page, or check it; return the exit status."""
    page = HEAD + "".join(sections()) + TAIL
    if "--check" not in arguments:
        PAGE.write_text(page)
    elif not PAGE.exists() or PAGE.read_text() != page:
        print("docs/permissions.md is out of date: run python tools/permissions.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
