"""https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html"""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, client, refusal
from localcloud.tests.zones import Zone, change

A = "192.0.2.1"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def aws(clock: Clock) -> Iterator[AwsServer]:
    with AwsServer(clock=clock) as server:
        yield server


@pytest.fixture
def zone(aws: AwsServer) -> Zone:
    zone = Zone(aws)
    aws.throttle_route53(True)
    return zone


def creates(count: int, prefix: str = "n") -> list[Json]:
    return [change("CREATE", f"{prefix}{number}.ex.test", "A", A) for number in range(count)]


def listing(zone: Zone) -> Json:
    return refusal(zone.route53.list_resource_record_sets, HostedZoneId=zone.id)


def test_nothing_is_throttled_unless_asked_for(aws: AwsServer) -> None:
    zone = Zone(aws)
    for _ in range(60):
        zone.route53.list_resource_record_sets(HostedZoneId=zone.id)


def test_fifty_requests_may_burst_and_ten_a_second_may_follow(zone: Zone, clock: Clock) -> None:
    for _ in range(50):
        zone.route53.list_resource_record_sets(HostedZoneId=zone.id)
    error = listing(zone)
    assert (error["Code"], error["Message"]) == ("Throttling", "Rate exceeded")
    clock.now += 0.1
    zone.route53.list_resource_record_sets(HostedZoneId=zone.id)
    assert listing(zone)["Code"] == "Throttling"


def test_a_throttled_request_is_http_400(zone: Zone) -> None:
    for _ in range(50):
        zone.route53.get_hosted_zone(Id=zone.id)
    with pytest.raises(ClientError) as error:
        zone.route53.get_hosted_zone(Id=zone.id)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_requests_of_all_actions_share_the_accounts_bucket(zone: Zone) -> None:
    for _ in range(25):
        zone.route53.list_resource_record_sets(HostedZoneId=zone.id)
        zone.route53.get_hosted_zone(Id=zone.id)
    assert refusal(zone.route53.list_hosted_zones)["Code"] == "Throttling"


def test_an_action_has_a_bucket_of_its_own(zone: Zone, aws: AwsServer) -> None:
    for number in range(40):
        zone.route53.create_hosted_zone(Name="x.test", CallerReference=str(number))
    error = refusal(zone.route53.create_hosted_zone, Name="x.test", CallerReference="more")
    assert error["Code"] == "Throttling"
    zone.route53.list_hosted_zones()


def test_other_accounts_are_not_concerned(zone: Zone, aws: AwsServer) -> None:
    for _ in range(50):
        zone.route53.list_resource_record_sets(HostedZoneId=zone.id)
    assert listing(zone)["Code"] == "Throttling"
    assert aws.client("route53", account="999999999999").list_hosted_zones()["HostedZones"] == []


def test_change_tokens_run_out_after_1500_and_come_back_100_a_second(zone: Zone, clock: Clock) -> None:
    zone.send(*creates(1000))
    zone.send(*creates(500, "m"))
    batch = {"Changes": creates(100, "o")}
    call = zone.route53.change_resource_record_sets
    assert refusal(call, HostedZoneId=zone.id, ChangeBatch=batch)["Code"] == "Throttling"
    clock.now += 0.99
    assert refusal(call, HostedZoneId=zone.id, ChangeBatch=batch)["Code"] == "Throttling"
    clock.now += 0.01
    call(HostedZoneId=zone.id, ChangeBatch=batch)


def test_an_upsert_costs_two_tokens(zone: Zone) -> None:
    upserts = [change("UPSERT", f"n{number}.ex.test", "A", A) for number in range(500)]
    zone.send(*upserts)
    batch = {"Changes": upserts[:251]}
    error = refusal(zone.route53.change_resource_record_sets, HostedZoneId=zone.id, ChangeBatch=batch)
    assert error["Code"] == "Throttling"
    zone.send(*upserts[:250])


def test_a_rejected_or_throttled_batch_costs_no_change_token(zone: Zone, aws: AwsServer) -> None:
    zone.send(*creates(1000))
    spent = aws.route53_tokens
    assert zone.faults(*creates(400))
    batch = {"Changes": creates(501, "m")}
    error = refusal(zone.route53.change_resource_record_sets, HostedZoneId=zone.id, ChangeBatch=batch)
    assert error["Code"] == "Throttling"
    assert aws.route53_tokens == spent
    zone.send(*creates(500, "m"))


def test_a_batch_on_a_zone_that_is_still_busy_is_refused_and_changes_nothing(
    zone: Zone, aws: AwsServer, clock: Clock
) -> None:
    aws.route53_throttle.seconds_per_batch = 2
    other = Zone(aws, "other.test")
    zone.send(*creates(1))
    batch = {"Changes": creates(1, "m")}
    error = refusal(zone.route53.change_resource_record_sets, HostedZoneId=zone.id, ChangeBatch=batch)
    assert error["Code"] == "PriorRequestNotComplete"
    assert error["Message"] == "The request was rejected because Route 53 was still processing a prior request."
    other.send(change("CREATE", "x.other.test", "A", A))
    assert zone.values() == {("n0.ex.test.", "A"): [A]}
    clock.now += 2
    zone.send(*creates(1, "m"))


def test_a_zone_stays_busy_only_with_what_was_accepted(zone: Zone, aws: AwsServer) -> None:
    aws.route53_throttle.seconds_per_batch = 2
    assert zone.faults(change("DELETE", "x.ex.test", "A", A))
    zone.send(*creates(1))


def test_reading_goes_on_while_a_zone_is_busy(zone: Zone, aws: AwsServer) -> None:
    aws.route53_throttle.seconds_per_batch = 2
    zone.send(*creates(1))
    assert zone.values() == {("n0.ex.test.", "A"): [A]}
    assert client(aws, "route53").get_hosted_zone(Id=zone.id)
