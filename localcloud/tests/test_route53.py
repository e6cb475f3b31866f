"""The words are AWS's where a source is known: messages quoted in public issues of external-dns, octodns, cli53 and
Terraform's AWS provider; https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html."""

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, refusal
from localcloud.tests.zones import Zone, change

A, OTHER_A = "192.0.2.1", "192.0.2.2"
FATAL = "FATAL problem: "
BAD_VALUE = "Invalid Resource Record: FATAL problem: "
UNQUOTED = BAD_VALUE + "InvalidCharacterString (Value should be enclosed in quotation marks) encountered with '{}'"
LABEL = "a" * 63


@pytest.fixture
def zone(aws: AwsServer) -> Zone:
    zone = Zone(aws)
    zone.send(
        change("CREATE", "a.ex.test", "A", A, OTHER_A),
        change("CREATE", "c.ex.test", "CNAME", "target.test"),
    )
    return zone


REJECTED = {
    "deleting what is not there": (
        [change("DELETE", "x.ex.test", "A", A)],
        ["Tried to delete resource record set [name='x.ex.test.', type='A'] but it was not found"],
    ),
    "deleting with another TTL": (
        [change("DELETE", "a.ex.test", "A", A, OTHER_A, ttl=61)],
        [
            (
                "Tried to delete resource record set [name='a.ex.test.', type='A'] "
                "but the values provided do not match the current values"
            )
        ],
    ),
    "deleting with some of the values": (
        [change("DELETE", "a.ex.test", "A", A)],
        [
            (
                "Tried to delete resource record set [name='a.ex.test.', type='A'] "
                "but the values provided do not match the current values"
            )
        ],
    ),
    "creating what exists": (
        [change("CREATE", "A.EX.test.", "A", A)],
        ["Tried to create resource record set [name='a.ex.test.', type='A'] but it already exists"],
    ),
    "creating the same twice in a batch": (
        [change("CREATE", "x.ex.test", "A", A), change("CREATE", "x.ex.test", "A", A)],
        ["The request contains an invalid set of changes for a resource record set 'A x.ex.test.'"],
    ),
    "deleting the same twice in a batch": (
        [change("DELETE", "c.ex.test", "CNAME", "target.test")] * 2,
        ["The request contains an invalid set of changes for a resource record set 'CNAME c.ex.test.'"],
    ),
    "a CNAME at the apex": (
        [change("CREATE", "ex.test", "CNAME", "x.test")],
        ["RRSet of type CNAME with DNS name ex.test. is not permitted at apex in zone ex.test."],
    ),
    "an A beside a CNAME": (
        [change("CREATE", "c.ex.test", "A", A)],
        [
            (
                "RRSet of type A with DNS name c.ex.test. is not permitted because a conflicting RRSet "
                "of type  CNAME with the same DNS name already exists in zone ex.test."
            )
        ],
    ),
    "a CNAME beside an A": (
        [change("UPSERT", "a.ex.test", "CNAME", "x.test")],
        [
            (
                "RRSet of type CNAME with DNS name a.ex.test. is not permitted as it conflicts "
                "with other records with the same DNS name in zone ex.test."
            )
        ],
    ),
    "a CNAME beside a TXT of the same batch": (
        [change("CREATE", "x.ex.test", "TXT", '"x"'), change("CREATE", "x.ex.test", "CNAME", "x.test")],
        [
            (
                "RRSet of type CNAME with DNS name x.ex.test. is not permitted as it conflicts "
                "with other records with the same DNS name in zone ex.test."
            )
        ],
    ),
    "a name outside of the zone": (
        [change("CREATE", "evilex.test", "A", A)],
        ["RRSet with DNS name evilex.test. is not permitted in zone ex.test."],
    ),
    "a parent of the zone": (
        [change("CREATE", "test", "A", A)],
        ["RRSet with DNS name test. is not permitted in zone ex.test."],
    ),
    "an empty label": (
        [change("CREATE", "x..ex.test", "A", A)],
        [f"{FATAL}DomainLabelEmpty (Domain label is empty) encountered with 'x..ex.test'"],
    ),
    "a label of 64 bytes": (
        [change("CREATE", f"{LABEL}a.ex.test", "A", A)],
        [f"{FATAL}DomainLabelTooLong (Domain label is too long) encountered with '{LABEL}a'"],
    ),
    "a name of 256 bytes": (
        [change("CREATE", f"{LABEL}.{LABEL}.{LABEL}.{'a' * 54}.ex.test", "A", A)],
        [
            (
                f"{FATAL}DomainNameTooLong (Domain name is too long) "
                f"encountered with '{LABEL}.{LABEL}.{LABEL}.{'a' * 54}.ex.test'"
            )
        ],
    ),
    "a space and a letter beyond ASCII in a name": (
        [change("CREATE", "a bü.ex.test", "A", A)],
        [
            f"{FATAL}UnsupportedCharacter (Value contains unsupported characters) encountered with '{character}'"
            for character in " ü"
        ],
    ),
    "an A that is no address": (
        [change("CREATE", "x.ex.test", "A", "not-an-ip")],
        [f"{BAD_VALUE}ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with 'not-an-ip'"],
    ),
    "two addresses in one value": (
        [change("CREATE", "x.ex.test", "A", f"{A}, {A}")],
        [f"{BAD_VALUE}ARRDATANotSingleField (Value contains spaces) encountered with '{A}, {A}'"],
    ),
    "an AAAA that is an IPv4 address": (
        [change("CREATE", "x.ex.test", "AAAA", A)],
        [f"{BAD_VALUE}AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address) encountered with '{A}'"],
    ),
    "a text without quotes": (
        [change("CREATE", "x.ex.test", "TXT", "hello")],
        [UNQUOTED.format("hello")],
    ),
    "a text with quotes twice": (
        [change("CREATE", "x.ex.test", "TXT", '""hello""')],
        [UNQUOTED.format('""hello""')],
    ),
    "a string of 256 characters": (
        [change("CREATE", "x.ex.test", "TXT", f'"{"x" * 256}"')],
        [f"{BAD_VALUE}CharacterStringTooLong (Value is too long) encountered with '\"{'x' * 256}\"'"],
    ),
    "a CNAME to nowhere": (
        [change("CREATE", "x.ex.test", "CNAME", "a..b")],
        [f"{BAD_VALUE}DomainLabelEmpty (Domain label is empty) encountered with 'a..b'"],
    ),
    "the same value twice": (
        [change("CREATE", "x.ex.test", "A", A, A)],
        [f"Duplicate Resource Record: '{A}'"],
    ),
    "a CNAME with two values": (
        [change("CREATE", "x.ex.test", "CNAME", "a.test", "b.test")],
        ["RRSet of type CNAME with DNS name x.ex.test. can contain only one record."],
    ),
    "101 values": (
        [change("CREATE", "x.ex.test", "A", *(f"192.0.2.{number}" for number in range(101)))],
        ["Cannot have more than 100 records in a RRSet."],
    ),
    "1,001 records": (
        [change("CREATE", f"n{number}.ex.test", "A", A) for number in range(1001)],
        ["Number of records limit of 1000 exceeded."],
    ),
    "501 upserts": (
        [change("UPSERT", f"n{number}.ex.test", "A", A) for number in range(501)],
        ["Number of records limit of 1000 exceeded."],
    ),
    "32,001 characters": (
        [
            change("CREATE", f"n{number}.ex.test", "CNAME", f"{LABEL}.{LABEL}.{LABEL}.{LABEL[:8]}")
            for number in range(160)
        ]
        + [change("CREATE", "n.ex.test", "CNAME", "x")],
        ["RDATA character limit of 32000 exceeded."],
    ),
    "16,001 characters of upserts": (
        [
            change("UPSERT", f"n{number}.ex.test", "CNAME", f"{LABEL}.{LABEL}.{LABEL}.{LABEL[:8]}")
            for number in range(80)
        ]
        + [change("UPSERT", "n.ex.test", "CNAME", "x")],
        ["RDATA character limit of 32000 exceeded."],
    ),
}


