"""What tests of the application share: one local cloud for each worker process, which they may all use at once."""

import logging
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from localcloud.functions.pace import Pace
from localcloud.server.aws import AwsServer

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "build" / "package"


@pytest.fixture(scope="session")
def pace() -> Pace:
    """Return a pace at which a failed message comes back after a second, not after half an hour."""
    return Pace(failed_message=1)


@pytest.fixture(scope="session")
def cloud(pace: Pace) -> Iterator[LocalCloud]:
    """Return a local cloud."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    with LocalCloud(pace=pace) as running:
        yield running


@pytest.fixture(scope="session")
def aws(cloud: LocalCloud) -> AwsServer:
    """Return an emulated AWS with the strict Route 53; tests share it and make their own zones and tables."""
    return cloud.aws


@pytest.fixture
def table(aws: AwsServer) -> str:
    name = f"table-{uuid.uuid4().hex}"
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    aws.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk", "claimed")],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "claims",
                "KeySchema": [
                    {"AttributeName": "claimed", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return name


@pytest.fixture
def zone_id(aws: AwsServer) -> str:
    answer = aws.client("route53").create_hosted_zone(Name="example.com", CallerReference=uuid.uuid4().hex)
    return str(answer["HostedZone"]["Id"].removeprefix("/hostedzone/"))
