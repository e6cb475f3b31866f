"""Who else may make volumes of a snapshot, and whether an account may make snapshots public.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySnapshotAttribute.html
https://docs.aws.amazon.com/ebs/latest/userguide/block-public-access-snapshots.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from moto.core.responses import EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from localcloud.ebs.creation import required
from localcloud.ebs.products import codes_of_snapshot
from localcloud.ebs.sharing import EVERYBODY, NOT_BLOCKED, NOTHING_NEW
from localcloud.ebs.tags import invalid
from localcloud.ebs.wire import Answer
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.ebs.control import Ebs

NOTHING_AT_ALL = "block-all-sharing"
PERMISSION, CODES = "createVolumePermission", "productCodes"


@contextmanager
def public_access_as_set(ebs: Ebs) -> Iterator[None]:
    """Share snapshots, and with everybody only where nothing forbids it."""

    def state(response: Any) -> Answer:
        return Answer({"State": ebs.public_access.get(_here(response), NOT_BLOCKED), "ManagedBy": "account"})

    def get_snapshot_block_public_access_state(response: Any) -> Answer:
        response.error_on_dryrun()
        return state(response)

    def enable_snapshot_block_public_access(response: Any) -> Answer:
        wanted = required(response, "State")
        if wanted not in (NOTHING_AT_ALL, NOTHING_NEW):
            raise invalid(f"Value ( {wanted} ) for parameter state is invalid.")
        response.error_on_dryrun()
        ebs.public_access[_here(response)] = wanted
        return state(response)

    def disable_snapshot_block_public_access(response: Any) -> Answer:
        response.error_on_dryrun()
        ebs.public_access.pop(_here(response), None)
        return state(response)

    def modify_snapshot_attribute(response: Any) -> EmptyResult:
        snapshot = response.ec2_backend.get_snapshot(required(response, "SnapshotId"))
        added, removed = _changes(response)
        if added:
            _check(snapshot, added, ebs.public_access.get(_here(response), NOT_BLOCKED))
        response.error_on_dryrun()
        groups, users = snapshot.create_volume_permission_groups, snapshot.create_volume_permission_userids
        for known, kind in ((groups, "Group"), (users, "UserId")):
            known |= {each[kind] for each in added if kind in each}
            known -= {each[kind] for each in removed if kind in each}
        return EmptyResult()

    with ExitStack() as stack:
        for operation in (
            get_snapshot_block_public_access_state,
            enable_snapshot_block_public_access,
            disable_snapshot_block_public_access,
            modify_snapshot_attribute,
            describe_snapshot_attribute,
        ):
            stack.enter_context(replaced(ElasticBlockStore, operation.__name__, operation))
        yield


def describe_snapshot_attribute(response: Any) -> Answer:
    """Answer with the one attribute of a snapshot that is asked for."""
    snapshot = response.ec2_backend.get_snapshot(required(response, "SnapshotId"))
    attribute = required(response, "Attribute")
    response.error_on_dryrun()
    if attribute == CODES:
        codes = [{"ProductCodeId": each, "ProductCodeType": "marketplace"} for each in codes_of_snapshot(snapshot)]
        return Answer({"SnapshotId": snapshot.id, "ProductCodes": codes})
    if attribute != PERMISSION:
        raise invalid(f"Value ( {attribute} ) for parameter attribute is invalid.")
    groups = [{"Group": each} for each in sorted(snapshot.create_volume_permission_groups)]
    users = [{"UserId": each} for each in sorted(snapshot.create_volume_permission_userids)]
    return Answer({"SnapshotId": snapshot.id, "CreateVolumePermissions": groups + users})


def _here(response: Any) -> tuple[str, str]:
    return response.ec2_backend.account_id, response.ec2_backend.region_name


def _changes(response: Any) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return which permissions a request adds and removes, in either of the forms that it may have."""
    whole = response._get_param("CreateVolumePermission", {})
    named = [{"Group": each} for each in response._get_param("GroupNames", [])]
    named += [{"UserId": each} for each in response._get_param("UserIds", [])]
    added = response._get_param("OperationType") == "add"
    return (
        [*whole.get("Add", []), *(named if added else [])],
        [*whole.get("Remove", []), *([] if added else named)],
    )


def _check(snapshot: Any, added: list[dict[str, str]], state: str) -> None:
    """Refuse what may not be shared; that it is refused is documented, the code of most of it is not."""
    for each in added:
        if each.get("Group", EVERYBODY) != EVERYBODY:
            raise invalid(f"Value ( {each['Group']} ) for parameter userGroup is invalid.")
    if not any("Group" in each for each in added):
        return
    if state != NOT_BLOCKED:
        raise _not_permitted("Block public access for snapshots is enabled in this Region.")
    if snapshot.encrypted:
        raise _not_permitted("Encrypted snapshots cannot be made public.")
    if codes_of_snapshot(snapshot):
        raise _not_permitted("Snapshots with AWS Marketplace product codes cannot be made public.")


def _not_permitted(message: str) -> EC2ClientError:
    return EC2ClientError("OperationNotPermitted", message)