@pytest.mark.parametrize(("changes", "faults"), REJECTED.values(), ids=REJECTED.keys())
def test_a_batch_is_rejected_in_awss_words_and_changes_nothing(
    zone: Zone, changes: list[Json], faults: list[str]
) -> None:
    before = zone.listed()
    assert zone.faults(change("CREATE", "good.ex.test", "A", A), *changes) == faults
    assert zone.listed() == before


ACCEPTED = {
    "names in any case, with or without the last dot": (
        [change("CREATE", "X.Ex.Test.", "A", A)],
        {("x.ex.test.", "A"): [A]},
    ),
    "a wildcard, sent as a star": ([change("CREATE", "*.ex.test", "A", A)], {("\\052.ex.test.", "A"): [A]}),
    "a wildcard, sent in octal": ([change("CREATE", "\\052.ex.test", "A", A)], {("\\052.ex.test.", "A"): [A]}),
    "an underscore stays": ([change("CREATE", "_x.ex.test", "TXT", '"x"')], {("_x.ex.test.", "TXT"): ['"x"']}),
    "an upper-case letter in octal": ([change("UPSERT", "\\101.ex.test", "A", A)], {("a.ex.test.", "A"): [A]}),
    "unusual characters come back in octal": (
        [change("CREATE", "a@b\\040c\\056.ex.test", "A", A)],
        {("a\\100b\\040c\\056.ex.test.", "A"): [A]},
    ),
    "a label of 63 bytes": ([change("CREATE", f"{LABEL}.ex.test", "A", A)], {(f"{LABEL}.ex.test.", "A"): [A]}),
    "a record at the apex": ([change("CREATE", "ex.test", "A", A)], {("ex.test.", "A"): [A]}),
    "long text in several strings": (
        [change("CREATE", "x.ex.test", "TXT", f'"{"x" * 255}" "{"y" * 255}"')],
        {("x.ex.test.", "TXT"): [f'"{"x" * 255}" "{"y" * 255}"']},
    ),
    "quotes within a text": (
        [change("CREATE", "x.ex.test", "TXT", r'"a \"b\" c"')],
        {("x.ex.test.", "TXT"): [r'"a \"b\" c"']},
    ),
    "replacing: a delete, then a create": (
        [change("DELETE", "a.ex.test", "A", OTHER_A, A), change("CREATE", "a.ex.test", "A", "192.0.2.3")],
        {("a.ex.test.", "A"): ["192.0.2.3"]},
    ),
    "a CNAME in place of an A": (
        [change("DELETE", "a.ex.test", "A", A, OTHER_A), change("CREATE", "a.ex.test", "CNAME", "x.test")],
        {("a.ex.test.", "CNAME"): ["x.test"]},
    ),
    "an upsert of what exists": (
        [change("UPSERT", "a.ex.test", "A", "192.0.2.3", ttl=0)],
        {("a.ex.test.", "A"): ["192.0.2.3"]},
    ),
    "exactly 1,000 records": (
        [change("CREATE", f"n{number}.ex.test", "A", A) for number in range(1000)],
        {("n0.ex.test.", "A"): [A], ("n999.ex.test.", "A"): [A]},
    ),
}


