"""What the inventory says now, as entries of one view's documents."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

from chalicelib.hosts.model import Entry
from chalicelib.inventory import dnsname
from chalicelib.inventory.model import Known, Name, View

BROADCAST = IPv4Address("255.255.255.255")


def entries(known: Known, view: View, now: float) -> tuple[list[Entry], list[str]]:
    """Return a view's entries, sorted and each once, and what was left out because it must not be in a hosts file.

    All of it was checked when it came in; what is in the table may still have come by another way.
    """
    domain = known.header.domains[view]
    found: dict[tuple[str, int, int], Entry] = {}
    left_out = []
    for name in known.names.values():
        for holder, text in _addresses(name, view, now):
            if not dnsname.is_label(name.label):
                left_out.append(f"{name.label!a} is not a name")
            elif (address := address_of(text)) is None:
                left_out.append(f"{text!a}, for {name.label}, is not an address that a name may have")
            else:
                key = (name.label, address.version, int(address))
                found[key] = Entry(address.compressed, f"{name.label}.{domain}", holder)
    return [found[key] for key in sorted(found)], left_out


def next_end(known: Known, now: float) -> float:
    """Return when the first live lease ends, in seconds since the epoch; infinity if none does."""
    claims = (name.live_claim(now) for name in known.names.values())
    return min((claim.until for claim in claims if claim), default=float("inf"))


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text says, if it may stand for a machine that others reach."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    plain = getattr(address, "ipv4_mapped", None) or address
    unfit = plain.is_loopback or plain.is_link_local or plain.is_unspecified or plain.is_multicast
    is_broadcast = plain == BROADCAST
    has_zone = getattr(plain, "scope_id", None) is not None
    return None if unfit or is_broadcast or has_zone or plain is not address else address


def _addresses(name: Name, view: View, now: float) -> Iterator[tuple[str, str]]:
    if held := name.held.get(view):
        yield from ((held.instance, address) for address in held.addresses)
    elif (claim := name.live_claim(now)) and view in claim.addresses:
        yield name.label, claim.addresses[view]


def by_address(some: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return the entries of each address, in their order."""
    grouped: dict[str, list[Entry]] = {}
    for entry in some:
        grouped.setdefault(entry.address, []).append(entry)
    return grouped
