"""Clients that poll for names, and what they are told while there are none."""

import pytest
import requests

from localcloud.cloud import LocalCloud
from tests.deployed import api as shared
from tests.deployed.api import FACTS, INSIDE, is_problem, look, told
from tests.deployed.conftest import Deployment, eventually, launch


@pytest.fixture(scope="session")
def api(deployment: Deployment) -> Deployment:
    return shared.settled(deployment)


@pytest.fixture(scope="session")
def reader(api: Deployment) -> str:
    return api.token("hosts:read:private", "hosts:read:public")


def test_a_client_gets_a_document_then_nothing_new_and_the_next_one_after_an_instance_came(
    cloud: LocalCloud, api: Deployment, reader: str
):
    def poll(etag: str = "") -> requests.Response:
        return api.ask("GET", "/hosts/private", reader, headers={"If-None-Match": etag} if etag else {})

    first = poll()
    assert first.status_code == 200
    again = eventually(lambda: (answer := poll(poll().headers["ETag"])).status_code == 304 and answer)
    assert again.content == b""
    id_ = launch(cloud, "newcomer")
    eventually(lambda: told(api, "newcomer"))
    after = poll(first.headers["ETag"])
    assert after.status_code == 200
    shown = cloud.client("ec2").describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]
    assert told(api, "newcomer") == told(api, id_) == {shown["PrivateIpAddress"]}
    assert told(api, "newcomer", "public") == {shown["PublicIpAddress"]}
    assert int(after.headers["Groundskeeper-Generation"]) > int(first.headers["Groundskeeper-Generation"])
    cloud.client("ec2").terminate_instances(InstanceIds=[id_])
    eventually(lambda: not told(api, "newcomer") | told(api, id_))


@pytest.mark.parametrize("sent", ['"other", {etag}', "W/{etag}", "*", '{etag},"other"'])
def test_a_client_may_say_in_every_way_what_it_has(api: Deployment, reader: str, sent: str):
    def poll() -> bool:
        etag = api.ask("HEAD", "/hosts/public", reader).headers["ETag"]
        answer = api.ask("GET", "/hosts/public", reader, headers={"If-None-Match": sent.format(etag=etag)})
        return (answer.status_code, answer.headers["ETag"]) == (304, etag)

    eventually(poll)  # other tests may change the document in between


@pytest.mark.parametrize("sent", ['"other"', "nonsense", '"other", "another"'])
def test_a_client_that_has_something_else_gets_the_document(api: Deployment, reader: str, sent: str):
    answer = api.ask("GET", "/hosts/public", reader, headers={"If-None-Match": sent})
    assert answer.status_code == 200
    assert answer.text.endswith("\n")


def test_head_says_the_same_without_the_document(api: Deployment, reader: str):
    def says(method: str) -> dict[str, str]:
        answer = api.ask(method, "/hosts/private", reader)
        assert answer.status_code == 200
        assert bool(answer.content) == (method == "GET")
        return {name: answer.headers[name] for name in (*FACTS, "Content-Type")}

    eventually(lambda: says("GET") == says("HEAD"))  # other tests may change the document in between


def test_head_says_too_that_nothing_is_new(api: Deployment, reader: str):
    def poll() -> bool:
        etag = api.ask("GET", "/hosts/private", reader).headers["ETag"]
        return api.ask("HEAD", "/hosts/private", reader, headers={"If-None-Match": etag}).status_code == 304

    eventually(poll)


def test_a_format_that_there_is_not_is_refused_with_those_that_there_are(api: Deployment, reader: str):
    answer = api.ask("GET", "/hosts/private?format=yaml", reader)
    is_problem(answer, 400)
    assert "prometheus" in answer.json()["detail"]


# What cannot be read is not there, which is another thing than empty.


def test_before_the_first_sweep_a_client_is_told_to_come_back_then_it_gets_all_there_is(cloud: LocalCloud):
    domain = "fresh.example"
    with shared.stack(Deployment(cloud, domain, cloud.create_zone(domain))) as fresh:
        token = fresh.token("hosts:read:private", "claims:write:*")
        assert fresh.ask("PUT", "/claims/early", token, json={"private": INSIDE}).json()["fqdn"] == {}
        assert fresh.publish()["error"] is None
        is_problem(fresh.ask("GET", "/hosts/private", token), 503)
        assert fresh.ask("HEAD", "/hosts/private", token).status_code == 503
        assert "no sweep has seen all of it yet" in fresh.logs("publish-hosts")
        look(fresh)
        assert told(fresh, "early") == {INSIDE}


def test_a_store_that_cannot_be_read_is_never_an_empty_document(cloud: LocalCloud):
    domain = "shut.example"
    with shared.stack(Deployment(cloud, domain, cloud.create_zone(domain))) as shut:
        shared.settled(shut)
        token = shut.token("hosts:read:private", "hosts:read:public", "claims:write:*")
        etag = shut.ask("GET", "/hosts/private", token).headers["ETag"]
        bucket = shut.stack.outputs["DocumentBucketName"]
        cloud.client("s3").delete_object(Bucket=bucket, Key="hosts/private.hosts")
        for headers in ({}, {"If-None-Match": etag}):
            is_problem(shut.ask("GET", "/hosts/private", token, headers=headers), 503)
        assert shut.ask("GET", "/hosts/public", token).status_code == 200
        role = f"{shut.name}-api"
        (policy,) = cloud.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
        cloud.client("iam").delete_role_policy(RoleName=role, PolicyName=policy)
        is_problem(shut.ask("GET", "/hosts/public", token), 503)
        for path in ("/claims", "/claims/web"):
            is_problem(shut.ask("GET", path, token), 500)


def test_a_token_that_cannot_be_looked_up_is_no_wrong_token(cloud: LocalCloud):
    domain = "blind.example"
    with shared.stack(Deployment(cloud, domain, cloud.create_zone(domain))) as blind:
        role = f"{blind.name}-authorize"
        (policy,) = cloud.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
        cloud.client("iam").delete_role_policy(RoleName=role, PolicyName=policy)
        is_problem(blind.ask("GET", "/hosts/private", blind.token("hosts:read:private")), 503)
