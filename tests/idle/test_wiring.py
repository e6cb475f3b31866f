"""Idle instances put together as the function has them: the real adapters of two regions, against the emulator."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from chalicelib import settings
from chalicelib.errors import BadDefinition, TryAgain
from chalicelib.idle.model import FLAG, NOTICED, WISH, Verdict
from chalicelib.idle.service import NOBODY_LISTENS, Idle
from chalicelib.wiring.base import Base
from chalicelib.wiring.for_idle import RESERVE, IdleWiring
from localcloud.cloudwatch.behaviour import steady
from localcloud.server.aws import AwsServer
from tests.idle.clouds import Site, bucket, sites
from tests.test_settings import GOOD


class Session:
    """Makes real clients of the emulator, and notes of which services in which regions."""

    def __init__(self, aws: AwsServer) -> None:
        self._session = boto3.Session(aws.access_key, aws.secret_key, region_name=aws.region)
        self._endpoint = aws.endpoint
        self.made: set[tuple[str, str | None]] = set()

    def client(self, service: str, region_name: str | None = None, **more: Any) -> Any:
        self.made.add((service, region_name))
        make: Any = self._session.client
        return make(service, region_name=region_name, endpoint_url=self._endpoint, **more)


class Stack:
    """A stack at home in the emulator's own region, which looks at two others."""

    def __init__(self, aws: AwsServer, table: str, here: Site, there: Site) -> None:
        self.sns, self.s3 = aws.client("sns"), aws.client("s3")
        self.topic = self.sns.create_topic(Name=f"idle-{table}")["TopicArn"]
        self.bucket, self.session, self.sites = bucket(aws), Session(aws), (here, there)
        self.settings = settings.read(
            {
                **GOOD,
                "AWS_REGION": aws.region,
                "REGIONS": f"{here.name} {there.name}",
                "TABLE_NAME": table,
                "DOCUMENT_BUCKET": self.bucket,
                "IDLE_TOPIC_ARN": self.topic,
                "IDLE_PARKING": "1",
            }
        )

    def wiring(self, **changed: Any) -> IdleWiring:
        return IdleWiring(Base(replace(self.settings, **changed), self.session))  # type: ignore[arg-type]

    def idle(self, **changed: Any) -> Idle:
        """Return idle instances by the cloud's clock, which is the one that metrics go by."""
        return replace(self.wiring(**changed).idle, clock=self.sites[0].aws.clock.now)

    def listen(self) -> None:
        self.sns.subscribe(TopicArn=self.topic, Protocol="email", Endpoint="ops@example.com")
        self.sites[0].aws.subscribers.confirm(self.topic, "ops@example.com")


@pytest.fixture
def here(aws: AwsServer) -> Iterator[Site]:
    yield from sites(aws)


@pytest.fixture
def there(aws: AwsServer) -> Iterator[Site]:
    yield from sites(aws)


@pytest.fixture
def stack(aws: AwsServer, table: str, here: Site, there: Site) -> Stack:
    return Stack(aws, table, here, there)


def test_instances_of_two_regions_are_judged_flagged_told_of_once_and_reported(stack: Stack):
    here, there = stack.sites
    idle, far, busy, kept = here.one(), there.named(Owner="ops"), here.one(), here.named(**{WISH: "keep"})
    here.aws.metrics.behave(busy, steady(60))
    stack.listen()
    judged = stack.idle().run()
    assert (judged.errors, judged.problems, judged.is_good) == ({}, [], True)
    verdicts = {each.judgement.instance.id: each.judgement.verdict for each in judged.report.findings}
    assert verdicts == {
        idle: Verdict.IDLE,
        far: Verdict.IDLE,
        busy: Verdict.ACTIVE,
        kept: Verdict.EXEMPT,
    }
    assert judged.told
    assert judged.told.named == {(here.name, idle), (there.name, far)}
    assert here.tags(idle).keys() == there.tags(far).keys() - {"Owner"} == {FLAG, NOTICED}
    assert (here.tags(busy), here.tags(kept)) == ({}, {WISH: "keep"})
    assert judged.report.kept_at == f"s3://{stack.bucket}/reports/idle/{here.today:%Y-%m-%d}.html"
    again = stack.idle().run()
    assert (again.told, again.is_good) == (None, True), "whoever told is remembered by the table"


