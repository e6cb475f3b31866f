"""Settings are read once, and everything wrong with them is said at once."""

import pytest

from chalicelib import settings
from chalicelib.errors import BadSettings

GOOD = {
    "STACK_NAME": "groundskeeper-dev",
    "ACCOUNT_ID": "123456789012",
    "AWS_REGION": "eu-west-1",
    "TABLE_NAME": "groundskeeper-dev-Table-1",
    "INSTANCE_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/groundskeeper-dev-instances",
    "DOCUMENT_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/groundskeeper-dev-documents",
    "TRANSFORM_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/groundskeeper-dev-transforms",
    "IDLE_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:groundskeeper-dev-idle",
    "DOCUMENT_BUCKET": "groundskeeper-dev-documentbucket-1",
    "HOSTED_ZONE_ID": "Z0123456789ABC",
}


def test_what_is_not_said_has_a_default():
    read = settings.read(GOOD)
    assert (read.short_name_tag, read.ttl, read.regions, read.dry_run) == ("ShortName", 60, ("eu-west-1",), False)
    assert (read.snapshot_tag, read.retires_snapshots, read.runs_hooks) == ("Snapshot", True, False)
    assert (read.parks_idle, read.keeps_hours, read.asks_for_prices) == (False, False, True)


def test_lists_are_read():
    spokes = {"ACCOUNTS": "222222222222", "SPOKE_ROLE": "arn:aws:iam::{account}:role/gk-spoke"}
    read = settings.read({**GOOD, **spokes, "REGIONS": "eu-west-1 us-east-1", "RESERVED_NAMES": "ns www"})
    assert read.regions == ("eu-west-1", "us-east-1")
    assert read.account_roles == {"222222222222": "arn:aws:iam::222222222222:role/gk-spoke"}
    assert read.reserved_names == {"ns", "www"}


def test_what_a_list_has_twice_counts_once_and_the_order_stays():
    read = settings.read({**GOOD, "REGIONS": "us-east-1 eu-west-1,us-east-1 eu-central-1 eu-west-1"})
    assert read.regions == ("us-east-1", "eu-west-1", "eu-central-1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STACK_NAME", ""),
        ("STACK_NAME", "has spaces"),
        ("ACCOUNT_ID", "123"),
        ("AWS_REGION", "Europe"),
        ("TABLE_NAME", ""),
        ("INSTANCE_QUEUE_URL", "not a url"),
        ("DOCUMENT_QUEUE_URL", ""),
        ("DOCUMENT_BUCKET", "no bucket"),
        ("PROMETHEUS_PORT", "0"),
        ("HOSTED_ZONE_ID", "example.com"),
        ("HOSTED_ZONE_ID", ""),
        ("PRIVATE_HOSTED_ZONE_ID", "/hostedzone/Z1"),
        ("DOMAIN", "a b"),
        ("SHORT_NAME_TAG", "Short*"),
        ("STACK_NAME", "s" * 43),
        ("SNAPSHOT_TAG", "Snap*"),
        ("SNAPSHOT_RETIREMENT", "yes"),
        ("SNAPSHOT_HOOKS", "2"),
        ("SNAPSHOT_TAG", "x" * 129),
        ("IDLE_PARKING", "yes"),
        ("IDLE_FLAGS", "on"),
        ("RUNNING_HOURS", "2"),
        ("LIVE_PRICES", "no"),
        ("IDLE_TOPIC_ARN", "groundskeeper-dev-idle"),
        ("RECORD_TTL", "-1"),
        ("RECORD_TTL", "sixty"),
        ("RECORD_TTL", "2147483648"),
        ("REGIONS", "eu-west-1 Mars"),
        ("ACCOUNTS", "22222222222"),
        ("RESERVED_NAMES", "Not.A.Label"),
        ("DRY_RUN", "yes"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str):
    with pytest.raises(BadSettings, match=name):
        settings.read({**GOOD, name: value})


def test_all_that_is_wrong_is_said_in_one_error():
    with pytest.raises(BadSettings) as caught:
        settings.read({})
    assert all(name in str(caught.value) for name in GOOD)
