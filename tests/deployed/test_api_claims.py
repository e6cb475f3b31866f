"""Services outside of EC2 claim names."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from chalicelib.access import tokens
from chalicelib.inventory.model import Claim, Name, View
from localcloud.cloud import LocalCloud
from tests.deployed import api as shared
from tests.deployed.api import INSIDE, OUTSIDE, inventory, is_problem, told
from tests.deployed.conftest import Deployment, eventually, launch

HEADER = {"pk": {"S": "name"}, "sk": {"S": "."}}


@pytest.fixture(scope="session")
def api(deployment: Deployment) -> Deployment:
    return shared.settled(deployment)


@pytest.fixture(scope="session")
def writer(api: Deployment) -> str:
    return api.token("claims:write:*")


def claim(api: Deployment, token: str, label: str, **wish: Any) -> requests.Response:
    return api.ask("PUT", f"/claims/{label}", token, json={"private": INSIDE, **wish})


def test_a_name_is_taken_renewed_and_changed_by_its_holder(api: Deployment, writer: str):
    wish = {"public": OUTSIDE, "holder": "host-1", "lease": 60}
    taken = claim(api, writer, "mine", **wish)
    assert taken.status_code == 201
    said = taken.json()
    until = datetime.fromisoformat(said.pop("until"))
    assert 50 < (until - datetime.now(UTC)).total_seconds() <= 60
    fqdn = dict.fromkeys(("private", "public"), f"mine.{api.domain}")
    token = tokens.id_of(f"Bearer {writer}")
    assert said == {"name": "mine", "fqdn": fqdn, "private": INSIDE, "token": token, **wish}
    eventually(lambda: told(api, "mine") == {INSIDE} and told(api, "mine", "public") == {OUTSIDE})
    renewed = claim(api, writer, "mine", **wish)
    assert renewed.status_code == 200
    assert datetime.fromisoformat(renewed.json()["until"]) >= until
    assert claim(api, writer, "mine", **wish, private="10.77.0.2").status_code == 200
    eventually(lambda: told(api, "mine") == {"10.77.0.2"})
    assert api.ask("GET", "/claims/mine", writer).json()["private"] == "10.77.0.2"


def test_a_claim_of_one_side_is_on_that_side_only(api: Deployment, writer: str):
    assert claim(api, writer, "inner-only").json()["public"] is None
    eventually(lambda: told(api, "inner-only"))
    assert told(api, "inner-only", "public") == set()


def test_a_renewal_is_no_news_for_the_documents(api: Deployment, writer: str):
    claim(api, writer, "steady")
    eventually(lambda: told(api, "steady"))
    before = api.cloud.client("dynamodb").get_item(TableName=api.stack.outputs["TableName"], Key=HEADER)["Item"]
    assert claim(api, writer, "steady").status_code == 200
    after = api.cloud.client("dynamodb").get_item(TableName=api.stack.outputs["TableName"], Key=HEADER)["Item"]
    assert before["revision"] == after["revision"]


def test_a_live_lease_is_not_stolen_and_the_answer_says_whose_it_is(api: Deployment, writer: str):
    assert claim(api, writer, "stolen", holder="host-1").status_code == 201
    thief = api.token("claims:write:*")
    for token, holder in ((thief, "host-1"), (writer, "host-2"), (writer, "")):
        answer = claim(api, token, "stolen", holder=holder, private="10.77.0.66")
        is_problem(answer, 409)
        assert f"token {tokens.id_of(f'Bearer {writer}')} as host-1 until 20" in answer.json()["detail"]
        is_problem(api.ask("DELETE", f"/claims/stolen?holder={holder}", token), 409)
    assert api.ask("GET", "/claims/stolen", writer).json()["private"] == INSIDE


def test_a_live_lease_is_forced_only_with_the_scope_for_it(api: Deployment, writer: str):
    assert claim(api, writer, "forced").status_code == 201
    is_problem(claim(api, api.token("claims:write:*"), "forced", force=True), 403)
    is_problem(api.ask("DELETE", "/claims/forced?force=true", api.token("claims:write:*")), 403)
    strong = api.token("claims:write:*", "claims:force")
    assert claim(api, strong, "forced", force=True, private="10.77.0.3").status_code == 201
    is_problem(claim(api, writer, "forced"), 409)
    assert claim(api, writer, "forced-too").status_code == 201
    assert api.ask("DELETE", "/claims/forced-too?force=true", strong).status_code == 204


def test_a_name_is_given_up_by_its_holder_and_is_free_then(api: Deployment, writer: str):
    assert claim(api, writer, "given", holder="host-1").status_code == 201
    eventually(lambda: told(api, "given"))
    assert api.ask("DELETE", "/claims/given?holder=host-1", writer).status_code == 204
    eventually(lambda: not told(api, "given"))
    is_problem(api.ask("GET", "/claims/given", writer), 404)
    is_problem(api.ask("DELETE", "/claims/given?holder=host-1", writer), 404)
    assert claim(api, api.token("claims:write:given"), "given").status_code == 201


def test_a_token_sees_and_takes_the_names_of_its_patterns(api: Deployment, writer: str):
    for label in ("pat-one", "pat-two", "pot-one"):
        assert claim(api, writer, label).status_code == 201
    token = api.token("claims:write:pat-*", "claims:write:pot")
    shown = api.ask("GET", "/claims", token).json()["claims"]
    assert [each["name"] for each in shown] == ["pat-one", "pat-two"]
    for method in ("GET", "PUT", "DELETE"):
        answer = api.ask(method, "/claims/pot-one", token, json={"private": INSIDE} if method == "PUT" else None)
        is_problem(answer, 403)
        assert "claims:write:pot-one" in answer.json()["detail"]
    assert api.ask("GET", "/claims", api.token("hosts:read:public")).json() == {"claims": []}


def test_a_claim_that_is_not_renewed_goes_from_the_documents_by_itself(api: Deployment, writer: str):
    end = time.time() + 5
    ending = Claim("0a1b2c3d4e5f", "", {View.PRIVATE: INSIDE}, 30, end)
    assert inventory(api).put_claim(Name("ending"), ending)
    assert api.publish()["error"] is None
    assert told(api, "ending") == {INSIDE} or time.time() >= end
    eventually(lambda: not told(api, "ending"))
    assert time.time() >= end
    is_problem(api.ask("GET", "/claims/ending", writer), 404)
    assert claim(api, writer, "ending").status_code == 201


def test_an_instance_takes_a_claimed_name_over_and_gives_it_back(cloud: LocalCloud, api: Deployment, writer: str):
    assert claim(api, writer, "ceded", lease=3600).status_code == 201
    eventually(lambda: told(api, "ceded") == {INSIDE})
    id_ = launch(cloud, "ceded")
    eventually(lambda: told(api, "ceded") == told(api, id_) != set())
    is_problem(api.ask("GET", "/claims/ceded", writer), 404)
    cloud.client("ec2").terminate_instances(InstanceIds=[id_])
    eventually(lambda: told(api, "ceded") == {INSIDE})
    assert api.ask("GET", "/claims/ceded", writer).status_code == 200


def test_what_an_instance_holds_cannot_be_claimed(cloud: LocalCloud, api: Deployment, writer: str):
    id_ = launch(cloud, "held")
    eventually(lambda: told(api, "held"))
    strong = api.token("claims:write:*", "claims:force")
    for wish in ({}, {"force": True}):
        answer = claim(api, strong, "held", **wish)
        is_problem(answer, 409)
        assert id_ in answer.json()["detail"]
    assert told(api, "held") == told(api, id_)


def test_the_observed_address_is_the_one_that_api_gateway_saw(api: Deployment, writer: str):
    """Here that is loopback, so the function is sent what API Gateway would send of a client elsewhere."""
    answer = claim(api, writer, "observed", public="observed")
    is_problem(answer, 400)
    assert "was observed as 127.0.0.1" in answer.json()["detail"]
    said = api.invoke("api", _put("seen", {"public": "observed"}, "203.0.113.9"))
    assert said["error"] is None
    assert said["payload"]["statusCode"] == 201
    assert json.loads(said["payload"]["body"])["public"] == "203.0.113.9"


def _put(label: str, wish: dict[str, Any], source_ip: str) -> dict[str, Any]:
    """Return a request as API Gateway passes it on; its headers lie about where it comes from."""
    lies = {"X-Forwarded-For": "10.6.6.6", "Forwarded": "for=10.6.6.6", "X-Real-IP": "10.6.6.6"}
    headers = {"Content-Type": "application/json", **lies}
    return {
        "resource": "/claims/{name}",
        "path": f"/claims/{label}",
        "httpMethod": "PUT",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"name": label},
        "stageVariables": None,
        "requestContext": {
            "resourcePath": "/claims/{name}",
            "httpMethod": "PUT",
            "identity": {"sourceIp": source_ip},
            "authorizer": {"principalId": "0a1b2c3d4e5f", "scopes": "claims:write:*"},
        },
        "body": json.dumps(wish),
        "isBase64Encoded": False,
    }
