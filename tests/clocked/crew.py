"""A stack that judges instances, instances that do as told, and the cloud's clock."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import boto3

from localcloud.cloud import LocalCloud
from localcloud.cloudwatch.behaviour import QUIET, Behaviour
from localcloud.logs.kept import json_line
from localcloud.runtime.role_sessions import RoleSessions
from tests.deployed.conftest import Deployment

IMAGE = "ami-760aaa0f"
OLD = timedelta(days=30)


@dataclass
class Crew:
    """A stack, somebody who listens, and instances of its own among those of others."""

    cloud: LocalCloud
    parameters: dict[str, str] = field(default_factory=dict)
    region: str = "us-east-1"
    site: Deployment = field(init=False)
    mailbox: str = field(init=False)
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        name = f"crew-{uuid.uuid4().hex[:8]}"
        domain = f"{name}.example"
        self.site = Deployment(self.cloud, domain, self.cloud.create_zone(domain), self.parameters, name)
        self.site.hear_nothing()  # each change of the clock would start all its functions anew
        self.mailbox = str(self.sqs.create_queue(QueueName=f"{name}-owners")["QueueUrl"])

    @property
    def ec2(self) -> Any:
        return self.cloud.client("ec2", self.region)

    @property
    def sqs(self) -> Any:
        return self.cloud.client("sqs")

    def listen(self) -> None:
        """Let somebody subscribe to the topic."""
        arn = self.sqs.get_queue_attributes(QueueUrl=self.mailbox, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        topic = self.site.stack.outputs["IdleTopicArn"]
        self.cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def letters(self) -> list[dict[str, Any]]:
        """Return the messages that came since it was asked last."""
        got = self.sqs.receive_message(QueueUrl=self.mailbox, MaxNumberOfMessages=10).get("Messages", [])
        for message in got:
            self.sqs.delete_message(QueueUrl=self.mailbox, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in got]

    def instance(self, does: Behaviour = QUIET, tags: dict[str, str] | None = None, kind: str = "m5.large") -> str:
        """Start an instance by the cloud's clock, and return its id."""
        said = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        specified = [{"ResourceType": "instance", "Tags": said}] if said else []
        (made,) = self.ec2.run_instances(
            ImageId=IMAGE, MinCount=1, MaxCount=1, InstanceType=kind, TagSpecifications=specified
        )["Instances"]
        self.ids.append(made["InstanceId"])
        self.cloud.aws.metrics.behave(made["InstanceId"], does)
        return str(made["InstanceId"])

    def shown(self, id_: str) -> dict[str, Any]:
        """Return an instance as EC2 shows it."""
        (reservation,) = self.ec2.describe_instances(InstanceIds=[id_])["Reservations"]
        shown: dict[str, Any] = reservation["Instances"][0]
        return shown

    def state(self, id_: str) -> str:
        return str(self.shown(id_)["State"]["Name"])

    def tags(self, id_: str) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.shown(id_).get("Tags", ())}

    def flagged(self, *ids: str) -> set[str]:
        """Return which of some instances have a flag."""
        return {id_ for id_ in ids if "groundskeeper:idle-flag" in self.tags(id_)}

    def tag(self, id_: str, **tags: str) -> None:
        """Give an instance tags of ours, by the ends of their keys."""
        said = [{"Key": f"groundskeeper:{key.replace('_', '-')}", "Value": value} for key, value in tags.items()]
        self.ec2.create_tags(Resources=[id_], Tags=said)

    def judge(self) -> dict[str, Any]:
        return self.site.invoke("judge-idle", self.site._scheduled())

    def keep_hours(self) -> dict[str, Any]:
        return self.site.invoke("keep-running-hours", self.site._scheduled())

    def as_function(self, function: str) -> Any:
        """Return a client of EC2 with the role of a function."""
        role = f"arn:aws:iam::{self.cloud.aws.account_id}:role/{self.site.name}-{function}"
        keys = RoleSessions(self.cloud.aws.gate).of(role, "a-test")
        return boto3.client(
            "ec2",
            region_name=self.region,
            endpoint_url=self.cloud.endpoint,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
        )

    def define(self, text: str, name: str = "idle") -> None:
        """Put rules or prices in force."""
        bucket = self.site.stack.outputs["DocumentBucketName"]
        self.cloud.client("s3").put_object(Bucket=bucket, Key=f"definitions/{name}.yaml", Body=text.encode())

    def said(self, function: str, message: str) -> list[dict[str, Any]]:
        """Return a function's log lines with this message."""
        return self.cloud.said(f"{self.site.name}-{function}", message)

    def metrics(self, function: str) -> dict[str, float]:
        """Return the metrics that a function has written last."""
        lines = [json_line(line) for line in self.cloud.logs(f"{self.site.name}-{function}")]
        last = [line for line in lines if "_aws" in line][-1]
        names = [metric["Name"] for metric in last["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
        return {name: sum(last[name]) for name in names}

    def report(self) -> dict[str, Any]:
        """Return the latest report."""
        bucket = self.site.stack.outputs["DocumentBucketName"]
        body = self.cloud.client("s3").get_object(Bucket=bucket, Key="reports/idle/latest.json")["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found

    def run_file(self, folder: Path) -> None:
        """Write what `make run` writes, for the command that an operator types in a folder."""
        (folder / ".localcloud").mkdir()
        (folder / ".localcloud" / "run.json").write_text(json.dumps(self.cloud.facts(self.site.name)))

    def dismiss(self) -> None:
        """Terminate the instances."""
        if self.ids:
            self.ec2.terminate_instances(InstanceIds=self.ids)
        self.ids.clear()

    def leave(self) -> None:
        """Delete stack and instances."""
        self.dismiss()
        self.cloud.delete_stack(self.site.name)


def morning(day: str) -> datetime:
    """Return when the schedule of judgements fires on a day."""
    return datetime.combine(datetime.fromisoformat(day).date(), time(6, 12), UTC)
