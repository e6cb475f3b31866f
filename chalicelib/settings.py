"""The deployment's settings: one frozen value, the only reader of the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.errors import BadSettings

_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")
_SPOKE = re.compile(r"arn:[a-z-]+:iam::\{account\}:role/\S+")
_BUCKET_OR_NONE = re.compile(r"([a-z0-9.-]{3,63})?")


@dataclass(frozen=True)
class Settings:
    """What the operator decided, as CloudFormation parameters, and what the stack says of itself."""

    stack: str
    account: str
    table: str
    instance_queue_url: str
    document_queue_url: str
    document_bucket: str
    hosted_zone_id: str
    private_hosted_zone_id: str
    domain: str
    short_name_tag: str
    ttl: int
    regions: tuple[str, ...]
    account_roles: Mapping[str, str]
    reserved_names: frozenset[str]
    prometheus_port: int
    source_bucket: str
    derived_bucket: str
    derived_prefix: str
    derived_storage_class: str
    derived_cache_control: str
    keep_derived: bool
    transform_queue_url: str
    snapshot_tag: str
    retires_snapshots: bool
    runs_hooks: bool
    flags_idle: bool
    parks_idle: bool
    keeps_hours: bool
    asks_for_prices: bool
    idle_topic: str
    memory: int
    dry_run: bool


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings.

    Raises:
        BadSettings: one or more settings are missing or malformed; the message names every one of them.
    """
    reader = _Reader(environment)
    accounts = reader.words("ACCOUNTS", _ACCOUNT, "12-digit account numbers with spaces between")
    spoke = reader.text("SPOKE_ROLE", _SPOKE, "a role's ARN with {account} in it") if accounts else ""
    region = reader.text("AWS_REGION", _REGION, "a region such as eu-west-1")
    settings = Settings(
        stack=reader.text("STACK_NAME", re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,41}"), "the CloudFormation stack's name"),
        account=reader.text("ACCOUNT_ID", _ACCOUNT, "a 12-digit account number"),
        table=reader.text("TABLE_NAME", re.compile(r"[\w.-]+"), "the DynamoDB table's name"),
        instance_queue_url=reader.text("INSTANCE_QUEUE_URL", re.compile(r"https?://\S+"), "the queue's URL"),
        document_queue_url=reader.text("DOCUMENT_QUEUE_URL", re.compile(r"https?://\S+"), "the queue's URL"),
        document_bucket=reader.text("DOCUMENT_BUCKET", re.compile(r"[a-z0-9.-]{3,63}"), "the bucket's name"),
        hosted_zone_id=reader.text(
            "HOSTED_ZONE_ID", re.compile(r"([A-Z0-9]{1,32})?"), "a hosted zone id such as Z0123456ABC"
        ),
        private_hosted_zone_id=reader.text(
            "PRIVATE_HOSTED_ZONE_ID", re.compile(r"([A-Z0-9]{1,32})?"), "a hosted zone id"
        ),
        domain=reader.text("DOMAIN", re.compile(r"([a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*\.?)?"), "a domain, or empty"),
        short_name_tag=reader.text("SHORT_NAME_TAG", re.compile(r"[^*?]{1,128}"), "a tag key", "ShortName"),
        ttl=reader.number("RECORD_TTL", 0, 2_147_483_647, "60"),
        regions=tuple(reader.words("REGIONS", _REGION, "region names with spaces between")) or (region,),
        account_roles={account: spoke.replace("{account}", account) for account in accounts},
        reserved_names=frozenset(reader.words("RESERVED_NAMES", re.compile(r"[a-z0-9-]+"), "labels in lower case")),
        prometheus_port=reader.number("PROMETHEUS_PORT", 1, 65_535, "9100"),
        source_bucket=reader.text("SOURCE_BUCKET", _BUCKET_OR_NONE, "a bucket's name, or empty"),
        derived_bucket=reader.text("DERIVED_BUCKET", _BUCKET_OR_NONE, "a bucket's name"),
        derived_prefix=reader.text("DERIVED_PREFIX", re.compile(r"([^/].{0,126}/)?"), "empty, or end with a slash"),
        derived_storage_class=reader.text(
            "DERIVED_STORAGE_CLASS", re.compile(r"[A-Z_]+"), "a class", "REDUCED_REDUNDANCY"
        ),
        derived_cache_control=reader.text(
            "DERIVED_CACHE_CONTROL", re.compile(r"[ -~]{1,256}"), "as in HTTP", "max-age=86400"
        ),
        keep_derived=reader.text("KEEP_DERIVED", re.compile(r"[01]"), "1 or 0", "0") == "1",
        transform_queue_url=reader.text("TRANSFORM_QUEUE_URL", re.compile(r"https?://\S+"), "the queue's URL"),
        snapshot_tag=reader.text("SNAPSHOT_TAG", re.compile(r"[^*?]{1,128}"), "a tag key", "Snapshot"),
        retires_snapshots=reader.text("SNAPSHOT_RETIREMENT", re.compile(r"[01]"), "1 or 0", "1") == "1",
        runs_hooks=reader.text("SNAPSHOT_HOOKS", re.compile(r"[01]"), "1 or 0", "0") == "1",
        flags_idle=reader.text("IDLE_FLAGS", re.compile(r"[01]"), "1 or 0", "1") == "1",
        parks_idle=reader.text("IDLE_PARKING", re.compile(r"[01]"), "1 or 0", "0") == "1",
        keeps_hours=reader.text("RUNNING_HOURS", re.compile(r"[01]"), "1 or 0", "0") == "1",
        asks_for_prices=reader.text("LIVE_PRICES", re.compile(r"[01]"), "1 or 0", "1") == "1",
        idle_topic=reader.text("IDLE_TOPIC_ARN", re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:\S+"), "a topic's ARN"),
        memory=reader.number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 128, 10_240, "1024") * 2**20,
        dry_run=reader.text("DRY_RUN", re.compile(r"[01]?"), "1 or 0", "0") == "1",
    )
    if not settings.hosted_zone_id and not settings.private_hosted_zone_id:
        reader.faults.append("HOSTED_ZONE_ID and PRIVATE_HOSTED_ZONE_ID are both empty: name at least one zone")
    if settings.hosted_zone_id and settings.hosted_zone_id == settings.private_hosted_zone_id:
        reader.faults.append("HOSTED_ZONE_ID and PRIVATE_HOSTED_ZONE_ID name the same zone")
    if settings.source_bucket and settings.source_bucket == settings.derived_bucket and not settings.derived_prefix:
        reader.faults.append("DERIVED_PREFIX must not be empty where sources and derived objects share a bucket")
    if reader.faults:
        raise BadSettings("; ".join(reader.faults))
    return settings


class _Reader:
    """Reads settings and collects what is wrong with them, so that one error can name all."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []

    def text(self, name: str, form: re.Pattern[str], wanted: str, default: str = "") -> str:
        value = self._environment.get(name, "").strip() or default
        if not form.fullmatch(value):
            self.faults.append(f"{name} must be {wanted}, and is {value!r}")
            return default
        return value

    def words(self, name: str, form: re.Pattern[str], wanted: str) -> list[str]:
        words = dict.fromkeys(self._environment.get(name, "").replace(",", " ").split())  # each once, in order
        wrong = [word for word in words if not form.fullmatch(word)]
        if wrong:
            self.faults.append(f"{name} must be {wanted}, and has {' '.join(map(repr, wrong))}")
        return [word for word in words if word not in wrong]

    def number(self, name: str, least: int, most: int, default: str) -> int:
        value = self._environment.get(name, "").strip() or default
        if not value.isdecimal() or not least <= int(value) <= most:
            self.faults.append(f"{name} must be a whole number from {least} to {most}, and is {value!r}")
            return int(default)
        return int(value)