@pytest.mark.parametrize(("changes", "expected"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_batch_is_accepted_and_shows_in_the_list(
    zone: Zone, changes: list[Json], expected: dict[tuple[str, str], list[str]]
) -> None:
    assert zone.faults(*changes) == []
    assert zone.values().items() >= expected.items()


def test_every_fault_of_a_batch_is_reported_at_once(zone: Zone) -> None:
    faults = zone.faults(
        change("CREATE", "a.ex.test", "A", A),
        change("CREATE", "fine.ex.test", "A", A),
        change("CREATE", "x..ex.test", "A", A),
        change("DELETE", "gone.ex.test", "A", A),
    )
    assert faults == [
        "Tried to create resource record set [name='a.ex.test.', type='A'] but it already exists",
        f"{FATAL}DomainLabelEmpty (Domain label is empty) encountered with 'x..ex.test'",
        "Tried to delete resource record set [name='gone.ex.test.', type='A'] but it was not found",
    ]


def test_record_sets_with_set_identifiers_live_side_by_side(zone: Zone) -> None:
    first: Json = {"SetIdentifier": "one", "Weight": 10}
    second: Json = {"SetIdentifier": "two", "Weight": 20}
    zone.send(change("CREATE", "w.ex.test", "A", A, **first), change("CREATE", "w.ex.test", "A", OTHER_A, **second))
    weighted = [record for record in zone.listed() if record["Name"] == "w.ex.test."]
    assert [(record["SetIdentifier"], record["Weight"]) for record in weighted] == [("one", 10), ("two", 20)]
    again = zone.faults(change("CREATE", "w.ex.test", "A", A, **first))
    assert again == [
        "Tried to create resource record set [name='w.ex.test.', type='A', set-identifier='one'] but it already exists"
    ]
    zone.send(change("DELETE", "w.ex.test", "A", A, **first))
    assert [record["SetIdentifier"] for record in zone.listed() if record["Name"] == "w.ex.test."] == ["two"]


def test_an_alias_is_kept_and_must_be_repeated_to_be_deleted(zone: Zone) -> None:
    alias = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d1.cloudfront.net.", "EvaluateTargetHealth": False}
    record = {"Name": "alias.ex.test", "Type": "A", "AliasTarget": alias}
    zone.send({"Action": "CREATE", "ResourceRecordSet": record})
    assert next(each for each in zone.listed() if each["Name"] == "alias.ex.test.")["AliasTarget"] == alias
    other = {**record, "AliasTarget": {**alias, "DNSName": "d2.cloudfront.net."}}
    assert "do not match" in zone.faults({"Action": "DELETE", "ResourceRecordSet": other})[0]
    zone.send({"Action": "DELETE", "ResourceRecordSet": record})


def test_the_zones_own_ns_and_soa_stay(zone: Zone) -> None:
    kept = [record for record in zone.listed() if record["Name"] == "ex.test."]
    assert [record["Type"] for record in kept] == ["NS", "SOA"]
    assert zone.faults(*({"Action": "DELETE", "ResourceRecordSet": record} for record in kept)) == [
        "A HostedZone must contain exactly one SOA record.",
        "A HostedZone must contain at least one NS record for the zone itself.",
    ]


@pytest.mark.parametrize(
    ("batch", "word"),
    [
        ({"Changes": []}, "Changes"),
        ({"Changes": [change("CREATE", "x.ex.test", "A", A, ttl=2**31)]}, "TTL"),
        ({"Changes": [change("CREATE", "x.ex.test", "A", A)], "Comment": "x" * 257}, "ResourceDescription"),
        ({"Changes": [{"Action": "CREATE", "ResourceRecordSet": {"Name": "x.ex.test", "Type": "A"}}]}, "found none"),
    ],
    ids=["no change", "a TTL above 2,147,483,647", "a comment of 257 characters", "no value"],
)
def test_a_batch_that_is_malformed_is_invalid_input(zone: Zone, batch: Json, word: str) -> None:
    error = refusal(zone.route53.change_resource_record_sets, HostedZoneId=zone.id, ChangeBatch=batch)
    assert (error["Code"], word in error["Message"]) == ("InvalidInput", True)


def test_change_tokens_count_an_upsert_twice_and_a_rejected_batch_not_at_all(aws: AwsServer, zone: Zone) -> None:
    before = aws.route53_tokens
    zone.send(change("CREATE", "x.ex.test", "A", A), change("UPSERT", "y.ex.test", "A", A))
    zone.send(change("DELETE", "x.ex.test", "A", A))
    assert zone.faults(change("CREATE", "y.ex.test", "A", A))
    assert aws.route53_tokens - before == 4
