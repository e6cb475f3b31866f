"""Names, end to end: a user's calls on one side, the zone on the other, the packaged zip in between."""

import json
import uuid
from datetime import UTC, datetime

import pytest
import requests

from chalicelib.names import events
from chalicelib.names.model import Place, Ref
from localcloud.cloud import LocalCloud
from tests.conftest import ROOT
from tests.deployed.conftest import Deployment, eventually, launch
from tests.deployed.media import Media
from tests.deployed.permissions import allowed, used


def test_names_follow_an_instance_through_its_life(cloud: LocalCloud, deployment: Deployment):
    ec2 = cloud.client("ec2")
    id_ = launch(cloud, "life")
    first = eventually(lambda: deployment.names().get("life"))
    assert deployment.names()[id_] == first
    ec2.stop_instances(InstanceIds=[id_])
    eventually(lambda: not {id_, "life"} & set(deployment.names()))
    ec2.start_instances(InstanceIds=[id_])
    assert eventually(lambda: deployment.names().get("life")) != first
    ec2.create_tags(Resources=[id_], Tags=[{"Key": "ShortName", "Value": "afterlife"}])
    eventually(lambda: "afterlife" in deployment.names())
    assert "life" not in deployment.names()
    ec2.terminate_instances(InstanceIds=[id_])
    eventually(lambda: not {id_, "afterlife"} & set(deployment.names()))


def test_a_message_that_cannot_be_used_ends_whole_in_the_dead_letter_queue(cloud: LocalCloud, deployment: Deployment):
    sqs = cloud.client("sqs")
    body = f'{{"not an event": "{uuid.uuid4()}"}}'
    sqs.send_message(QueueUrl=deployment.stack.outputs["InstanceQueueUrl"], MessageBody=body)
    url = deployment.stack.outputs["DeadLetterQueueUrl"]
    bodies = eventually(lambda: [m["Body"] for m in sqs.receive_message(QueueUrl=url).get("Messages", [])])
    assert bodies == [body]
    assert "names no instance" in deployment.logs("on-instances-changed")


def test_two_stacks_in_one_zone_leave_each_other_alone(cloud: LocalCloud, deployment: Deployment):
    second = Deployment(cloud, deployment.domain, deployment.zone_id, {"ShortNameTag": "Alias"})
    id_ = launch(cloud, "mine")
    eventually(lambda: "mine" in deployment.names())
    cloud.client("ec2").create_tags(Resources=[id_], Tags=[{"Key": "Alias", "Value": "mine theirs"}])
    eventually(lambda: "theirs" in deployment.names())
    cloud.client("ec2").create_tags(Resources=[id_], Tags=[{"Key": "Alias", "Value": ""}])
    eventually(lambda: "theirs" not in deployment.names())
    assert second.sweep()["error"] is None
    assert {id_, "mine"} <= set(deployment.names())


def test_a_private_zone_gets_the_private_side(cloud: LocalCloud):
    domain = "inside.example"
    private = cloud.create_zone(domain, private=True)
    both = Deployment(cloud, domain, cloud.create_zone(domain), {"PrivateHostedZoneId": private})
    id_ = launch(cloud, "inner")
    eventually(lambda: "inner" in both.names(private) and "inner" in both.names())
    shown = cloud.client("ec2").describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]
    assert both.names(private)["inner"] == shown["PrivateIpAddress"]
    assert both.names()["inner"] == shown["PublicDnsName"]


def test_other_regions_and_accounts_take_part(cloud: LocalCloud):
    """With the two templates that an operator deploys there."""
    domain, theirs = "wide.example", "222222222222"
    parameters = {"Regions": f"{cloud.aws.region} eu-west-1", "Accounts": theirs}
    wide = Deployment(cloud, domain, cloud.create_zone(domain), parameters)
    hub = {"HubAccount": cloud.aws.account_id, "HubRegion": cloud.aws.region, "HubStack": wide.name}
    for account in (cloud.aws.account_id, theirs):
        for template, region in (("account", cloud.aws.region), ("region", "eu-west-1")):
            cloud.aws.client("cloudformation", region, account=account).create_stack(
                StackName=f"spoke-{template}-{wide.name}",
                TemplateBody=(ROOT / "deploy" / f"{template}.json").read_text(),
                Capabilities=["CAPABILITY_NAMED_IAM"],
                Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in hub.items()],
            )
    ids = [launch(cloud, "far", "eu-west-1"), launch(cloud, "farther", "eu-west-1", theirs)]
    eventually(lambda: {"far", "farther", *ids} <= set(wide.names()))
    cloud.aws.client("ec2", "eu-west-1", account=theirs).stop_instances(InstanceIds=[ids[1]])
    eventually(lambda: "farther" not in wide.names())
    assert wide.sweep()["error"] is None
    assert "far" in wide.names()


def test_a_region_that_cannot_be_read_is_reported_and_keeps_its_names(cloud: LocalCloud):
    domain = "half.example"
    half = Deployment(cloud, domain, cloud.create_zone(domain), {"Regions": f"{cloud.aws.region} eu-west-2"})
    id_ = launch(cloud, "kept", "eu-west-2")
    assert half.sweep()["error"] is None
    assert "kept" in half.names()
    _deny_region(cloud, half, "eu-west-2")
    cloud.aws.client("ec2", "eu-west-2").terminate_instances(InstanceIds=[id_])
    cloud.aws.forget_terminated()
    assert half.sweep()["error"] is None
    assert "kept" in half.names()
    assert "place not read" in half.logs("sweep-names")
    assert '"GoodSweeps":[0.0]' in half.logs("sweep-names")


