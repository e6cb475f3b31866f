"""Tokens as the authorizer sees them: API Gateway remembers its answers for a minute."""

import time
from dataclasses import replace

import pytest

from chalicelib.access import tokens
from chalicelib.access.model import Token
from tests.deployed import api as shared
from tests.deployed.conftest import Deployment


@pytest.fixture(scope="session")
def api(deployment: Deployment) -> Deployment:
    return shared.settled(deployment)


def admitted(api: Deployment, token: str) -> bool:
    """Say whether the authorizer lets a token in; it says nothing but Unauthorized of one that it does not."""
    arn = f"arn:aws:execute-api:us-east-1:123456789012:{api.stack.outputs['RestAPIId']}/api/GET/claims"
    event = {"type": "TOKEN", "methodArn": arn, "authorizationToken": f"Bearer {token}"}
    said = api.invoke("authorize", event)
    if said["error"]:
        assert said["payload"]["errorMessage"] == "Unauthorized"
    return said["error"] is None


def test_a_token_is_good_until_it_is_revoked(api: Deployment):
    token = api.token("hosts:read:private")
    assert admitted(api, token)
    kept = _kept(api, token)
    api.tokens.replace(kept, replace(kept, revoked=time.time()))
    assert not admitted(api, token)


def test_a_token_is_good_until_it_runs_out(api: Deployment):
    assert admitted(api, api.token("hosts:read:private", lifetime=60))
    assert not admitted(api, api.token("hosts:read:private", lifetime=-1))


def test_while_a_token_is_rotated_two_secrets_are_good_and_never_three(api: Deployment):
    first = api.token("hosts:read:private")
    texts = [first]
    for _ in range(2):
        kept = _kept(api, first)
        rotated, text = tokens.rotate(kept, time.time(), lifetime=3600, grace=600)
        api.tokens.replace(kept, rotated)
        texts.append(text)
        assert [admitted(api, text) for text in texts[-2:]] == [True, True]
    assert not admitted(api, texts[0])
    assert {api.ask("GET", "/hosts/private", text).status_code for text in texts[-2:]} == {200}


def test_the_secret_before_it_ends_with_its_grace(api: Deployment):
    first = api.token("hosts:read:private")
    kept = _kept(api, first)
    rotated, second = tokens.rotate(kept, time.time(), lifetime=3600, grace=0)
    api.tokens.replace(kept, rotated)
    assert [admitted(api, text) for text in (first, second)] == [False, True]


def _kept(api: Deployment, token: str) -> Token:
    kept = api.tokens.get(tokens.id_of(f"Bearer {token}") or "")
    assert kept
    return kept
