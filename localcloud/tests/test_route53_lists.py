"""https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html"""

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, refusal
from localcloud.tests.zones import Zone, change

A, OTHER_A = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def zone(aws: AwsServer) -> Zone:
    zone = Zone(aws)
    zone.send(
        change("CREATE", "a.ex.test", "A", A, OTHER_A),
        change("CREATE", "c.ex.test", "CNAME", "target.test"),
    )
    return zone


CALLS = {
    "change_resource_record_sets": {
        "HostedZoneId": "{id}",
        "ChangeBatch": {"Changes": [change("CREATE", "x.foreign.test", "A", A)]},
    },
    "list_resource_record_sets": {"HostedZoneId": "{id}"},
    "get_hosted_zone": {"Id": "{id}"},
    "delete_hosted_zone": {"Id": "{id}"},
}


@pytest.mark.parametrize(("call", "arguments"), CALLS.items(), ids=CALLS.keys())
def test_a_zone_that_does_not_exist_or_is_anothers_is_not_found(
    aws: AwsServer, zone: Zone, call: str, arguments: Json
) -> None:
    foreign = Zone(aws, "foreign.test", account="999999999999")
    for zone_id in ("Z0000000000000", foreign.id):
        named = {key: zone_id if value == "{id}" else value for key, value in arguments.items()}
        assert refusal(getattr(zone.route53, call), **named)["Code"] == "NoSuchHostedZone"


def test_the_list_is_sorted_by_reversed_labels_then_type_and_turned_by_300s(zone: Zone) -> None:
    zone.send(*(change("CREATE", f"n{number}.ex.test", "A", A) for number in range(700)))
    zone.send(
        change("CREATE", "x.a-b.ex.test", "A", A),
        change("CREATE", "x.a.ex.test", "TXT", '"x"'),
        change("CREATE", "x.a.ex.test", "A", A),
        change("CREATE", "*.a.ex.test", "A", A),
    )
    pages = list(zone.route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone.id))
    assert [len(page["ResourceRecordSets"]) for page in pages] == [300, 300, 108]
    names = [(record["Name"], record["Type"]) for page in pages for record in page["ResourceRecordSets"]]
    assert len(set(names)) == 708
    # "test.ex.a-b." sorts before "test.ex.a.", because "-" comes before "." in ASCII.
    assert names[:9] == [
        ("ex.test.", "NS"),
        ("ex.test.", "SOA"),
        ("x.a-b.ex.test.", "A"),
        ("a.ex.test.", "A"),
        ("\\052.a.ex.test.", "A"),
        ("x.a.ex.test.", "A"),
        ("x.a.ex.test.", "TXT"),
        ("c.ex.test.", "CNAME"),
        ("n0.ex.test.", "A"),
    ]


def test_a_short_page_says_where_the_next_begins_down_to_the_identifier(zone: Zone) -> None:
    weighted = [
        change("CREATE", "w.ex.test", "A", A, SetIdentifier=identifier, Weight=1) for identifier in ("one", "two")
    ]
    zone.send(*weighted)
    page = zone.route53.list_resource_record_sets(HostedZoneId=zone.id, MaxItems="5")
    assert page["IsTruncated"]
    assert page["MaxItems"] == "5"
    cursor = {key.replace("Next", "Start"): page[key] for key in page if key.startswith("Next")}
    assert cursor == {"StartRecordName": "w.ex.test.", "StartRecordType": "A", "StartRecordIdentifier": "two"}
    rest = zone.route53.list_resource_record_sets(HostedZoneId=zone.id, **cursor)
    assert [record["SetIdentifier"] for record in rest["ResourceRecordSets"]] == ["two"]
    assert not rest["IsTruncated"]
    assert "NextRecordName" not in rest


def test_a_list_starts_at_the_first_name_that_is_not_before_the_cursor(zone: Zone) -> None:
    page = zone.route53.list_resource_record_sets(HostedZoneId=zone.id, StartRecordName="B.ex.test", MaxItems="1")
    assert [record["Name"] for record in page["ResourceRecordSets"]] == ["c.ex.test."]
    error = refusal(zone.route53.list_resource_record_sets, HostedZoneId=zone.id, StartRecordType="A")
    assert error["Code"] == "InvalidInput"


def test_the_zone_counts_its_record_sets_and_is_deleted_only_when_it_is_empty(zone: Zone) -> None:
    assert zone.route53.get_hosted_zone(Id=zone.id)["HostedZone"]["ResourceRecordSetCount"] == 4
    assert refusal(zone.route53.delete_hosted_zone, Id=zone.id)["Code"] == "HostedZoneNotEmpty"
    zone.send(change("DELETE", "a.ex.test", "A", A, OTHER_A), change("DELETE", "c.ex.test", "CNAME", "target.test"))
    zone.route53.delete_hosted_zone(Id=zone.id)
    assert refusal(zone.route53.get_hosted_zone, Id=zone.id)["Code"] == "NoSuchHostedZone"


def test_a_change_is_pending_and_then_in_sync(zone: Zone) -> None:
    answer = zone.send(change("CREATE", "x.ex.test", "A", A), comment="why")["ChangeInfo"]
    assert (answer["Status"], answer["Comment"]) == ("PENDING", "why")
    assert zone.route53.get_change(Id=answer["Id"])["ChangeInfo"]["Status"] == "INSYNC"
