"""Tokens: made once, recognised while they are good, and of no use to whoever reads the table."""

from dataclasses import replace

import pytest

from chalicelib.access import tokens
from chalicelib.access.authorizer import Authorizer, Unauthorized
from chalicelib.access.aws import Tokens
from chalicelib.access.model import Caller, Token, checked_scopes
from chalicelib.errors import TryAgain
from localcloud.server.aws import AwsServer

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86_400.0
SCOPES = ("hosts:read:private",)


class Kept(dict[str, Token]):
    """Tokens in memory."""


def admitted(text: str, token: Token, now: float = NOW + 1) -> Caller:
    return Authorizer(Kept({token.id: token}), lambda: now).admit(f"Bearer {text}")


def refused(text: str, token: Token, now: float = NOW + 1) -> bool:
    with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
        admitted(text, token, now)
    return True


def test_a_token_says_whose_it_is_and_what_it_is_good_for():
    token, text = tokens.create("contractor", SCOPES, NOW, HOUR)
    assert admitted(text, token) == Caller(token.id, frozenset(SCOPES))


def test_what_is_kept_of_a_token_does_not_contain_it():
    token, text = tokens.create("contractor", SCOPES, NOW, HOUR)
    assert text.split("_", 2)[2] not in repr(token)


def test_no_two_tokens_are_alike():
    made = [tokens.create("x", SCOPES, NOW, HOUR) for _ in range(100)]
    assert len({token.id for token, _ in made}) == len({text for _, text in made}) == 100


def test_a_token_runs_out():
    token, text = tokens.create("contractor", SCOPES, NOW, HOUR)
    assert admitted(text, token, NOW + HOUR - 1)
    assert refused(text, token, NOW + HOUR)


def test_a_revoked_token_is_refused():
    token, text = tokens.create("contractor", SCOPES, NOW, HOUR)
    assert refused(text, replace(token, revoked=NOW))


def test_two_secrets_are_good_at_once_while_a_token_is_rotated_and_then_one():
    token, old = tokens.create("contractor", SCOPES, NOW, DAY)
    rotated, new = tokens.rotate(token, NOW + HOUR, DAY, grace=HOUR)
    assert admitted(old, rotated, NOW + HOUR + 1) == admitted(new, rotated, NOW + HOUR + 1)
    assert refused(old, rotated, NOW + 2 * HOUR)
    assert admitted(new, rotated, NOW + 2 * HOUR)


def test_a_second_rotation_leaves_two_secrets_not_three():
    token, first = tokens.create("contractor", SCOPES, NOW, DAY)
    once, second = tokens.rotate(token, NOW + 1, DAY, grace=DAY)
    twice, third = tokens.rotate(once, NOW + 2, DAY, grace=DAY)
    assert refused(first, twice, NOW + 3)
    assert admitted(second, twice, NOW + 3)
    assert admitted(third, twice, NOW + 3)


def test_the_grace_of_a_rotation_does_not_prolong_the_old_secret():
    token, old = tokens.create("contractor", SCOPES, NOW, HOUR)
    rotated, _ = tokens.rotate(token, NOW + 1, 30 * DAY, grace=DAY)
    assert refused(old, rotated, NOW + HOUR)


def test_the_old_secret_has_its_grace_even_where_the_new_one_is_good_for_less():
    token, old = tokens.create("contractor", SCOPES, NOW, DAY)
    rotated, new = tokens.rotate(token, NOW, HOUR, grace=2 * HOUR)
    assert admitted(old, rotated, NOW + 2 * HOUR - 1)
    assert refused(new, rotated, NOW + HOUR)


def test_another_tokens_secret_is_not_good():
    token, _ = tokens.create("one", SCOPES, NOW, HOUR)
    _, text = tokens.create("other", SCOPES, NOW, HOUR)
    assert refused(f"gk_{token.id}_{text.split('_', 2)[2]}", token)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: f"Basic {text}",
        lambda text: text,
        lambda text: f"Bearer {text[:-1]}",
        lambda text: f"Bearer {text}x",
        lambda text: f"Bearer {text} extra",
        lambda text: f"Bearer {text}\n",
        lambda text: "Bearer ",
        lambda text: "",
        lambda text: f"Bearer {text.upper()}",
        lambda text: f"Bearer {text.replace('gk_', 'gk__')}",
    ],
)
def test_a_header_that_shows_no_whole_token_is_refused(change):
    token, text = tokens.create("contractor", SCOPES, NOW, HOUR)
    with pytest.raises(Unauthorized):
        Authorizer(Kept({token.id: token}), lambda: NOW + 1).admit(change(text))


def test_the_schemes_case_does_not_matter():
    token, text = tokens.create("contractor", SCOPES, NOW, HOUR)
    assert Authorizer(Kept({token.id: token}), lambda: NOW + 1).admit(f"bEARER {text}")


@pytest.mark.parametrize(
    "scope",
    [
        "hosts:read",
        "hosts:read:",
        "hosts:read:secret",
        "claims:write:",
        "claims:write:a b",
        "claims:write:Web",
        "*",
        "",
    ],
)
def test_a_scope_that_does_not_exist_is_named_with_those_that_do(scope: str):
    with pytest.raises(ValueError, match=r"there is no scope .*hosts:read:private.*claims:write:PATTERN"):
        checked_scopes([scope])


def test_a_token_without_a_scope_is_not_made():
    with pytest.raises(ValueError, match="at least one scope"):
        checked_scopes([])


@pytest.mark.parametrize(
    ("scopes", "label", "may"),
    [
        (["claims:write:web"], "web", True),
        (["claims:write:web"], "web2", False),
        (["claims:write:web-*"], "web-1", True),
        (["claims:write:web-*"], "web", False),
        (["claims:write:*"], "anything", True),
        (["claims:force"], "web", False),
        (["hosts:read:private"], "web", False),
    ],
)
def test_a_pattern_says_which_names_may_be_claimed(scopes, label, may):
    assert Caller("token", frozenset(scopes)).may_claim(label) is may


def test_tokens_come_back_from_the_table_as_they_were_put_the_oldest_first(aws: AwsServer, table: str):
    kept = Tokens(aws.client("dynamodb"), table)
    one, _ = tokens.create("one", ("hosts:read:private", "claims:force"), NOW, HOUR)
    two, _ = tokens.rotate(tokens.create("two", SCOPES, NOW - 5, HOUR)[0], NOW, HOUR, 60)
    kept.add(one)
    kept.add(two)
    assert kept.get(one.id) == one
    assert kept.get("nobody") is None
    assert kept.everything() == [two, one]


def test_a_change_to_a_token_that_another_has_changed_is_refused(aws: AwsServer, table: str):
    kept = Tokens(aws.client("dynamodb"), table)
    token, _ = tokens.create("one", SCOPES, NOW, HOUR)
    kept.add(token)
    rotated, _ = tokens.rotate(token, NOW, HOUR, 60)
    kept.replace(token, rotated)
    with pytest.raises(TryAgain, match="changed by somebody else"):
        kept.replace(token, tokens.rotate(token, NOW, HOUR, 60)[0])
    kept.replace(rotated, replace(rotated, revoked=NOW))
    with pytest.raises(TryAgain):
        kept.replace(rotated, tokens.rotate(rotated, NOW, HOUR, 60)[0])
