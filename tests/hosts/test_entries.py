"""What the inventory says becomes entries: sorted, each once, and nothing that must not be in a hosts file."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.hosts.entries import address_of, next_end, view_entries
from chalicelib.hosts.model import Entry
from chalicelib.inventory.model import Claim, Header, Held, Name, Snapshot, View
from tests.hosts.fakes import DOMAINS, NOW, claimed, held


def known(*names: Name) -> Snapshot:
    return Snapshot(Header(1, DOMAINS), {name.label: name for name in names})


def private(*names: Name, now: float = NOW) -> list[tuple[str, str]]:
    found, _ = view_entries(known(*names), View.PRIVATE, now)
    return [(entry.address, entry.name) for entry in found]


def test_the_order_is_that_of_names_then_addresses_whatever_came_first():
    names = [
        Name("web", {View.PRIVATE: Held("i-1", ("fd00::1", "10.0.0.10", "10.0.0.9"))}),
        held("db", "10.0.0.2"),
        claimed("api"),
    ]
    expected = [
        ("10.9.9.9", "api.fleet.example"),
        ("10.0.0.2", "db.fleet.example"),
        ("10.0.0.9", "web.fleet.example"),
        ("10.0.0.10", "web.fleet.example"),
        ("fd00::1", "web.fleet.example"),
    ]
    assert all(private(*order) == expected for order in permutations(names))


def test_the_same_address_spelled_twice_is_there_once():
    name = Name("web", {View.PRIVATE: Held("i-1", ("fd00::1", "FD00:0::1", "fd00::1"))})
    assert private(name) == [("fd00::1", "web.fleet.example")]


def test_a_view_shows_its_own_side_only():
    name = Name("web", {View.PRIVATE: Held("i-1", ("10.0.0.1",)), View.PUBLIC: Held("i-1", ("203.0.113.1",))})
    assert private(name) == [("10.0.0.1", "web.fleet.example")]
    assert view_entries(known(name), View.PUBLIC, NOW)[0] == [Entry("203.0.113.1", "web.fleet.example", "i-1")]


def test_a_claim_is_there_until_its_lease_ends():
    assert private(claimed("api", left=1)) == [("10.9.9.9", "api.fleet.example")]
    assert private(claimed("api", left=0)) == []


def test_an_instance_comes_before_a_claim_on_every_side():
    claim = Claim("token", "", {View.PRIVATE: "10.9.9.9"}, 300, NOW + 300)
    name = Name("web", {View.PUBLIC: Held("i-1", ("203.0.113.1",))}, claim)
    assert private(name) == []
    assert next_end(known(name), NOW) == float("inf")


def test_the_next_end_is_that_of_the_first_live_lease():
    assert next_end(known(claimed("a", left=-5), claimed("b", left=60), claimed("c", left=30)), NOW) == NOW + 30
    assert next_end(known(held("web")), NOW) == float("inf")


UNFIT = [
    "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "169.254.169.254", "fe80::1", "fe80::1%eth0", "224.0.0.1",  # noqa: S104
    "ff02::1", "255.255.255.255", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "10.0.0.1 evil", "10.0.0.1\n127.0.0.1 evil",
    "10.0.0", "010.0.0.1", "", "localhost", "1", "٣.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("text", UNFIT)
def test_an_address_that_no_machine_may_be_reached_at_is_left_out_and_told(text: str):
    found, left_out = view_entries(known(held("web", text), held("db", "10.0.0.2")), View.PRIVATE, NOW)
    assert [entry.name for entry in found] == ["db.fleet.example"]
    assert len(left_out) == 1
    assert left_out[0].startswith(ascii(text))


@pytest.mark.parametrize("label", ["evil localhost", "a\nb", "a.b", "*", "_x", "-a", "A", "x" * 64, "", "ünter"])
def test_a_label_that_is_none_is_left_out_and_told(label: str):
    found, left_out = view_entries(known(Name(label, held("x").held), held("db")), View.PRIVATE, NOW)
    assert [entry.name for entry in found] == ["db.fleet.example"]
    assert left_out == [f"{label!a} is not a name"]


@given(st.text(max_size=40))
def test_an_address_is_either_refused_or_a_plain_address(text: str):
    if address := address_of(text):
        assert address_of(address.compressed) == address
        assert not set(address.compressed) - set("0123456789abcdef.:")