def _role(cloud: LocalCloud, start: str) -> str:
    roles = cloud.client("iam").list_roles(MaxItems=1000)["Roles"]
    return next(str(role["RoleName"]) for role in roles if role["RoleName"].startswith(start))


def _deny_region(cloud: LocalCloud, half: Deployment, region: str) -> None:
    role = _role(cloud, f"{half.name}-sweep-names")
    condition = {"StringEquals": {"aws:RequestedRegion": region}}
    deny = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": condition}
    cloud.client("iam").put_role_policy(
        RoleName=role, PolicyName="deny", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    )


def test_a_dry_run_logs_the_plan_and_changes_nothing(cloud: LocalCloud):
    domain = "dry.example"
    dry = Deployment(cloud, domain, cloud.create_zone(domain), {"DryRun": "1"})
    id_ = launch(cloud, "wished")
    assert dry.sweep()["error"] is None
    assert dry.names() == {}
    assert "would change" in dry.logs("sweep-names")
    assert f"wished.{domain} CNAME" in dry.logs("sweep-names")
    assert f"{id_} is running" in dry.logs("sweep-names")


@pytest.mark.parametrize("zone", ["Z00000000NOWHERE", "another account's"])
def test_a_zone_that_cannot_be_used_is_named_in_the_error(cloud: LocalCloud, zone: str):
    if zone == "another account's":
        other = cloud.aws.client("route53", account="333333333333")
        made = other.create_hosted_zone(Name="theirs.example", CallerReference=uuid.uuid4().hex)
        zone = made["HostedZone"]["Id"].removeprefix("/hostedzone/")
    answer = Deployment(cloud, "theirs.example", zone).sweep()
    assert answer["error"] == "Unhandled"
    assert answer["payload"]["errorType"] == "BadSettings"
    assert zone in answer["payload"]["errorMessage"]


def test_settings_that_are_missing_are_named_by_every_invocation(cloud: LocalCloud):
    domain = "unset.example"
    broken = Deployment(cloud, domain, cloud.create_zone(domain))
    cloud.client("lambda").update_function_configuration(
        FunctionName=f"{broken.name}-sweep-names", Environment={"Variables": {"STACK_NAME": broken.name}}
    )
    answer = broken.sweep()
    assert answer["payload"]["errorType"] == "BadSettings"
    for name in ("HOSTED_ZONE_ID", "TABLE_NAME", "INSTANCE_QUEUE_URL", "ACCOUNT_ID"):
        assert name in answer["payload"]["errorMessage"]


def test_the_api_answers(cloud: LocalCloud, deployment: Deployment):
    assert requests.get(f"{cloud.api_url}/healthz", timeout=30).json() == {"status": "ok"}


def test_a_function_may_do_nothing_that_its_policy_does_not_say(cloud: LocalCloud):
    """The control for every test here: the local cloud does enforce the roles that the template makes."""
    domain = "denied.example"
    denied = Deployment(cloud, domain, cloud.create_zone(domain))
    role = _role(cloud, f"{denied.name}-sweep-names")
    (name,) = cloud.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
    cloud.client("iam").delete_role_policy(RoleName=role, PolicyName=name)
    launch(cloud, "denied")
    answer = denied.sweep()
    assert answer["error"] == "Unhandled"
    assert "AccessDenied" in answer["payload"]["errorMessage"]
    assert denied.names() == {}


def test_a_sweep_says_that_it_was_good_and_how_many_names_there_are(cloud: LocalCloud, deployment: Deployment):
    launch(cloud, "counted")
    eventually(lambda: "counted" in deployment.names())
    assert deployment.sweep()["error"] is None
    pages = cloud.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace="Groundskeeper")
    listed = [metric for page in pages for metric in page["Metrics"]]
    mine = {m["MetricName"] for m in listed if {"Name": "stack", "Value": deployment.name} in m["Dimensions"]}
    assert {"GoodSweeps", "NamesOwned", "NamesDesired", "NamesUnverified", "SecondsFromEventToChange"} <= mine


def test_every_permission_is_one_that_is_used(cloud: LocalCloud, deployment: Deployment):
    unknown = f"i-{uuid.uuid4().hex[:17]}"
    body = events.Recheck(Ref(Place(cloud.aws.account_id, cloud.aws.region), unknown), datetime.now(UTC)).body()
    young = body.replace(events.RECHECK, "EC2 Instance State-change Notification")
    cloud.client("sqs").send_message(QueueUrl=deployment.stack.outputs["InstanceQueueUrl"], MessageBody=young)
    id_ = launch(cloud, "permitted")
    eventually(lambda: "permitted" in deployment.names())
    deployment.sweep()
    deployment.publish()
    token = deployment.token("hosts:read:private", "claims:write:*")
    claim = {"private": "10.9.9.9", "lease": 30}
    assert deployment.ask("GET", "/hosts/private", token).status_code in (200, 503)
    assert deployment.ask("PUT", "/claims/allowed", token, json=claim).status_code == 201
    assert deployment.ask("PUT", "/claims/allowed", token, json=claim).status_code == 200
    assert deployment.ask("GET", "/claims", token).status_code == 200
    assert deployment.ask("DELETE", "/claims/allowed", token).status_code == 204
    cloud.client("ec2").terminate_instances(InstanceIds=[id_])
    media = Media(cloud)
    media.made("permitted.jpg", "thumbnail.jpg", "large.jpg")
    read = media.site.token("derived:read:*")
    assert media.site.ask("GET", "/derived/permitted.jpg/square.webp", read).status_code == 307
    media.delete("permitted.jpg")
    assert media.audit()["error"] is None
    clocked = ("_snapshots", "_snapshots_ended", "_idle", "_running_hours")
    mine = allowed(lambda function: not function.endswith(clocked))
    eventually(lambda: mine <= used(cloud))
