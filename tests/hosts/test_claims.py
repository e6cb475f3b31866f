"""Claims: what a request must say, and who gets a name."""

import json
from dataclasses import replace

import pytest

from chalicelib.errors import BadRequest, Conflict, Forbidden, NotFound, TryAgain
from chalicelib.hosts import claim_requests, claims
from chalicelib.hosts.claim_service import ClaimService
from chalicelib.hosts.claims import Change, Renew, Take
from chalicelib.inventory.model import Claim, Name, View
from tests.hosts.fakes import NOW, FakeInventory, claimed, held, request

MINE = Claim("token", "", {View.PRIVATE: "10.9.9.9"}, 300, NOW + 300)
FORCE = ("claims:write:*", "claims:force")


def body(**said: object) -> bytes:
    return json.dumps({"private": "10.9.9.9", **said}).encode()


def claim_service(*names: Name) -> tuple[ClaimService, FakeInventory, list[str]]:
    inventory, announced = FakeInventory(), []
    inventory.put(*names)
    return ClaimService(inventory, frozenset({"www"}), lambda: announced.append("changed")), inventory, announced


def decided(name: Name, asked: Claim, *, force: bool = False) -> str:
    try:
        change = claims.decide(name, asked, NOW, force=force)
    except Conflict as reason:
        return str(reason)
    return {Take: "take", Change: "change", Renew: "renew"}[type(change)]


BY_FORCE = '"force" takes it, with the scope claims:force'
OTHER = replace(MINE, token="other")
MATE = replace(MINE, holder="host-2")


@pytest.mark.parametrize(
    ("name", "asked", "force", "expected"),
    [
        pytest.param(Name("web"), MINE, False, "take", id="a free name is taken"),
        pytest.param(Name("web", {}, MINE), replace(MINE, until=NOW + 400), False, "renew", id="its holder renews"),
        pytest.param(
            Name("web", {}, MINE),
            replace(MINE, addresses={View.PRIVATE: "10.8.8.8"}),
            False,
            "change",
            id="its holder moves it",
        ),
        pytest.param(
            Name("web", {}, MINE), replace(MINE, lease=60, until=NOW + 60), False, "change", id="its holder shortens it"
        ),
        pytest.param(
            Name("web", {}, MINE),
            OTHER,
            False,
            f"web is claimed by token token until 2027-01-15T08:05:00Z; {BY_FORCE}",
            id="a live lease is not stolen",
        ),
        pytest.param(Name("web", {}, MINE), OTHER, True, "take", id="unless by force"),
        pytest.param(
            Name("web", {}, replace(MATE, until=NOW + 1)),
            MINE,
            False,
            f"web is claimed by token token as host-2 until 2027-01-15T08:00:01Z; {BY_FORCE}",
            id="nor by another holder with the same token",
        ),
        pytest.param(Name("web", {}, replace(OTHER, until=NOW)), MINE, False, "take", id="an ended lease is free"),
        pytest.param(
            Name("web", {}, replace(MINE, until=NOW)),
            MINE,
            False,
            "take",
            id="one's own ended lease is taken anew",
        ),
        pytest.param(held("web"), MINE, True, "web is the name of the EC2 instance i-1", id="EC2's name is not taken"),
        pytest.param(
            replace(held("web"), claim=MINE),
            MINE,
            False,
            "web is the name of the EC2 instance i-1",
            id="nor renewed once EC2 has taken it over",
        ),
    ],
)
def test_who_gets_a_name(name, asked, force, expected):
    assert decided(name, asked, force=force) == expected


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", "name an address"),
        (body(private=None), "name an address"),
        (body(private="nowhere"), '"private" must be "observed" or an IPv4 or IPv6 address'),
        (body(private="10.0.0.1\n127.0.0.1 evil"), '"private" must be'),
        (body(private=167772161), '"private" must be'),
        (body(public="127.0.0.1"), '"public" must be'),
        (body(lease=29), '"lease" must be a whole number of seconds from 30 to 86400'),
        (body(lease=86_401), '"lease"'),
        (body(lease="300"), '"lease"'),
        (body(lease=True), '"lease"'),
        (body(lease=30.5), '"lease"'),
        (body(lease=None), '"lease"'),
        (body(holder="a b"), '"holder"'),
        (body(holder="x" * 65), '"holder"'),
        (body(holder=7), '"holder"'),
        (body(force="yes"), '"force" must be true or false'),
        (body(until=5), "there is no field 'until'"),
        (json.dumps({"private": "observed"}).encode(), "observed as 127.0.0.1"),
    ],
)
def test_a_request_that_cannot_be_used_is_told_why(said, reason):
    with pytest.raises(BadRequest, match=reason):
        claim_requests.read(said, "token", "127.0.0.1", NOW)


def test_a_request_says_its_lease_or_gets_five_minutes():
    assert claim_requests.read(body(), "token", "", NOW).claim == MINE
    assert claim_requests.read(body(lease=30), "token", "", NOW).claim.until == NOW + 30
    assert claim_requests.read(body(lease=30.0), "token", "", NOW).claim.lease == 30


