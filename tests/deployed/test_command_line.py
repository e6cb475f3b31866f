"""The command `groundskeeper`, run as an operator runs it, against a deployed stack."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PACKAGE
from tests.deployed.conftest import Deployment, Operator, launch


def test_plan_says_each_change_in_one_line_with_its_because_and_changes_nothing(site: Deployment, operator: Operator):
    site.hear_nothing()
    id_ = launch(site.cloud, "planned *")
    said = operator.types("plan", "names", "--local")
    line = next(line for line in said.stdout.splitlines() if line.startswith(f"+ planned.{site.domain}"))
    assert line.endswith(f"because {id_} is running")
    assert "asks for '*'" in said.stderr
    assert (said.returncode, site.names()) == (0, {})


def test_plan_as_json_can_be_read_by_a_program(site: Deployment, operator: Operator):
    site.hear_nothing()
    launch(site.cloud, "programmed")
    changes = json.loads(operator.types("plan", "names", "--local", "--json").stdout)
    mine = next(change for change in changes if change["name"] == f"programmed.{site.domain}")
    assert (mine["zone"], mine["type"], mine["before"]) == ("public", "CNAME", None)


def test_sweep_does_what_plan_said(site: Deployment, operator: Operator):
    launch(site.cloud, "swept")
    assert operator.types("sweep", "names", "--local").returncode == 0
    assert "swept" in site.names()
    said = operator.types("plan", "names", "--local")
    assert "would change 0 names" in said.stdout


def test_sweep_refuses_what_looks_like_a_mistake_until_it_is_forced(site: Deployment, operator: Operator):
    launch(site.cloud, "a b c d e f g h")
    operator.types("sweep", "names", "--local")
    pages = site.cloud.client("ec2").get_paginator("describe_instances").paginate()
    ids = [i["InstanceId"] for page in pages for r in page["Reservations"] for i in r["Instances"]]
    site.cloud.client("ec2").delete_tags(Resources=ids, Tags=[{"Key": "ShortName"}])
    refused = operator.types("sweep", "names", "--local")
    assert (refused.returncode, "would be removed" in refused.stderr) == (1, True)
    assert "h" in site.names()
    assert operator.types("sweep", "names", "--local", "--force").returncode == 0
    assert "h" not in site.names()


@pytest.mark.skipif(not shutil.which("named-checkzone"), reason="bind9-utils is not installed")
def test_an_exported_zone_is_accepted_by_named_checkzone(site: Deployment, operator: Operator):
    records = [
        ("*", "A", "192.0.2.1"),
        ("sp\\040ace", "TXT", '"caf\\303\\251 \\"quoted\\"" "second"'),
        ("@", "MX", "10 mail.example.net"),
        ("_sip._tcp", "SRV", "1 2 5060 sip.example.net"),
        ("caa", "CAA", '0 issue "ca.example.net"'),
    ]
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": site.domain if name == "@" else f"{name}.{site.domain}",
                "Type": kind,
                "TTL": 300,
                "ResourceRecords": [{"Value": value}],
            },
        }
        for name, kind, value in records
    ]
    site.cloud.client("route53").change_resource_record_sets(
        HostedZoneId=site.zone_id, ChangeBatch={"Changes": changes}
    )
    launch(site.cloud, "exported")
    site.sweep()
    file = operator.folder / "zone"
    assert operator.types("zone", "export", "--local", "--output", str(file)).returncode == 0
    checked = subprocess.run(
        ["named-checkzone", "-D", site.domain, str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert f"exported.{site.domain}." in checked.stdout
    assert "caf\\195\\169" in checked.stdout
    assert f"*.{site.domain}." in checked.stdout


def test_an_alias_is_left_out_of_the_zone_file_and_said_to_be(site: Deployment, operator: Operator):
    alias = {"HostedZoneId": site.zone_id, "DNSName": f"x.{site.domain}", "EvaluateTargetHealth": False}
    sets = [
        {"Name": f"x.{site.domain}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]},
        {"Name": f"alias.{site.domain}", "Type": "A", "AliasTarget": alias},
    ]
    changes = [{"Action": "CREATE", "ResourceRecordSet": record} for record in sets]
    site.cloud.client("route53").change_resource_record_sets(
        HostedZoneId=site.zone_id, ChangeBatch={"Changes": changes}
    )
    said = operator.types("zone", "export", "--local")
    assert f"; left out: alias.{site.domain} A" in said.stdout
    assert "alias" in said.stderr
    assert f"x.{site.domain}. 60 IN A 192.0.2.1" in said.stdout


def test_release_takes_out_a_deleted_stacks_names_and_nothing_else(site: Deployment, operator: Operator):
    foreign = {
        "Name": f"mail.{site.domain}",
        "Type": "CNAME",
        "TTL": 60,
        "ResourceRecords": [{"Value": "mx.example.net"}],
    }
    site.cloud.client("route53").change_resource_record_sets(
        HostedZoneId=site.zone_id, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": foreign}]}
    )
    launch(site.cloud, "released")
    site.sweep()
    command = ["release", "names", "--local", "--stack", site.name, "--zone-id", site.zone_id]
    assert "still exists" in operator.types(*command).stderr
    too_early = operator.types(*command, "--yes")
    assert (too_early.returncode, "still exists" in too_early.stderr) == (2, True)
    site.cloud.delete_stack(site.name)
    assert "would delete" in operator.types(*command).stdout
    assert "released" in site.names()
    assert operator.types(*command, "--yes").returncode == 0
    assert site.names() == {"mail": "mx.example.net"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plan", "names", "--local"], "no local cloud runs here"),
        (["plan", "names"], "no region"),
        (["plan", "names", "--profile", "nobody", "--region", "eu-west-1"], "nobody"),
    ],
)
def test_what_is_missing_is_named_in_one_line(tmp_path: Path, words: list[str], message: str):
    said = Operator(tmp_path).types(*words)
    assert said.returncode == 2
    assert message in said.stderr
    assert len(said.stderr.splitlines()) == 1


def test_a_stack_that_never_was_has_no_marks_and_that_is_said(site: Deployment, operator: Operator):
    said = operator.types("release", "names", "--local", "--stack", "mistyped", "--zone-id", site.zone_id)
    assert "no mark of a stack mistyped stands below" in said.stderr


def test_the_names_of_an_old_domain_can_be_released_while_the_stack_lives_on(site: Deployment, operator: Operator):
    launch(site.cloud, "moving")
    site.sweep()
    below = f"fleet.{site.domain}"
    site.cloud.deploy(PACKAGE, site.name, {"HostedZoneId": site.zone_id, "Domain": below})
    assert site.sweep()["error"] is None
    assert {"moving", "moving.fleet"} <= set(site.names())
    command = ["release", "names", "--local", "--stack", site.name, "--zone-id", site.zone_id]
    assert operator.types(*command, "--domain", below, "--yes").returncode == 2
    assert operator.types(*command, "--domain", site.domain, "--yes").returncode == 0
    assert "moving" not in site.names()
    assert "moving.fleet" in site.names()


def test_a_local_cloud_that_has_stopped_is_said_to_have(operator: Operator):
    file = operator.folder / ".localcloud" / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "aws_endpoint": "http://127.0.0.1:1"}))
    said = operator.types("plan", "names", "--local")
    assert (said.returncode, "it has stopped" in said.stderr) == (2, True)


def test_a_stack_that_is_not_there_is_named(site: Deployment, operator: Operator):
    site.cloud.delete_stack(site.name)
    said = operator.types("plan", "names", "--local")
    assert (said.returncode, f"there is no stack {site.name}" in said.stderr) == (2, True)
