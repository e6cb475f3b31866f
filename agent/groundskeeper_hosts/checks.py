"""What the agent will believe of one line: an address that may be somebody's, and a name inside the allowed domains."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Union

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

_NOBODYS = [
    (ipaddress.ip_network(network), what)
    for network, what in [
        ("0.0.0.0/8", "unspecified"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("::/96", "loopback, unspecified or IPv4-compatible"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
    ]
]
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE | re.ASCII)  # not ASCII alone: K (kelvin) is a k


def address_fault(text: str) -> str | None:
    """Say why this address is not installed, or return None."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "not an IP address"
    # Older Pythons read 010.0.0.1, which libc takes for 8.0.0.1; a scope (%eth0) means something on one machine only.
    if (address.version == 4 and str(address) != text) or "%" in text:
        return "not a plain IP address"
    mapped: Address | None = getattr(address, "ipv4_mapped", None)
    return _nobodys(mapped or address)


def _nobodys(address: Address) -> str | None:
    return next((f"a {what} address" for network, what in _NOBODYS if address in network), None)


def name_fault(name: str, suffixes: Iterable[str]) -> str | None:
    """Say why this name is not installed (RFC 1123, 253 characters, below an allowed suffix), or return None."""
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return "not a host name"
    if "localhost" in map(str.lower, labels):
        return "localhost is the machine itself"
    if not any(name.lower().endswith(f".{suffix}") for suffix in suffixes):
        return f"not below {' or '.join(suffixes)}"
    return None


def suffix_fault(suffix: str) -> str | None:
    """Say why this cannot be an allowed suffix, or return None."""
    if len(suffix) > 250 or not all(_LABEL.fullmatch(label) for label in suffix.split(".")):
        return "not a domain name"
    return None


def own_names() -> frozenset[str]:
    """Return this machine's host name and its fully qualified name, in lower case.

    The canonical name counts only if it begins with the host name: a CNAME may lead to somebody else's.
    """
    host = socket.gethostname().lower().rstrip(".")
    try:
        found = socket.getaddrinfo(host, None, flags=socket.AI_CANONNAME)
    except (OSError, UnicodeError):
        found = []
    full = {canonical.lower().rstrip(".") for _, _, _, canonical, _ in found if canonical}
    return frozenset({host} | {name for name in full if name.split(".")[0] == host.split(".")[0]})