def test_nobody_listens_to_a_topic_without_subscriptions(stack: Stack):
    here, _ = stack.sites
    id_ = here.one()
    judged = stack.idle().run()
    assert [problem.reason for problem in judged.problems] == [NOBODY_LISTENS]
    assert here.tags(id_).keys() == {FLAG}


def test_two_stacks_runs_keep_each_other_out_by_the_table(stack: Stack):
    base = Base(stack.settings, stack.session, remaining=lambda: 0.2)  # type: ignore[arg-type]
    with stack.idle().turn(), pytest.raises(TryAgain, match="idle"):
        IdleWiring(base).idle.run()


def test_a_dry_run_changes_nothing(stack: Stack):
    here, _ = stack.sites
    id_ = here.one()
    stack.listen()
    judged = stack.idle(dry_run=True).run()
    assert (judged.report.counts[Verdict.IDLE], judged.told) == (1, None)
    assert here.tags(id_) == {}
    assert "Contents" not in stack.s3.list_objects_v2(Bucket=stack.bucket)


def test_each_region_has_its_own_clients_and_prices_come_from_where_they_are_listed(stack: Stack):
    here, there = stack.sites
    stack.idle().preview()
    made = stack.session.made
    assert {("ec2", here.name), ("ec2", there.name), ("cloudwatch", here.name), ("cloudwatch", there.name)} <= made
    assert {region for service, region in made if service == "pricing"} == {"us-east-1"}
    assert {service for service, region in made if region is None} == {"sns", "s3", "dynamodb"}


@pytest.mark.parametrize("asks", [True, False])
def test_the_price_list_is_asked_where_that_is_allowed(stack: Stack, asks: bool):
    here, _ = stack.sites
    here.one()
    before = here.aws.calls.count("pricing:GetProducts", here.aws.access_key)
    judged = stack.idle(asks_for_prices=asks).preview()
    assert (here.aws.calls.count("pricing:GetProducts", here.aws.access_key) > before) == asks
    assert judged.report.counts[Verdict.IDLE] == 1


@pytest.mark.parametrize(("flags", "parks"), [(True, True), (True, False), (False, True)])
def test_a_stack_flags_and_parks_as_its_settings_say(stack: Stack, flags: bool, parks: bool):
    idle = stack.idle(flags_idle=flags, parks_idle=parks)
    place = idle.place(stack.sites[0].name)
    assert (place.flagging, idle.parks, place.region.name) == (flags, parks, stack.sites[0].name)
    assert idle.parks == parks


@pytest.mark.parametrize(("left", "looks"), [(RESERVE + 1, True), (RESERVE - 1, False)], ids=["in time", "late"])
def test_looks_at_each_instance_end_while_there_is_time_for_the_rest_of_a_run(stack: Stack, left: float, looks: bool):
    here, _ = stack.sites
    here.one()
    base = Base(stack.settings, stack.session, remaining=lambda: left)  # type: ignore[arg-type]
    judged = replace(IdleWiring(base).idle, clock=here.aws.clock.now).preview()
    (found,) = judged.report.idle
    assert ("nearly over" in found.judgement.unknown) != looks


def test_the_operators_rules_are_those_in_the_bucket_and_malformed_ones_are_refused(stack: Stack):
    assert stack.wiring().rules().grace == 7
    key = "definitions/idle.yaml"
    stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=b"grace: 3")
    wiring = stack.wiring()
    assert wiring.rules().grace == 3
    stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=b"grace: never")
    assert wiring.rules().grace == 3, "it is read again each minute"
    with pytest.raises(BadDefinition, match="grace"):
        stack.wiring().rules()


def test_the_operators_prices_are_those_in_the_bucket(stack: Stack):
    here, _ = stack.sites
    id_ = here.one()
    text = f"""source: our contract
date: 2026-11-01
regions:
  {here.name}:
    instances:
      Linux/UNIX:
        m5: {{large: 2.0}}"""
    stack.wiring().price_store.put(text)
    judged = stack.idle(asks_for_prices=False).preview()
    (found,) = (each for each in judged.report.findings if each.judgement.instance.id == id_)
    assert found.waste
    assert found.waste.gross
    assert found.waste.gross >= 2.0 * 730
    assert "our contract" in str(judged.report.origins[here.name])
