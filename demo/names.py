"""The scenes of names: instances come, move and go, and their names follow."""

from demo.stage import DOMAIN, STACK, Stage


def play(stage: Stage) -> None:
    """Play every scene."""
    foreign = _a_foreign_record(stage)
    web, both = _instances_start(stage)
    _stop_and_start(stage, web)
    _a_tag_changes(stage, both)
    _an_instance_goes(stage, both)
    _nothing_is_left_to_do(stage, foreign)


def _a_foreign_record(stage: Stage) -> str:
    stage.scene("The zone is in use already")
    record = {"Name": f"mail.{DOMAIN}", "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": "mx.example.net"}]}
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    stage.route53.change_resource_record_sets(HostedZoneId=stage.zone_id, ChangeBatch={"Changes": changes})
    stage.say(f"mail.{DOMAIN} was made by hand, and is nobody's business but yours.")
    return "mail"


def _instances_start(stage: Stage) -> tuple[str, str]:
    stage.scene("Instances start: names appear")
    web, both, greedy = stage.launch("web"), stage.launch("db db-replica"), stage.launch("mail www")
    wanted = {web, "web", both, "db", "db-replica", greedy, "mail"}
    stage.expect("every instance has its own name and its short names", lambda: set(stage.names()) == wanted)
    stage.expect("the foreign record is as it was", lambda: stage.names()["mail"] == "mx.example.net")
    stage.say(f"{greedy} also asked for 'mail', which is taken, and 'www', which is reserved: the log says so.")
    stage.show_zone()
    return web, both


def _stop_and_start(stage: Stage, web: str) -> None:
    stage.scene("An instance stops and starts again: its CNAME changes")
    before = stage.names()["web"]
    stage.ec2.stop_instances(InstanceIds=[web])
    stage.say(f"$ aws ec2 stop-instances --instance-ids {web}")
    stage.expect("its names are gone", lambda: not {web, "web"} & set(stage.names()))
    stage.ec2.start_instances(InstanceIds=[web])
    stage.say(f"$ aws ec2 start-instances --instance-ids {web}")
    stage.expect("its names are back", lambda: {web, "web"} <= set(stage.names()))
    after = stage.instance(web)["PublicDnsName"]
    stage.expect("they point to its new address", lambda: stage.names().get("web") == after != before)
    stage.say(f"web: {before} → {after}")


def _a_tag_changes(stage: Stage, both: str) -> None:
    stage.scene("A tag changes: names come and go")
    stage.ec2.create_tags(Resources=[both], Tags=[{"Key": "ShortName", "Value": "db db-primary"}])
    stage.say(f"$ aws ec2 create-tags --resources {both} --tags 'Key=ShortName,Value=db db-primary'")
    stage.expect("db-primary has come", lambda: "db-primary" in stage.names())
    stage.expect("db-replica has gone, and db has stayed", lambda: {"db-replica", "db"} & set(stage.names()) == {"db"})


def _an_instance_goes(stage: Stage, both: str) -> None:
    stage.scene("An instance is terminated: its names go")
    stage.ec2.terminate_instances(InstanceIds=[both])
    stage.say(f"$ aws ec2 terminate-instances --instance-ids {both}")
    stage.expect("none of its names is left", lambda: not {both, "db", "db-primary"} & set(stage.names()))


def _nothing_is_left_to_do(stage: Stage, foreign: str) -> None:
    stage.scene("A sweep finds nothing left to do, and what was not ours is still there")
    before = stage.records()
    batches = stage.cloud.aws.calls.count("route53:ChangeResourceRecordSets")
    stage.cloud.fire_schedule(f"{STACK}-sweep-names")
    stage.cloud.wait_idle()
    stage.expect(
        "the sweep sent no change batch",
        lambda: stage.cloud.aws.calls.count("route53:ChangeResourceRecordSets") == batches,
    )
    stage.expect("the zone is the same", lambda: stage.records() == before)
    stage.expect("the foreign record stays", lambda: stage.names()[foreign] == "mx.example.net")
    stage.show_zone()
