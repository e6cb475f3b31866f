"""Which permissions the functions' policies give, and which were used."""

import json
from collections.abc import Callable

from localcloud.cloud import LocalCloud
from tests.conftest import ROOT


def allowed(concerns: Callable[[str], bool]) -> set[str]:
    """Return the actions that the policies of some functions allow, unless a parameter has to ask for them."""
    files = [file for file in (ROOT / ".chalice").glob("policy-*.json") if concerns(file.stem.removeprefix("policy-"))]
    statements = [statement for file in files for statement in json.loads(file.read_text())["Statement"]]
    actions = {action for s in statements if "Fn::If" not in s for action in s["Action"]}
    # Lambda itself writes logs and polls the queue; AssumeRole is used where there are other accounts. EC2 uses keys.
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
    polling = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    by_others = {action for action in actions if action.startswith("kms:")}
    return actions - polling - by_others - {"logs:CreateLogStream", "logs:PutLogEvents"}


def used(cloud: LocalCloud) -> set[str]:
    """Return what was called with the temporary keys of roles.

    In a transaction each write needs the permission of its own operation
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html); a claim that is given
    up is deleted, whatever else is written is updated.
    """
    calls = {call.action for call in cloud.aws.calls.snapshot() if call.caller.startswith("ASIA")}
    writes = {"dynamodb:UpdateItem", "dynamodb:DeleteItem"} if "dynamodb:TransactWriteItems" in calls else set()
    return {
        "lambda:InvokeFunction" if call == "lambda:Invoke" else call.removesuffix("Batch") for call in calls
    } | writes
