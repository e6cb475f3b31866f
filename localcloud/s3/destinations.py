"""Where S3 sends notifications: whether a queue, topic or function lets it, and the sending.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import lambda_backends
from moto.core.exceptions import ServiceException
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from werkzeug.exceptions import HTTPException

from localcloud.ground.arns import Arn, read_arn
from localcloud.iam import policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.functions.invoke_wire import LambdaTarget
    from localcloud.ground.gate import Gate
    from localcloud.s3.records import Bucket

ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
WORDS = {"sqs": "queue", "sns": "topic", "lambda": "Lambda function"}
SUBJECT = "Amazon S3 Notification"


class UnusableError(Exception):
    """S3 cannot send there; the message is AWS's."""


def check(destination: str, bucket: Bucket) -> None:
    """Raise UnusableError unless the destination exists and its policy lets this bucket's notifications in."""
    arn = read_arn(destination)
    word = WORDS[arn.service]
    if arn.service != "lambda" and arn.resource.endswith(".fifo"):
        raise UnusableError(f"FIFO {word}s are not supported as a destination")
    try:
        document = _policy(arn)
    except (ServiceException, HTTPException, KeyError) as error:
        raise UnusableError(f"The destination {word} does not exist") from error
    context = {"aws:sourcearn": [bucket.arn], "aws:sourceaccount": [bucket.account]}
    principal = {"Service": {"s3.amazonaws.com"}}
    if not policy.allows([document], ACTIONS[arn.service], destination, context, principal):
        raise UnusableError(
            f"Permissions on the destination {word} do not allow S3 to publish notifications from this bucket"
        )


def send(destination: str, document: dict[str, Any], gate: Gate, target: Callable[[], LambdaTarget]) -> None:
    """Send a document to a queue or topic, or hand it to the Lambda side."""
    arn = read_arn(destination)
    if arn.service == "lambda":
        target()(destination, document)
        return
    with gate:
        if arn.service == "sqs":
            sqs_backends[arn.account][arn.region].send_message(arn.resource, json.dumps(document))
        else:
            sns_backends[arn.account][arn.region].get_topic(arn.text).publish(json.dumps(document), subject=SUBJECT)


def _policy(arn: Arn) -> str:
    match arn.service:
        case "sqs":
            document = sqs_backends[arn.account][arn.region].get_queue(arn.resource).policy
        case "sns":
            document = sns_backends[arn.account][arn.region].get_topic(arn.text).policy
        case _:
            function = lambda_backends[arn.account][arn.region].get_function(arn.text)
            document = json.dumps({"Statement": function.policy.statements})
    return str(document or '{"Statement": []}')