def test_observed_is_the_address_that_the_request_came_from():
    asked = claim_requests.read(json.dumps({"public": "observed"}).encode(), "token", "203.0.113.50", NOW)
    assert asked.claim.addresses == {View.PUBLIC: "203.0.113.50"}


@pytest.mark.parametrize("text", ["a b", "a.b", "*", "_x", "", "x" * 64, "i-0123", "www", "ünter", "a%20b", "a\n"])
def test_a_name_that_cannot_be_claimed_is_told_why(text: str):
    service, inventory, _ = claim_service()
    with pytest.raises(BadRequest, match="cannot be claimed"):
        service.put(request(body()), text, NOW)
    assert inventory.names == {}


def test_a_claim_is_taken_renewed_and_given_up():
    service, _inventory, announced = claim_service()
    taken = service.put(request(body(holder="host-1")), "API", NOW)
    assert (taken.status, announced) == (201, ["changed"])
    said = json.loads(taken.body)
    assert said == {
        "name": "api", "fqdn": {"private": "api.fleet.example"}, "private": "10.9.9.9", "public": None,
        "holder": "host-1", "token": "token", "lease": 300, "until": "2027-01-15T08:05:00Z",
    }  # fmt: skip
    renewed = service.put(request(body(holder="host-1")), "api", NOW + 100)
    assert (renewed.status, json.loads(renewed.body)["until"]) == (200, "2027-01-15T08:06:40Z")
    assert announced == ["changed"], "a renewal is no news"
    assert json.loads(service.get(request(), "api", NOW).body)["holder"] == "host-1"
    assert service.delete(request(query={"holder": "host-1"}), "api", NOW).status == 204
    assert announced == ["changed", "changed"]
    with pytest.raises(NotFound):
        service.get(request(), "api", NOW)


def test_a_token_claims_only_names_that_its_pattern_covers():
    service, _inventory, _ = claim_service(claimed("db"))
    narrow = ("claims:write:web-*",)
    with pytest.raises(Forbidden, match="claims:write:db"):
        service.put(request(body(), narrow), "db", NOW)
    with pytest.raises(Forbidden):
        service.get(request(b"", narrow), "db", NOW)
    with pytest.raises(Forbidden):
        service.delete(request(b"", narrow), "db", NOW)
    assert service.put(request(body(), narrow), "web-1", NOW).status == 201
    assert [c["name"] for c in json.loads(service.list(request(b"", narrow), NOW).body)["claims"]] == ["web-1"]


def test_force_needs_its_scope_even_where_it_would_not_be_needed():
    service, _, _ = claim_service()
    with pytest.raises(Forbidden, match="claims:force"):
        service.put(request(body(force=True)), "api", NOW)
    with pytest.raises(Forbidden, match="claims:force"):
        service.delete(request(query={"force": "true"}), "api", NOW)


def test_force_takes_and_gives_up_anothers_name():
    service, inventory, _ = claim_service(claimed("api", token="other"))
    with pytest.raises(Conflict):
        service.put(request(body()), "api", NOW)
    with pytest.raises(Conflict):
        service.delete(request(), "api", NOW)
    assert service.put(request(body(force=True), FORCE), "api", NOW).status == 201
    inventory.put(claimed("api", token="other"))
    assert service.delete(request(b"", FORCE, query={"force": "true"}), "api", NOW).status == 204


def test_what_has_ended_cannot_be_seen_nor_given_up():
    service, _, _ = claim_service(claimed("api", left=0))
    for act in (service.get, service.delete):
        with pytest.raises(NotFound, match="nobody claims api"):
            act(request(), "api", NOW)
    assert json.loads(service.list(request(), NOW).body) == {"claims": []}


def test_a_name_that_changes_meanwhile_is_looked_at_again():
    service, inventory, _ = claim_service()
    inventory.meanwhile.append(claimed("api", token="other"))
    with pytest.raises(Conflict, match="token other"):
        service.put(request(body()), "api", NOW)


def test_a_name_that_changes_all_the_time_is_for_later():
    service, inventory, _ = claim_service()
    inventory.meanwhile += [claimed("api", left=-n) for n in range(10)]
    with pytest.raises(TryAgain, match="at this moment"):
        service.put(request(body()), "api", NOW)


def test_a_token_holds_a_thousand_names_and_no_more():
    service, inventory, _ = claim_service(*(claimed(f"n{n}") for n in range(1000)))
    with pytest.raises(Conflict, match="token token claims 1000 names already"):
        service.put(request(body()), "one-more", NOW)
    assert service.put(request(body()), "n7", NOW).status == 200
    assert service.put(request(body(), token="other"), "one-more", NOW).status == 201
    inventory.put(claimed("n7", left=0))
    assert service.put(request(body()), "another", NOW).status == 201


def test_a_flag_in_the_query_is_true_or_false():
    service, _, _ = claim_service(claimed("api"))
    with pytest.raises(BadRequest, match='"force"'):
        service.delete(request(b"", FORCE, query={"force": "1"}), "api", NOW)
