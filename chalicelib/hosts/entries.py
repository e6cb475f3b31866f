"""What the inventory says now, as entries of one view's documents."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from chalicelib.hosts.model import Entry
from chalicelib.inventory import dnsname
from chalicelib.inventory.model import Name, Snapshot, View

BROADCAST = IPv4Address("255.255.255.255")
# "This network" (RFC 1122, section 3.2.1.3) and IPv4-compatible addresses (RFC 4291, section 2.5.5.1) lead nowhere.
NOWHERE = (IPv4Network("0.0.0.0/8"), IPv6Network("::/96"))
LONGEST_NAME = 253  # RFC 1035, section 2.3.4, without the root


def view_entries(snapshot: Snapshot, view: View, now: float) -> tuple[list[Entry], list[str]]:
    """Return a view's entries, sorted and each once, and what was left out because it must not be in a hosts file.

    All of it was checked when it came in; what is in the table may still have come by another way. Clients refuse a
    document with one bad line, as a whole.
    """
    domain = snapshot.header.domains[view]
    found: dict[tuple[str, int, int], Entry] = {}
    left_out = []
    for name in snapshot.names.values():
        for instance, text in _addresses(name, view, now):
            if fault := _fault(name.label, domain, instance):
                left_out.append(fault)
            elif (address := address_of(text)) is None:
                left_out.append(f"{text!a}, for {name.label}, is not an address that a name may have")
            else:
                key = (name.label, address.version, int(address))
                found[key] = Entry(address.compressed, f"{name.label}.{domain}", instance)
    return [found[key] for key in sorted(found)], left_out


def next_end(snapshot: Snapshot, now: float) -> float:
    """Return when the first live lease ends, in seconds since the epoch; infinity if none does."""
    claims = (name.live_claim(now) for name in snapshot.names.values())
    return min((claim.until for claim in claims if claim), default=float("inf"))


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text says, if it may stand for a machine that others reach."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    plain = getattr(address, "ipv4_mapped", None) or address
    unfit = plain.is_loopback or plain.is_link_local or plain.is_multicast or plain == BROADCAST
    is_nowhere = any(plain in network for network in NOWHERE)
    has_zone = getattr(plain, "scope_id", None) is not None
    return None if unfit or is_nowhere or has_zone or plain is not address else address


def _fault(label: str, domain: str, instance: str | None) -> str | None:
    """Say why an entry cannot be in a document, whatever its address, or return None."""
    if not dnsname.is_label(label) or label == dnsname.LOCALHOST:
        return f"{label!a} is not a name"
    if len(label) + 1 + len(domain) > LONGEST_NAME:
        return f"{label}.{domain} is too long for a name"
    return None if instance is None or dnsname.is_label(instance) else f"{instance!a}, for {label}, is not an instance"


def _addresses(name: Name, view: View, now: float) -> Iterator[tuple[str | None, str]]:
    if held := name.held.get(view):
        yield from ((held.instance, address) for address in held.addresses)
    elif (claim := name.live_claim(now)) and view in claim.addresses:
        yield None, claim.addresses[view]
