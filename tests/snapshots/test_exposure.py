"""Exposure: who can read our snapshots and should not, and what is not encrypted as it should be."""

import pytest

from chalicelib.snapshots import exposure
from chalicelib.snapshots.exposure import Access
from chalicelib.snapshots.model import Snapshot
from tests.snapshots.worlds import DAILY, HERE, copy, defined, policy, reasons, snapshot, volume

ONE, FRIEND, OTHER = volume(1), "111111111111", "222222222222"
STRICT = policy("strict", "encryption: required", f'shared-with: ["{FRIEND}"]')
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
        pytest.param([OTHER], OTHER, id="one"),
        pytest.param([FRIEND, OTHER], OTHER, id="one beside one that it names"),
        pytest.param([OTHER, "000000000000"], f"000000000000, {OTHER}", id="two, in order"),
    ],
)
def test_accounts_that_the_policy_does_not_name_are_told(accounts: list[str], told: str):
    reason = f"it is shared with {told}, whom policy strict does not name"
    assert exposed(OURS, shared=shared(*accounts)) == {OURS.id: reason}


def test_an_account_that_the_policy_names_is_no_problem():
    assert exposed(OURS, shared=shared(FRIEND)) == {}


def test_a_policy_that_is_no_more_names_nobody():
    old = snapshot(1, ONE, policy="old", is_encrypted=True)
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
    some = [snapshot(1, ONE, policy=policy, state=state, is_encrypted=is_encrypted)]
    told = f"it is not encrypted, and policy strict wants that: encrypt {ONE.id}"
    assert reasons(exposure.unencrypted(some, defined(STRICT))) == ({OURS.id: told} if is_told else {})
    assert exposed(*some) == {}, "nobody else reads it for that"


def test_one_snapshot_may_have_several_problems():
    access = Access(public=frozenset({OURS.id}), shared=shared(OTHER))
    assert [problem.subject for problem in exposure.exposed([OURS], access, defined(STRICT))] == [OURS.id] * 2


def test_a_policy_that_does_not_ask_for_encryption_is_told_of_nothing():
    assert exposure.unencrypted([snapshot(1, ONE)], defined(DAILY, STRICT)) == []


def test_a_copy_and_one_whose_tags_were_changed_are_told_as_well():
    plain = snapshot(1, ONE, policy="strict", altered="its tags are gone")
    some = [plain, copy(2, plain)]
    assert set(reasons(exposure.unencrypted(some, defined(STRICT)))) == {each.id for each in some}
    everybody = frozenset(each.id for each in some)
    assert set(exposed(*some, public=everybody)) == everybody


@pytest.mark.parametrize(
    ("blocking", "is_told"), [("unblocked", True), ("block-new-sharing", False), ("block-all-sharing", False)]
)
def test_a_region_that_lets_snapshots_be_made_public_is_told_with_the_remedy(blocking: str, is_told: bool):
    remedy = f"aws ec2 enable-snapshot-block-public-access --region {HERE} --state block-all-sharing"
    told = f"nothing keeps anybody from making its snapshots public: {remedy}"
    assert reasons(exposure.unblocked([OURS], Access(blocking=blocking), HERE)) == ({HERE: told} if is_told else {})


def test_a_region_without_our_snapshots_is_not_our_problem():
    assert exposure.unblocked([], Access(blocking="unblocked"), HERE) == []
