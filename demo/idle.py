"""The scenes of idle instances: a small fleet is judged, flagged and told of; one is busy again, one is parked."""

import json
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from demo.stage import IMAGE, RESULTS, STACK, Stage
from localcloud.cloudwatch.behaviour import QUIET, Behaviour, by_day, from_, silent, steady

JUDGE, HOURS = f"{STACK}-judge-idle", f"{STACK}-keep-running-hours"
OLD, DAY, GRACE = timedelta(days=20), timedelta(days=1), 7  # days
MB = 1_000_000
BUSY = steady(38, 71, network_in=90 * MB, network_out=40 * MB)
FLEET: dict[str, tuple[Behaviour, dict[str, str]]] = {
    "api": (BUSY, {"Owner": "web"}),
    "batch": (QUIET, {"Owner": "data"}),
    "legacy": (QUIET, {"Owner": "data", "groundskeeper:idle": "park"}),
    "licences": (QUIET, {"Owner": "it", "groundskeeper:idle": "keep"}),
    "office": (by_day(BUSY, QUIET, range(8, 18)), {"Owner": "it"}),
    "dark": (silent, {"Owner": "it"}),
}


def play(stage: Stage) -> None:
    """Play every scene."""
    morning = datetime.combine(datetime.now(UTC).date(), time(6, 12), UTC)
    ids = _fleet(stage, morning)
    _judged(stage)
    _told(stage, ids)
    _page(stage)
    _busy_again(stage, ids, morning + DAY)
    _parked(stage, ids, morning)
    _running_hours(stage, ids["office"], morning + GRACE * DAY)
    stage.cloud.set_clock(None)


def _fleet(stage: Stage, morning: datetime) -> dict[str, str]:
    stage.scene("Six instances have run for three weeks, and one since today; what they do is made up")
    _clear(stage)
    stage.cloud.set_clock(morning - OLD)
    ids = {name: _launch(stage, name, tags) for name, (_, tags) in FLEET.items()}
    for name, (behaviour, _) in FLEET.items():
        stage.cloud.aws.metrics.behave(ids[name], behaviour)
    stage.cloud.set_clock(morning)
    ids["new"] = _launch(stage, "new", {"Owner": "web"})
    return ids


def _clear(stage: Stage) -> None:
    """Let no instance of the scenes before be in the way."""
    pages = stage.ec2.get_paginator("describe_instances").paginate()
    there = [each["InstanceId"] for page in pages for some in page["Reservations"] for each in some["Instances"]]
    stage.ec2.terminate_instances(InstanceIds=there)


def _launch(stage: Stage, name: str, tags: dict[str, str]) -> str:
    said = [{"Key": key, "Value": value} for key, value in {"Name": name, **tags}.items()]
    started = stage.ec2.run_instances(
        ImageId=IMAGE,
        MinCount=1,
        MaxCount=1,
        InstanceType="m5.large",
        TagSpecifications=[{"ResourceType": "instance", "Tags": said}],
    )
    id_ = str(started["Instances"][0]["InstanceId"])
    stage.say(f"{id_}  {name:<10}{'  '.join(f'{key}={value}' for key, value in tags.items())}")
    return id_


def _judged(stage: Stage) -> None:
    stage.scene("Which of them do nothing, and what does that cost?")
    shown = stage.run("groundskeeper", "idle", "--all", "--local", echo=True)
    stage.expect("batch and legacy are idle; of dark nothing is known", lambda: "2 idle" in shown.stdout)


def _told(stage: Stage, ids: dict[str, str]) -> None:
    stage.scene("A morning comes: idle instances are flagged, and their owners are told, in one message")
    mailbox = _mailbox(stage)
    stage.fire(JUDGE)
    stage.expect("two instances have a flag", lambda: _flagged(stage) == {ids["batch"], ids["legacy"]})
    letters = _letters(stage, mailbox)
    for letter in letters:
        stage.say(f"subject: {letter['Subject']}")
        stage.say("\n   ".join(letter["Message"].splitlines()))
    stage.fire(JUDGE)
    again = _letters(stage, mailbox)
    stage.expect("there is one message, however often it runs", lambda: len(letters) == 1 and not again)


