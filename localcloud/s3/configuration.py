"""A bucket's notification configuration: read from the request, and refused as AWS refuses it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
"""

from __future__ import annotations

from itertools import combinations
from typing import Any
from urllib.parse import unquote_plus

import xmltodict  # type: ignore[import-untyped]  # comes with moto
from moto.s3.exceptions import InvalidNotificationARN, MalformedXML, S3ClientError

from localcloud.s3.records import LOST, REASONS

KINDS = {"TopicConfiguration": "sns", "QueueConfiguration": "sqs", "CloudFunctionConfiguration": "lambda"}
FIELDS = {"TopicConfiguration": "Topic", "QueueConfiguration": "Queue", "CloudFunctionConfiguration": "CloudFunction"}
EVENTS = {LOST, "s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*", *REASONS}
"""The events that happen here, and those of lifecycles, which never do."""
OVERLAP = "Configurations overlap. Configurations on the same bucket cannot share a common event type."
AMBIGUOUS = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
    "overlapping for the same event type."
)


def parsed(body: bytes) -> dict[str, Any]:
    """Read the request's body into the form in which moto keeps a configuration; raise S3ClientError."""
    lists = (*KINDS, "Event", "FilterRule")
    root = xmltodict.parse(body, strip_whitespace=False, force_list=lists)["NotificationConfiguration"] or {}
    wanted: dict[str, Any] = {kind: [_rule(kind, each) for each in root[kind]] for kind in KINDS if kind in root}
    if "EventBridgeConfiguration" in root:
        wanted["EventBridgeConfiguration"] = {}
    _refuse_overlaps([rule for kind in KINDS for rule in wanted.get(kind, [])])
    return wanted


def _rule(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    arn = given.get(FIELDS[kind])
    if not arn or not given.get("Event"):
        raise MalformedXML
    if arn.split(":")[2:3] != [KINDS[kind]] or arn.count(":") < 5:
        raise InvalidNotificationARN
    for event in given["Event"]:
        if event not in EVENTS:
            raise S3ClientError("InvalidArgument", f"The event '{event}' is not supported for notifications")
    rules = [_filter(each) for each in ((given.get("Filter") or {}).get("S3Key") or {}).get("FilterRule", [])]
    names = [each["Name"] for each in rules]
    for name in set(names):
        if names.count(name) > 1:
            raise S3ClientError("InvalidArgument", f"Cannot specify more than one {name} rule in a filter.")
    made = {FIELDS[kind]: arn, "Event": given["Event"], "Id": given.get("Id")}
    return {**made, "Filter": {"S3Key": {"FilterRule": rules}}} if rules else made


def _filter(given: dict[str, Any]) -> dict[str, str]:
    name = str(given.get("Name")).lower()
    if name not in ("prefix", "suffix"):
        raise S3ClientError("InvalidArgument", "filter rule name must be either prefix or suffix")
    return {"Name": name, "Value": unquote_plus(given.get("Value") or "")}


def _refuse_overlaps(rules: list[dict[str, Any]]) -> None:
    for one, other in combinations(rules, 2):
        shared = any(_same_event(mine, its) for mine in one["Event"] for its in other["Event"])
        if shared and _overlap(one, other):
            raise S3ClientError("InvalidArgument", AMBIGUOUS if "Filter" in one and "Filter" in other else OVERLAP)


def _same_event(one: str, other: str) -> bool:
    return one == other or any(
        wide.endswith("*") and narrow.startswith(wide[:-1]) for wide, narrow in ((one, other), (other, one))
    )


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether some key could fit both rules."""
    (prefix, suffix), (its_prefix, its_suffix) = _edges(one), _edges(other)
    prefixes = prefix.startswith(its_prefix) or its_prefix.startswith(prefix)
    return prefixes and (suffix.endswith(its_suffix) or its_suffix.endswith(suffix))


def _edges(rule: dict[str, Any]) -> tuple[str, str]:
    rules = rule.get("Filter", {}).get("S3Key", {}).get("FilterRule", [])
    edges = {each["Name"]: each["Value"] for each in rules}
    return edges.get("prefix", ""), edges.get("suffix", "")
