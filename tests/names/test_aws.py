"""EC2 and Route 53 through boto3, against the strict emulator."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from chalicelib.errors import BadSettings, Refused, TryAgain
from chalicelib.inventory.model import View
from chalicelib.lease.aws import Turn
from chalicelib.names import job
from chalicelib.names.aws.ec2 import FILTER_VALUES, Ec2Instances
from chalicelib.names.aws.route53 import Identity, Route53Zone
from chalicelib.names.aws.sqs import RecheckQueue
from chalicelib.names.events import Recheck, read
from chalicelib.names.model import Place, RecordSet, Ref
from chalicelib.names.pace import Pace
from chalicelib.names.plan import plan
from chalicelib.pace import TokenBucket
from localcloud.server.aws import AwsServer
from tests.names.fakes import NOW, OWNER, RULES, FakeEc2, cname, fleet, instance


class Turns:
    """Turns in a row, as a lease gives them when nobody else wants it."""

    def __init__(self, until: float = float("inf")) -> None:
        self.number, self.until = 0, until

    @contextmanager
    def __call__(self) -> Iterator[Turn]:
        self.number += 1
        yield Turn(self.number, self.until, lambda: 0.0)


def hosted(
    aws: AwsServer,
    zone_id: str,
    view: View = View.PUBLIC,
    domain: str = "",
    turns: Turns | None = None,
    pace: Pace | None = None,
) -> Route53Zone:
    identity = Identity(zone_id, view, OWNER, domain)
    return Route53Zone(aws.client("route53"), identity, turns or Turns(), pace or Pace())


def put(aws: AwsServer, zone_id: str, *records: dict[str, Any], action: str = "CREATE") -> None:
    changes = [{"Action": action, "ResourceRecordSet": record} for record in records]
    aws.client("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def record(name: str, type_: str, *values: str, ttl: int = 300) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}


def test_names_are_written_read_back_repointed_and_removed(aws: AwsServer, zone_id: str):
    ec2, zone = FakeEc2(), hosted(aws, zone_id)
    for seen in (
        instance(1, "web"),
        instance(1, "web db", public_dns="other.example.net"),
        instance(1, state="stopped"),
    ):
        ec2.put(seen)
        outcome = job.sweep(ec2, zone, RULES)
        assert outcome.landed
        assert plan(zone.read(), fleet(seen), RULES).steps == ()
    assert {r.type for r in zone.record_sets()} == {"NS", "SOA"}


def test_a_zone_of_many_pages_is_read_whole(aws: AwsServer, zone_id: str):
    for start in (0, 500):
        put(aws, zone_id, *(record(f"n{n}.example.com", "A", "192.0.2.1") for n in range(start, start + 500)))
    assert len(hosted(aws, zone_id).read().records) == 1_002


def test_weighted_and_alias_record_sets_are_read_and_never_ours(aws: AwsServer, zone_id: str):
    weighted = [record("web.example.com", "CNAME", f"w{n}.example.net") for n in (1, 2)]
    for n, made in enumerate(weighted):
        made |= {"SetIdentifier": str(n), "Weight": 1}
    alias = {"HostedZoneId": zone_id, "DNSName": "web.example.com", "EvaluateTargetHealth": False}
    put(aws, zone_id, *weighted)
    put(aws, zone_id, {"Name": "db.example.com", "Type": "CNAME", "AliasTarget": alias})
    ec2, zone = FakeEc2(), hosted(aws, zone_id)
    ec2.put(instance(1, "web db app"))
    outcome = job.sweep(ec2, zone, RULES)
    assert outcome.refused == []
    assert {p.subject for p in outcome.plan.problems if p.kind == "foreign"} == {"web.example.com", "db.example.com"}


def test_names_below_a_domain_inside_the_zone_leave_the_rest_unread(aws: AwsServer, zone_id: str):
    put(aws, zone_id, record("a.example.com", "A", "192.0.2.1"), record("x.fleet.example.com", "A", "192.0.2.1"))
    zone = hosted(aws, zone_id, domain="Fleet.Example.com.")
    assert {r.name for r in zone.read().records} == {"x.fleet.example.com"}


def test_a_second_run_reads_nothing_if_nobody_else_wrote(aws: AwsServer, zone_id: str):
    turns = Turns()
    ec2, zone = FakeEc2(), hosted(aws, zone_id, turns=turns)
    ec2.put(instance(1, "web"), instance(2, "db"))
    job.follow(ec2, zone, RULES, {Ref(instance(1).place, instance(1).id)})
    before = aws.calls.count("route53:ListResourceRecordSets", aws.access_key)
    job.follow(ec2, zone, RULES, {Ref(instance(2).place, instance(2).id)})
    assert aws.calls.count("route53:ListResourceRecordSets", aws.access_key) == before
    turns.number += 1  # another writer had a turn in between
    job.follow(ec2, zone, RULES, {Ref(instance(2).place, instance(2).id)})
    assert aws.calls.count("route53:ListResourceRecordSets", aws.access_key) == before + 1


def test_a_stale_memory_of_the_zone_is_found_out_and_put_right(aws: AwsServer, zone_id: str):
    ec2, zone = FakeEc2(), hosted(aws, zone_id)
    ec2.put(instance(1, "web"))
    refs = {Ref(instance(1).place, instance(1).id)}
    job.follow(ec2, zone, RULES, refs)
    put(aws, zone_id, record("web.example.com", "CNAME", instance(1).public_dns, ttl=60), action="DELETE")
    put(aws, zone_id, record("db.example.com", "CNAME", "foreign.example.net"))
    ec2.put(instance(1, "web db", public_dns="moved.example.net"))
    outcome = job.follow(ec2, zone, RULES, refs)
    assert outcome.refused == []
    shown = {r.name: r.values for r in zone.record_sets("example.com")}
    assert shown["web.example.com"] == ("moved.example.net",)
    assert shown["db.example.com"] == ("foreign.example.net",)


def test_a_change_that_route_53_refuses_is_set_aside_and_named(aws: AwsServer, zone_id: str):
    ec2, zone = FakeEc2(), hosted(aws, zone_id)
    ec2.put(instance(1, "web"), instance(2, "bad", public_dns="..not a name.."), instance(3, "db"))
    outcome = job.sweep(ec2, zone, RULES)
    assert [step.instances for step, _ in outcome.refused] == [{instance(2).id}]
    assert {"web.example.com", "db.example.com"} <= {r.name for r in zone.record_sets("example.com")}


@pytest.mark.parametrize("zone", ["Z0000000NOWHERE", "another account's"])
def test_a_zone_that_is_missing_or_anothers_is_a_bad_setting(aws: AwsServer, zone: str):
    if zone == "another account's":
        theirs = aws.client("route53", account="999999999999")
        answer = theirs.create_hosted_zone(Name="example.com", CallerReference=uuid.uuid4().hex)
        zone = answer["HostedZone"]["Id"].removeprefix("/hostedzone/")
    with pytest.raises(BadSettings, match="HOSTED_ZONE_ID"):
        hosted(aws, zone).read()


def test_a_domain_outside_the_zone_is_a_bad_setting(aws: AwsServer, zone_id: str):
    with pytest.raises(BadSettings, match=r"DOMAIN is evilexample\.com, which is not inside example\.com"):
        hosted(aws, zone_id, domain="evilexample.com").read()


def test_private_addresses_are_not_written_to_a_public_zone(aws: AwsServer, zone_id: str):
    with pytest.raises(BadSettings, match="a public zone: private addresses would be published"):
        hosted(aws, zone_id, view=View.PRIVATE).read()


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("InvalidChangeBatch", 400, Refused),
        ("InvalidInput", 400, Refused),
        ("NoSuchHostedZone", 404, BadSettings),
        ("AccessDenied", 403, BadSettings),
        ("Throttling", 400, TryAgain),
        ("ThrottlingException", 400, TryAgain),
        ("PriorRequestNotComplete", 400, TryAgain),
        ("ServiceUnavailable", 503, TryAgain),
        ("500", 500, TryAgain),
        ("SomethingNew", 400, ClientError),
    ],
)
def test_errors_are_told_apart_by_their_codes(code: str, status: int, error: type[Exception]):
    answer: Any = {"Error": {"Code": code, "Message": "x"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(error):
        _send_to(ClientError(answer, "ChangeResourceRecordSets"))


@pytest.mark.parametrize("error", [ReadTimeoutError(endpoint_url="x"), EndpointConnectionError(endpoint_url="x")])
def test_no_answer_means_try_again(error: Exception):
    with pytest.raises(TryAgain, match="did not answer"):
        _send_to(error)


def _send_to(error: Exception) -> None:
    class Client:
        def change_resource_record_sets(self, **_: object) -> None:
            raise error

    zone = Route53Zone(Client(), Identity("Z1", View.PUBLIC, OWNER), Turns(), Pace())  # type: ignore[arg-type]
    with zone.turn() as writer:
        writer.apply([])


def test_no_write_begins_when_the_turn_is_nearly_over(aws: AwsServer, zone_id: str):
    ec2, zone = FakeEc2(), hosted(aws, zone_id, turns=Turns(until=1.0))
    ec2.put(instance(1, "web"))
    outcome = job.sweep(ec2, zone, RULES)
    assert [step.instances for step, _ in outcome.postponed] == [{instance(1).id}]
    assert "web.example.com" not in {r.name for r in zone.record_sets()}


def test_after_a_refusal_the_zone_is_read_again(aws: AwsServer, zone_id: str):
    ec2, zone = FakeEc2(), hosted(aws, zone_id)
    ec2.put(instance(1, "web"))
    job.sweep(ec2, zone, RULES)
    with zone.turn() as writer:
        made = plan(writer.read(fresh=True), fleet(instance(1, "db")), RULES)
        put(aws, zone_id, record("db.example.com", "A", "192.0.2.1"))
        with pytest.raises(Refused):
            writer.apply(made.steps)
        assert ("db.example.com", "A") in {r.key for r in writer.read(fresh=False).records}


def test_what_was_written_is_remembered(aws: AwsServer, zone_id: str):
    ec2, zone = FakeEc2(), hosted(aws, zone_id)
    ec2.put(instance(1, "web"))
    job.sweep(ec2, zone, RULES)
    with zone.turn() as writer:
        before = aws.calls.count("route53:ListResourceRecordSets", aws.access_key)
        remembered = writer.read(fresh=False)
        assert aws.calls.count("route53:ListResourceRecordSets", aws.access_key) == before
        assert set(remembered.records) == set(writer.read(fresh=True).records)


def test_the_local_buckets_are_asked_before_each_request(aws: AwsServer, zone_id: str):
    class Bucket(TokenBucket):
        taken = 0.0

        def take(self, tokens: float) -> None:
            self.taken += tokens

    requests, tokens = Bucket(1, 1), Bucket(1, 1)
    zone = hosted(aws, zone_id, pace=Pace(requests, tokens))
    ec2 = FakeEc2()
    ec2.put(instance(1, "web"))
    job.sweep(ec2, zone, RULES)
    assert requests.taken == 3  # the zone's name, one page, one batch
    assert tokens.taken == 3  # two names and their mark


def launch(aws: AwsServer, count: int, region: str = "us-east-1", tag: str = "web") -> list[str]:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "ShortName", "Value": tag}]}]
    answer = aws.client("ec2", region).run_instances(
        ImageId="ami-12c6146b", MinCount=count, MaxCount=count, TagSpecifications=tags
    )
    return [shown["InstanceId"] for shown in answer["Instances"]]


def instances(aws: AwsServer, *regions: str) -> Ec2Instances:
    places = [Place(aws.account_id, region) for region in regions]
    return Ec2Instances(lambda place: aws.client("ec2", place.region), places, "ShortName")


def test_up_to_two_hundred_instances_are_asked_for_in_one_call(aws: AwsServer):
    ids = launch(aws, 201, "ap-south-1")[:200]
    place = Place(aws.account_id, "ap-south-1")
    before = aws.calls.count("ec2:DescribeInstances", aws.access_key)
    seen = instances(aws, "ap-south-1").some({Ref(place, id_) for id_ in ids})
    assert aws.calls.count("ec2:DescribeInstances", aws.access_key) - before == 1
    assert set(seen.instances) == set(ids)
    assert all(i.is_up and i.public_dns and i.tag == "web" for i in seen.instances.values())


def test_in_a_storm_the_whole_place_is_read(aws: AwsServer):
    ids = launch(aws, 250, "ap-south-2")
    place = Place(aws.account_id, "ap-south-2")
    before = aws.calls.count("ec2:DescribeInstances", aws.access_key)
    seen = instances(aws, "ap-south-2").some({Ref(place, id_) for id_ in ids[:201]})
    assert aws.calls.count("ec2:DescribeInstances", aws.access_key) - before == 1
    assert set(seen.instances) == set(ids)
    assert seen.whole == {place}
    assert not seen.is_everything


def test_that_an_instance_is_missing_from_what_was_asked_for_means_nothing_yet(aws: AwsServer):
    ref = Ref(Place(aws.account_id, "us-east-1"), "i-0123456789abcdef0")
    seen = instances(aws, "us-east-1").some({ref})
    assert ref.id not in seen.instances
    assert not seen.shows_missing(ref)
    assert instances(aws, "us-east-1").everything().shows_missing(ref)


def test_every_place_is_read_and_one_that_cannot_be_covers_nothing(aws: AwsServer):
    launch(aws, 1, "eu-west-1")
    places = [Place(aws.account_id, region) for region in ("eu-west-1", "eu-west-2")]

    def client(place: Place) -> Any:
        if place.region == "eu-west-2":
            raise ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "denied"}}, "DescribeInstances")
        return aws.client("ec2", place.region)

    seen = Ec2Instances(client, places, "ShortName").everything()
    assert seen.whole == {places[0]}
    assert list(seen.unread) == [places[1]]


def test_waiting_claimants_are_found_by_a_word_of_their_tag(aws: AwsServer):
    (both,) = launch(aws, 1, "eu-central-1", "web db")
    launch(aws, 1, "eu-central-1", "other")
    seen = instances(aws, "eu-central-1").claimants(Place(aws.account_id, "eu-central-1"), ["db", "app"])
    assert set(seen.instances) == {both}


def test_a_bare_cname_record_is_what_it_looks_like(aws: AwsServer, zone_id: str):
    put(aws, zone_id, record("WEB.example.com", "CNAME", "Target.example.net.", ttl=60))
    shown = next(r for r in hosted(aws, zone_id).record_sets() if r.type == "CNAME")
    assert shown == RecordSet("web.example.com", "CNAME", 60, ("Target.example.net.",))
    assert shown.says_the_same_as(cname("web", "target.example.net"))


def test_no_call_has_more_filter_values_than_ec2_takes():
    """200 over all filters: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html"""
    sent: list[int] = []

    class Pages:
        def paginate(self, Filters: list[dict[str, Any]], **_: object) -> list[object]:  # noqa: N803
            sent.append(sum(len(chosen["Values"]) for chosen in Filters))
            return []

    class Client:
        def get_paginator(self, _: str) -> Pages:
            return Pages()

    place = Place("123456789012", "eu-west-1")
    ec2 = Ec2Instances(lambda _: Client(), [place], "ShortName")  # type: ignore[arg-type, return-value]
    ec2.claimants(place, [f"n{n}" for n in range(450)])
    assert max(sent) <= FILTER_VALUES
    assert sum(sent) == 450 + len(sent)


def test_rechecks_wait_in_the_queue(aws: AwsServer):
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
    refs = [Ref(Place("123456789012", "eu-west-1"), f"i-{n:017x}") for n in range(11)]
    RecheckQueue(sqs, url).ask(Recheck(ref, NOW) for ref in refs)
    waiting = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert waiting["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "11"
    assert read("m", Recheck(refs[0], NOW).body()).refs == {refs[0]}