def _mailbox(stage: Stage) -> str:
    """Subscribe a queue to the topic, in the place of somebody's mail, and return its URL."""
    sqs = stage.cloud.client("sqs")
    url = str(sqs.create_queue(QueueName="owners")["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    stage.cloud.client("sns").subscribe(TopicArn=stage.outputs["IdleTopicArn"], Protocol="sqs", Endpoint=arn)
    stage.say("$ aws sns subscribe --topic-arn …-idle --protocol sqs --notification-endpoint …")
    return url


def _letters(stage: Stage, mailbox: str) -> list[dict[str, Any]]:
    sqs = stage.cloud.client("sqs")
    got = sqs.receive_message(QueueUrl=mailbox, MaxNumberOfMessages=10).get("Messages", [])
    for message in got:
        sqs.delete_message(QueueUrl=mailbox, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in got]


def _busy_again(stage: Stage, ids: dict[str, str], morning: datetime) -> None:
    stage.scene("The next day batch has something to do")
    stage.cloud.aws.metrics.behave(ids["batch"], from_(morning - timedelta(hours=12), QUIET, BUSY))
    stage.cloud.set_clock(morning)
    stage.fire(JUDGE)
    _say_what(stage, "un-flagged")
    stage.expect("its flag is gone, the other one is not", lambda: _flagged(stage) == {ids["legacy"]})


def _parked(stage: Stage, ids: dict[str, str], morning: datetime) -> None:
    stage.scene(
        f"After {GRACE} days, on each of which it was idle and nobody objected, legacy, whose people agreed, is parked"
    )
    for days in range(2, GRACE):
        stage.cloud.set_clock(morning + days * DAY)
        stage.fire(JUDGE)
    stage.expect("it still runs", lambda: _state(stage, ids["legacy"]) == "running")
    stage.cloud.set_clock(morning + GRACE * DAY)
    stage.run("groundskeeper", "plan", "idle", "--local", echo=True)
    stage.fire(JUDGE)
    _say_what(stage, "stopped")
    stage.expect("legacy is stopped", lambda: _state(stage, ids["legacy"]) == "stopped")
    others = [id_ for name, id_ in ids.items() if name != "legacy"]
    stage.expect("all others run", lambda: all(_state(stage, id_) == "running" for id_ in others))


def _page(stage: Stage) -> None:
    stage.scene("The report, as a page")
    page = RESULTS / "idle.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    stage.run("groundskeeper", "idle", "--local", "--html", str(page), quiet=True)
    stage.say(f"$ groundskeeper idle --local --html {page.relative_to(Path.cwd(), walk_up=True)}")
    stage.expect("it is there for any browser", page.exists)
    kept = stage.cloud.said(JUDGE, "report kept")[-1]["at"]
    stage.say(f"that of the schedule is {kept}")


def _running_hours(stage: Stage, office: str, morning: datetime) -> None:
    stage.scene("office is busy by day alone, so it gets running hours")
    hours = "daily 07:00-19:00 UTC"
    stage.ec2.create_tags(Resources=[office], Tags=[{"Key": "groundskeeper:running-hours", "Value": hours}])
    stage.say(f"$ aws ec2 create-tags --resources {office} --tags 'Key=groundskeeper:running-hours,Value={hours}'")
    evening, next_day = morning.replace(hour=19, minute=3), morning.replace(hour=7, minute=2) + timedelta(days=1)
    for moment, state in ((evening, "stopped"), (next_day, "running")):
        stage.cloud.set_clock(moment)
        stage.fire(HOURS)
        stage.expect(f"{moment:%A %H:%M}: it is {state}", partial(_is_in, stage, office, state))


def _is_in(stage: Stage, id_: str, state: str) -> bool:
    return _state(stage, id_) == state


def _state(stage: Stage, id_: str) -> str:
    return str(stage.instance(id_)["State"]["Name"])


def _flagged(stage: Stage) -> set[str]:
    flagged = [{"Name": "tag-key", "Values": ["groundskeeper:idle-flag"]}]
    pages = stage.ec2.get_paginator("describe_instances").paginate(Filters=flagged)
    return {each["InstanceId"] for page in pages for some in page["Reservations"] for each in some["Instances"]}


def _say_what(stage: Stage, message: str) -> None:
    for said in stage.cloud.said(JUDGE, message)[-1:]:
        stage.say(f"{message} {said['instance']}  because {said['because']}")
