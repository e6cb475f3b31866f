"""What is believed of a document's lines, and what is not."""

from __future__ import annotations

import socket

import pytest

from groundskeeper_hosts import checks
from groundskeeper_hosts.document import parse
from groundskeeper_hosts.errors import Refused

SUFFIXES = ("fleet.example",)
LONG = ".".join(["a" * 63] * 4)


def lines(text: str) -> str:
    return parse(text.encode(), SUFFIXES, frozenset({"me.fleet.example"})).lines.decode()


def test_comments_and_the_two_localhost_lines_are_dropped_and_the_rest_is_kept_in_order() -> None:
    kept = "10.0.0.5\tb.fleet.example\nfd00::5\ta.fleet.example\n"
    assert lines(f"# é\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n{kept}# end\n") == kept


NOBODYS = """
127.0.0.1 127.9.9.9 0.0.0.0 0.1.2.3 169.254.169.254 224.0.0.1 239.255.255.255 255.255.255.255
::1 :: fe80::1 febf::1 ff02::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:0.0.0.0
010.0.0.1 10.1 0x0a000001 fe80::1%eth0 fd00::1%1 10.0.0.1/32 \uff11\uff10.0.0.1 db
"""


@pytest.mark.parametrize("address", NOBODYS.split())
def test_an_address_that_cannot_be_a_machine_of_the_fleet_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="line 2"):
        lines(f"# x\n{address}\tdb.fleet.example\n")


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "LOCALHOST",
        "localhost.fleet.example",
        "db",
        "fleet.example",
        "a.evilfleet.example",
        "a.fleet.example.evil.test",
        "a.fleet.example.",
        ".fleet.example",
        "a..fleet.example",
        "-a.fleet.example",
        "a-.fleet.example",
        "a_b.fleet.example",
        "*.fleet.example",
        "dé.fleet.example",
        "evil localhost",
        "a.fleet.example localhost",
        "a.fleet.example\tlocalhost",
        "a.fleet.example # x",
        "a.fleet.example\r",
        "a.fleet.example\x0blocalhost",
        "a.fleet.example\x85",
        "a.fleet.example\0",
        "",
        "a" * 64 + ".fleet.example",
        f"{LONG}.fleet.example",
    ],
)
def test_a_name_that_is_not_a_host_name_below_the_suffix_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="line 2"):
        lines(f"10.0.0.1\tok.fleet.example\n10.0.0.2\t{name}\n")


@pytest.mark.parametrize(
    "line", ["10.0.0.1 a.fleet.example", "10.0.0.1", "", " ", "127.0.0.1  localhost", "::1\tlocalhost"]
)
def test_a_line_of_another_shape_is_refused(line: str) -> None:
    with pytest.raises(Refused, match="line 1"):
        lines(line + "\n")


@pytest.mark.parametrize("body", [b"10.0.0.1\ta.fleet.example", b"\xff\n", b"# caf\xe9\n"])
def test_a_body_that_is_cut_or_not_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        parse(body, SUFFIXES, frozenset())


def test_a_name_of_253_characters_is_the_longest() -> None:
    name = ("a" * 63 + ".") * 3 + "a" * (253 - 192 - 14) + ".fleet.example"
    assert len(name) == 253
    assert lines(f"10.0.0.1\t{name}\n")
    with pytest.raises(Refused):
        lines(f"10.0.0.1\ta{name}\n")


def test_a_canonical_name_counts_as_our_own_only_if_it_begins_with_our_host_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Web")
    answers = [(0, 0, 0, "web.fleet.example.", ()), (0, 0, 0, "ec2-1-2-3-4.example.com", ())]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    assert checks.own_names() == {"web", "web.fleet.example"}
