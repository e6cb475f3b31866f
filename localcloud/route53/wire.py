"""What Route 53's record set APIs are sent, what they show, and the words in which they refuse."""

from __future__ import annotations

import uuid
from typing import Any

from moto.core.utils import utcnow
from moto.route53.exceptions import InvalidActionValue, InvalidInput, Route53ClientError

from localcloud.route53 import change_batch, dns_names, record_sets
from localcloud.route53.record_sets import RecordSet

ACTIONS = ("CREATE", "UPSERT", "DELETE")
LONGEST_COMMENT = 256
LONGEST_VALUE = 4000
LONGEST_TTL = 2_147_483_647
_KEYED = {"Name", "Type", "SetIdentifier", "TTL", "ResourceRecords"}


def read_batch(batch: dict[str, Any]) -> list[record_sets.Change]:
    """Read a change batch; raise `InvalidInput` for one that Route 53's schema does not allow."""
    _check_facet("maxLength", len(batch.get("Comment") or ""), LONGEST_COMMENT, "ResourceDescription")
    if not batch.get("Changes"):
        raise InvalidInput("Invalid XML ; cvc-complex-type.2.4.b: The content of element 'Changes' is not complete.")
    return [_read_change(change) for change in batch["Changes"]]


def read_name(text: str) -> dns_names.Name:
    """Read a domain name; raise `InvalidDomainName`."""
    try:
        return dns_names.parse(text)
    except dns_names.BadName as bad:
        raise Route53ClientError("InvalidDomainName", str(bad)) from bad


def taken_over(record: Any) -> RecordSet:
    """Return a record set that moto made itself (NS, SOA, CloudFormation's) as one of ours."""
    if isinstance(record, RecordSet):
        return record
    values = [value["Value"] if isinstance(value, dict) else value for value in record.records]
    if record.type == "NS":
        values = [f"{value.rstrip('.')}." for value in values]
    routing = {"AliasTarget": record.alias_target, "Weight": record.weight, "Region": record.region}
    return RecordSet(
        name=read_name(record.name),
        type=record.type,
        set_identifier=record.set_identifier,
        ttl=None if record.ttl is None else int(record.ttl),
        values=tuple(values),
        routing={key: value for key, value in routing.items() if value is not None},
    )


def shown(record: RecordSet) -> dict[str, Any]:
    """Return a record set as the API answers it."""
    return {
        "Name": str(record.name),
        "Type": record.type,
        "SetIdentifier": record.set_identifier,
        "TTL": record.ttl,
        "ResourceRecords": [{"Value": value} for value in record.values] or None,
        **record.routing,
    }


def change_info(comment: str | None) -> dict[str, Any]:
    """Return the answer to a batch that was accepted; GetChange will call it INSYNC."""
    return {
        "Id": f"/change/C{uuid.uuid4().hex[:20].upper()}",
        "Status": "PENDING",
        "SubmittedAt": utcnow(),
        "Comment": comment,
    }


def invalid_batch(rejected: change_batch.Rejected) -> Route53ClientError:
    """Return the error that carries all faults of a batch: in its message, and as a list of messages."""
    error = Route53ClientError("InvalidChangeBatch", str(rejected))
    error.messages = rejected.faults
    return error


def throttled() -> Route53ClientError:
    """Return the error for a request that finds a token bucket empty."""
    return Route53ClientError("Throttling", "Rate exceeded")


def prior_request_not_complete() -> Route53ClientError:
    """Return the error for a batch on a zone that is still busy with another."""
    return Route53ClientError(
        "PriorRequestNotComplete",
        "The request was rejected because Route 53 was still processing a prior request.",
    )


def _read_change(change: dict[str, Any]) -> record_sets.Change:
    action, sent = change["Action"], change["ResourceRecordSet"]
    if action not in ACTIONS:
        raise InvalidActionValue(action)
    ttl = None if sent.get("TTL") is None else int(sent["TTL"])
    values = tuple(record["Value"] for record in sent.get("ResourceRecords") or ())
    _check_facet("maxInclusive", ttl or 0, LONGEST_TTL, "TTL")
    for value in values:
        _check_facet("maxLength", len(value), LONGEST_VALUE, "RData")
    if ("AliasTarget" in sent) == (ttl is not None and bool(values)):
        raise _incomplete(action, sent)
    return record_sets.read_change(
        action,
        sent["Name"],
        {
            "type": sent["Type"],
            "set_identifier": sent.get("SetIdentifier"),
            "ttl": ttl,
            "values": values,
            "routing": {key: value for key, value in sent.items() if key not in _KEYED and value is not None},
        },
    )


def _check_facet(facet: str, value: int, limit: int, shape: str) -> None:
    if value > limit:
        raise InvalidInput(
            f"Invalid XML ; cvc-{facet}-valid: Value '{value}' is not facet-valid "
            f"with respect to {facet} '{limit}' for type '{shape}'."
        )


def _incomplete(action: str, sent: dict[str, Any]) -> InvalidInput:
    found = "more than one" if "AliasTarget" in sent else "none"
    return InvalidInput(
        "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], "
        f"or TrafficPolicyInstanceId], but found {found} in Change with [Action={action}, Name={sent['Name']}, "
        f"Type={sent['Type']}, SetIdentifier={sent.get('SetIdentifier', 'null')}]"
    )
