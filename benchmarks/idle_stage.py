"""A deployed stack, and a fleet that is thirty days old, of which each hundred instances are the same mix."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from benchmarks.peak_memory import peaks
from benchmarks.snapshot_stage import IMAGE
from benchmarks.stage import Stage
from chalicelib.idle.rules import MB
from localcloud.cloudwatch.behaviour import QUIET, Behaviour, by_day, steady

OLD, WOKEN = timedelta(days=30), timedelta(days=1)
TYPE = "m5.large"
BUSY = steady(40, 80, network_in=100 * MB, network_out=10 * MB)
IDLE, THIN = "idle", "idle, but stopped until a day ago"
MIX: dict[str, tuple[int, Behaviour]] = {  # of a hundred instances
    "busy": (60, BUSY),
    "busy by day": (23, by_day(BUSY, QUIET)),
    IDLE: (10, QUIET),
    THIN: (5, QUIET),
    "at work on the network alone": (2, steady(1, 3, network_in=100 * MB, network_out=10 * MB)),
}
ACTIVE = sum(share for part, (share, _) in MIX.items() if part not in (IDLE, THIN))
FUNCTION, DEFINITIONS, REPORT = "judge-idle", "definitions/idle.yaml", "reports/idle/latest.json"
LONGEST = 960.0  # seconds of an invocation, and some
AT_ONCE = 1_000  # instances that are launched, stopped or started by a call


@dataclass
class Ground:
    """A stage with instances, and somebody who listens to what is said of them."""

    there: Stage
    size: int
    parts: dict[str, list[str]] = field(default_factory=dict)
    """The ids of each part of the mix."""

    def __post_init__(self) -> None:
        if self.size % 100:
            raise ValueError(f"{self.size} instances: a multiple of a hundred is wanted")
        now = datetime.now(UTC)
        self.there.cloud.set_clock(now - OLD)
        self.parts = {part: self._launch(part, share * self.size // 100) for part, (share, _) in MIX.items()}
        for ids in batched(self.parts[THIN], AT_ONCE):
            self.ec2.stop_instances(InstanceIds=list(ids))
        self.there.cloud.set_clock(now - WOKEN)
        for ids in batched(self.parts[THIN], AT_ONCE):
            self.ec2.start_instances(InstanceIds=list(ids))
        self.there.cloud.set_clock(None)
        self._listen()

    @property
    def ec2(self) -> Any:
        """Return a client of which nothing is counted."""
        return self.there.cloud.aws.client("ec2", internal=True)

    @property
    def function(self) -> str:
        """Return the whole name of the function that judges."""
        return f"{self.there.stack.name}-{FUNCTION}"

    @property
    def memory(self) -> float:
        """Return how many MiB the function may have."""
        return float(
            self.there.cloud.client("lambda").get_function_configuration(FunctionName=self.function)["MemorySize"]
        )

    def define(self, rules: str) -> None:
        """Put rules in force, for functions that are started from now on."""
        bucket = self.there.stack.outputs["DocumentBucketName"]
        self.there.cloud.client("s3").put_object(Bucket=bucket, Key=DEFINITIONS, Body=rules.encode())
        self.there.cloud.set_clock(datetime.now(UTC))  # it is right, yet set anew: no function is kept warm

    def judge(self) -> None:
        """Invoke the function that judges, under its own role; raise AssertionError where it fails."""
        if error := self.there.invoke(FUNCTION, LONGEST):
            raise AssertionError(error)

    def calls(self) -> Counter[str]:
        """Return how often each action was called since the count was begun anew, invocations left out."""
        found: Counter[str] = Counter()
        for call, number in self.there.cloud.aws.calls.snapshot().items():
            if not call.action.startswith("lambda:"):
                found[call.action] += number
        return found

    def report(self) -> list[dict[str, Any]]:
        """Return what the latest report says of each instance."""
        bucket = self.there.stack.outputs["DocumentBucketName"]
        body = self.there.cloud.aws.client("s3", internal=True).get_object(Bucket=bucket, Key=REPORT)["Body"].read()
        found: list[dict[str, Any]] = json.loads(body)["instances"]
        return found

    def peak(self) -> float:
        """Return the peak memory in MiB of the function's process."""
        said = {"AWS_LAMBDA_FUNCTION_NAME": self.function, "AWS_ENDPOINT_URL": self.there.cloud.endpoint}
        return max(peaks({f"{name}={value}".encode() for name, value in said.items()}))

    def _launch(self, part: str, count: int) -> list[str]:
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Owner", "Value": part}]}]
        ids: list[str] = []
        for some in batched(range(count), AT_ONCE):
            made = self.ec2.run_instances(
                ImageId=IMAGE, MinCount=len(some), MaxCount=len(some), InstanceType=TYPE, TagSpecifications=tags
            )
            ids += [each["InstanceId"] for each in made["Instances"]]
        for id_ in ids:
            self.there.cloud.aws.metrics.behave(id_, MIX[part][1])
        return ids

    def _listen(self) -> None:
        """Subscribe a queue to the topic: without listeners nobody is told, and nothing is noted."""
        sqs, sns = (self.there.cloud.client(name) for name in ("sqs", "sns"))
        url = sqs.create_queue(QueueName="owners")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=self.there.stack.outputs["IdleTopicArn"], Protocol="sqs", Endpoint=arn)
