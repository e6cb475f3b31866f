"""Parts that tests play on the emulated AWS: clients without retries, roles with a policy, queues that listen."""

import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.server.aws import AwsServer

type Json = dict[str, Any]
# The server's own checks are meant, not those that boto3 makes before it sends anything.
ONCE = Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False)


def client(
    aws: AwsServer, service: str, keys: dict[str, str] | None = None, region: str | None = None, **config: Any
) -> Any:
    """Make a client that never tries again, with the administrator's keys or those given."""
    keys = keys or {"AccessKeyId": aws.access_key, "SecretAccessKey": aws.secret_key}
    make: Any = boto3.client
    return make(
        service,
        region_name=region or aws.region,
        endpoint_url=aws.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        config=ONCE.merge(Config(**config)),
    )


def refusal(call: Callable[..., Any], **arguments: Any) -> Json:
    """Make a call that must be refused; return its error."""
    try:
        call(**arguments)
    except ClientError as error:
        return dict(error.response["Error"])
    raise AssertionError(f"{call} was not refused")


def assume(aws: AwsServer, *statements: Json, name: str = "worker") -> dict[str, str]:
    """Make a role with a policy of these statements, and return keys for it."""
    iam, trust = (
        aws.client("iam"),
        [{"Effect": "Allow", "Principal": {"AWS": aws.account_id}, "Action": "sts:AssumeRole"}],
    )
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(*trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=policy(*statements))
    return dict(aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"])


def policy(*statements: Json) -> str:
    """Return a policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: str | list[str], resources: str | list[str] = "*", **more: Any) -> Json:
    """Return a statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


class Listener:
    """A queue that rules may send to."""

    def __init__(
        self,
        aws: AwsServer,
        name: str = "listener",
        account: str | None = None,
        region: str | None = None,
        **attributes: str,
    ) -> None:
        self.sqs = aws.client("sqs", region, account)
        self.arn = f"arn:aws:sqs:{region or aws.region}:{account or aws.account_id}:{name}"
        allowed = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
        allowed |= {"Action": "sqs:SendMessage", "Resource": self.arn}
        attributes = {"Policy": policy(allowed), **attributes}
        self.url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def messages(self) -> list[Json]:
        """Take all messages from the queue."""
        taken = []
        while page := self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        ).get("Messages"):
            taken += page
            for message in page:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    def events(self) -> list[Any]:
        """Take all messages and read them as JSON."""
        return [json.loads(message["Body"]) for message in self.messages()]


def rule(
    aws: AwsServer,
    pattern: Json,
    *targets: str | Json,
    name: str = "rule",
    bus: str = "default",
    account: str | None = None,
    region: str | None = None,
) -> str:
    """Make a rule on events with these targets (ARNs, or whole targets); return its ARN."""
    events = aws.client("events", region, account)
    arn = events.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)["RuleArn"]
    full = [target if isinstance(target, dict) else {"Arn": target} for target in targets]
    numbered = [{"Id": str(number), **target} for number, target in enumerate(full)]
    assert events.put_targets(Rule=name, EventBusName=bus, Targets=numbered)["FailedEntryCount"] == 0
    return str(arn)
