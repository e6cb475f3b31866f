"""EC2 and Route 53 through boto3, against the strict emulator."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.errors import BadSettings, Refused, TryAgain
from chalicelib.names import job
from chalicelib.names.aws import Ec2Instances, Route53Zone
from chalicelib.names.batches import TokenBucket
from chalicelib.names.model import Place, RecordSet, Ref, View
from chalicelib.names.plan import plan
from localcloud.aws_server import AwsServer
from tests.names.fakes import OWNER, RULES, FakeEc2, cname, fleet, instance


class Turns:
    """Turns in a row, as a lease gives them when nobody else wants it."""

    def __init__(self) -> None:
        self.number = 0

    @contextmanager
    def __call__(self) -> Iterator["Turns"]:
        self.number += 1
        yield self

    def check(self) -> None:
        """Never too late."""


@pytest.fixture
def zone_id(aws: AwsServer) -> str:
    answer = aws.client("route53").create_hosted_zone(Name="example.com", CallerReference=uuid.uuid4().hex)
    return str(answer["HostedZone"]["Id"].removeprefix("/hostedzone/"))


def hosted(aws: AwsServer, zone_id: str, **options: Any) -> Route53Zone:
    chosen = {"view": View.PUBLIC, "owner": OWNER, "turn": Turns(), **options}
    return Route53Zone(aws.client("route53"), zone_id, **chosen)


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
    ec2, zone = FakeEc2(), hosted(aws, zone_id, turn=turns)
    ec2.put(instance(1, "web"), instance(2, "db"))
    job.follow(ec2, zone, RULES, {Ref(instance(1).place, instance(1).id)})
    before = aws.calls.count("route53:ListResourceRecordSets")
    job.follow(ec2, zone, RULES, {Ref(instance(2).place, instance(2).id)})
    assert aws.calls.count("route53:ListResourceRecordSets") == before
    turns.number += 1  # another writer had a turn in between
    job.follow(ec2, zone, RULES, {Ref(instance(2).place, instance(2).id)})
    assert aws.calls.count("route53:ListResourceRecordSets") == before + 1


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


def test_errors_are_told_apart_by_their_codes():
    class Client:
        def __init__(self, code: str) -> None:
            self.code = code

        def change_resource_record_sets(self, **_: object) -> None:
            raise ClientError({"Error": {"Code": self.code, "Message": "x"}}, "ChangeResourceRecordSets")

    wanted = {
        "InvalidChangeBatch": Refused,
        "InvalidInput": Refused,
        "NoSuchHostedZone": BadSettings,
        "AccessDenied": BadSettings,
        "Throttling": TryAgain,
        "PriorRequestNotComplete": TryAgain,
        "SomethingNew": ClientError,
    }
    for code, error in wanted.items():
        zone = Route53Zone(Client(code), "Z1", View.PUBLIC, OWNER, Turns())  # type: ignore[arg-type]
        with pytest.raises(error):
            zone.apply(Turns(), [])


def test_the_local_buckets_are_asked_before_each_request(aws: AwsServer, zone_id: str):
    class Bucket(TokenBucket):
        taken = 0.0

        def take(self, tokens: float) -> None:
            self.taken += tokens

    requests, tokens = Bucket(1, 1), Bucket(1, 1)
    zone = hosted(aws, zone_id, requests=requests, tokens=tokens)
    ec2 = FakeEc2()
    ec2.put(instance(1, "web"))
    job.sweep(ec2, zone, RULES)
    assert (requests.taken, tokens.taken) == (2, 3)  # one page and one batch; two names and their mark


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
    before = aws.calls.count("ec2:DescribeInstances")
    seen = instances(aws, "ap-south-1").some({Ref(place, id_) for id_ in ids})
    assert aws.calls.count("ec2:DescribeInstances") - before == 1
    assert set(seen.instances) == set(ids)
    assert all(i.is_up and i.public_dns and i.tag == "web" for i in seen.instances.values())


def test_in_a_storm_the_whole_place_is_read(aws: AwsServer):
    ids = launch(aws, 250, "ap-south-2")
    place = Place(aws.account_id, "ap-south-2")
    before = aws.calls.count("ec2:DescribeInstances")
    seen = instances(aws, "ap-south-2").some({Ref(place, id_) for id_ in ids[:201]})
    assert aws.calls.count("ec2:DescribeInstances") - before == 1
    assert set(seen.instances) == set(ids)
    assert seen.whole == {place}
    assert not seen.is_everything


def test_an_unknown_instance_is_missing_from_what_was_asked_for(aws: AwsServer):
    ref = Ref(Place(aws.account_id, "us-east-1"), "i-0123456789abcdef0")
    seen = instances(aws, "us-east-1").some({ref})
    assert ref.id not in seen.instances
    assert seen.covers(ref)


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
