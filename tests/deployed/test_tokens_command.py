"""`groundskeeper tokens`: access is given, limited, renewed and ended, each without touching anyone else's."""

import json

import pytest

from chalicelib.access import tokens
from tests.deployed.conftest import Deployment, Operator

READ = ("--scope", "hosts:read:private")


def made(operator: Operator, *words: str) -> tuple[str, str]:
    """Make or rotate a token; return its id and its text."""
    said = operator.types("tokens", *words, "--local")
    assert said.returncode == 0, said.stderr
    text = said.stdout.strip()
    return text.split("_")[1], text


def status(site: Deployment, token: str, path: str = "/hosts/private") -> int:
    """Return what the API answers; 503 is that of a stack without documents, to a token that may ask for them."""
    return site.ask("GET", path, token).status_code


def state(operator: Operator, id_: str) -> str:
    listed = json.loads(operator.types("tokens", "list", "--local", "--json").stdout)
    return next(str(token["state"]) for token in listed if token["id"] == id_)


def test_a_contractors_access_is_given_limited_rotated_and_ended_and_nobody_elses(site: Deployment, operator: Operator):
    _, ours = made(operator, "create", "us", *READ)
    id_, first = made(operator, "create", "contractor", *READ, "--expires", "30d")
    assert status(site, first) == 503
    assert status(site, first, "/hosts/public") == 403
    assert status(site, first, "/claims/web") == 403
    again, second = made(operator, "rotate", id_, "--grace", "1h")
    assert again == id_
    assert first != second
    assert [status(site, token) for token in (first, second)] == [503, 503]
    assert state(operator, id_).startswith("good; the one before until 20")
    said = operator.types("tokens", "revoke", id_, "--local")
    assert "contractor is revoked" in said.stdout
    assert state(operator, id_) == "revoked"
    for token in (first, second):
        answer = site.invoke("authorize", _request(token))
        assert answer["payload"]["errorMessage"] == "Unauthorized"
    assert status(site, ours) == 503
    assert site.invoke("authorize", _request(ours))["error"] is None


def test_what_a_revoked_token_claims_is_given_up_and_what_others_claim_stays(site: Deployment, operator: Operator):
    id_, theirs = made(operator, "create", "them", "--scope", "claims:write:*")
    _, ours = made(operator, "create", "us", "--scope", "claims:write:*")
    for token, name in ((theirs, "printer"), (ours, "scanner")):
        assert site.ask("PUT", f"/claims/{name}", token, json={"private": "10.1.1.1"}).status_code == 201
    assert "printer, which it claimed, is released" in operator.types("tokens", "revoke", id_, "--local").stdout
    left = site.ask("GET", "/claims", ours).json()["claims"]
    assert [claim["name"] for claim in left] == ["scanner"]


def test_a_token_is_shown_once_alone_on_standard_output(operator: Operator):
    said = operator.types("tokens", "create", "a pipe", *READ, "--local")
    assert tokens.id_of(f"Bearer {said.stdout.strip()}")
    assert said.stdout.count("\n") == 1
    assert "not shown again" in said.stderr
    secret = said.stdout.strip().split("_", 2)[2]
    assert secret not in said.stderr
    assert secret not in operator.types("tokens", "list", "--local").stdout
    assert secret not in operator.types("tokens", "list", "--local", "--json").stdout


def test_the_list_says_whose_each_token_is_and_what_for(operator: Operator):
    id_, _ = made(operator, "create", "monitoring", *READ, "--scope", "claims:write:web-*")
    shown = operator.types("tokens", "list", "--local").stdout
    assert all(word in shown for word in (id_, "monitoring", "hosts:read:private", "claims:write:web-*", "good"))


def test_revoking_twice_is_no_error_and_what_is_revoked_is_not_renewed(operator: Operator):
    id_, _ = made(operator, "create", "gone", *READ)
    assert [operator.types("tokens", "revoke", id_, "--local").returncode for _ in range(2)] == [0, 0]
    said = operator.types("tokens", "rotate", id_, "--local")
    assert said.returncode == 2
    assert "is revoked: make a new one" in said.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["create", "x", "--scope", "hosts:read"], "there is no scope 'hosts:read'"),
        (["create", "x", *READ, "--expires", "soon"], "--expires must be a number and m, h or d"),
        (["create", "x", *READ, "--expires", "0d"], "--expires must be"),
        (["create", "x", *READ, "--expires", "4000d"], "at most ten years"),
        (["create", "", *READ], "1 to 64 printable characters"),
        (["create", "a\nb", *READ], "1 to 64 printable characters"),
        (["rotate", "nobody"], "there is no token nobody"),
        (["revoke", "nobody"], "there is no token nobody"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(operator: Operator, words: list[str], reason: str):
    said = operator.types("tokens", *words, "--local")
    assert said.returncode == 2
    assert reason in said.stderr
    assert said.stdout == ""
    assert json.loads(operator.types("tokens", "list", "--local", "--json").stdout) == []


def _request(token: str) -> dict[str, str]:
    arn = "arn:aws:execute-api:us-east-1:123456789012:abc/api/GET/hosts/private"
    return {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": arn}
