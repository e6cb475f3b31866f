"""Exposure: who can read our snapshots and should not, and what is not encrypted as it should be."""

import pytest

from chalicelib.snapshots import exposure
from chalicelib.snapshots.exposure import Access
from chalicelib.snapshots.model import Snapshot
from tests.snapshots.worlds import HERE, defined, reasons, snapshot, volume

STRICT = """strict:
  schedules: {daily: {at: '03:00', keep: {count: 7}}}
  encryption: required
  shared-with: ["111111111111"]"""
ONE, FRIEND, OTHER = volume(1), "111111111111", "222222222222"
OURS = snapshot(1, ONE, policy="strict", is_encrypted=True)


def exposed(*some: Snapshot, **access) -> dict[str, str]:
    return reasons(exposure.exposed(some, Access(**access), defined(STRICT)))


def shared(*accounts: str) -> dict[str, frozenset[str]]:
    return {OURS.id: frozenset(accounts)}


def test_what_nobody_else_may_read_is_no_problem():
    assert exposed(OURS) == {}


def test_a_public_snapshot_is_told():
    assert exposed(OURS, public=frozenset({OURS.id})) == {OURS.id: f"everybody may read this snapshot of {ONE.id}"}


def test_somebody_elses_public_snapshot_is_not_our_problem():
    assert exposed(OURS, public=frozenset({"snap-9"}), shared={"snap-9": frozenset({OTHER})}) == {}


@pytest.mark.parametrize(
    ("accounts", "told"),
    [
        pytest.param([FRIEND], "", id="one that the policy names"),
        pytest.param(
            [FRIEND, OTHER], f"it is shared with {OTHER}, whom policy strict does not name", id="one it does not"
        ),
        pytest.param([OTHER, "000000000000"], f"it is shared with 000000000000, {OTHER}, whom", id="two, in order"),
    ],
)
def test_accounts_that_the_policy_does_not_name_are_told(accounts: list[str], told: str):
    assert exposed(OURS, shared=shared(*accounts)).get(OURS.id, "").startswith(told)
    assert bool(told) == (OURS.id in exposed(OURS, shared=shared(*accounts)))


def test_a_policy_that_is_no_more_names_nobody():
    old = snapshot(1, ONE, policy="old")
    assert "whom policy old does not name" in exposed(old, shared=shared(FRIEND))[OURS.id]


@pytest.mark.parametrize(
    ("policy", "state", "is_encrypted", "is_told"),
    [
        pytest.param("strict", "completed", False, True, id="not encrypted"),
        pytest.param("strict", "pending", False, True, id="not encrypted, and still pending"),
        pytest.param("strict", "error", False, False, id="failed: it holds nothing"),
        pytest.param("strict", "completed", True, False, id="encrypted"),
        pytest.param("old", "completed", False, False, id="of a policy that asks for nothing any more"),
    ],
)
def test_what_is_not_encrypted_is_told_where_the_policy_asks_for_it(
    policy: str, state: str, is_encrypted: bool, is_told: bool
):
    found = exposed(snapshot(1, ONE, policy=policy, state=state, is_encrypted=is_encrypted))
    told = f"it is not encrypted, and policy strict wants that: encrypt {ONE.id}"
    assert found == ({OURS.id: told} if is_told else {})


def test_one_snapshot_may_have_several_problems():
    open_ = snapshot(1, ONE, policy="strict")
    access = Access(public=frozenset({open_.id}), shared=shared(OTHER))
    assert len(exposure.exposed([open_], access, defined(STRICT))) == 3


@pytest.mark.parametrize(
    ("blocking", "is_told"), [("unblocked", True), ("block-new-sharing", False), ("block-all-sharing", False)]
)
def test_a_region_that_lets_snapshots_be_made_public_is_told_with_the_remedy(blocking: str, is_told: bool):
    found = reasons(exposure.unblocked([OURS], Access(blocking=blocking), HERE))
    assert set(found) == ({HERE} if is_told else set())
    remedy = f"aws ec2 enable-snapshot-block-public-access --region {HERE} --state block-all-sharing"
    assert not is_told or found[HERE].endswith(remedy)


def test_a_region_without_our_snapshots_is_not_our_problem():
    assert exposure.unblocked([], Access(blocking="unblocked"), HERE) == []
