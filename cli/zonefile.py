"""A hosted zone as a master file (RFC 1035, section 5), for `named-checkzone` and whatever else reads one."""

import re
from collections.abc import Iterable

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from chalicelib.inventory import dnsname
from chalicelib.names.model import RecordSet


def render(records: Iterable[RecordSet]) -> tuple[str, list[str]]:
    """Return the text of a master file, and a line for each record set that no master file can say.

    Aliases, and sets that share a name and a type (weighted, latency …), are Route 53's own: they become comments.
    """
    lines, left_out = [], []
    for record in sorted(records, key=lambda record: record.type != "SOA"):
        try:
            lines += _lines(record)
        except (ValueError, dns.exception.DNSException) as reason:
            left_out.append(f"{record.name} {record.type}: {reason}")
    comments = [f"; left out: {line.encode('ascii', 'backslashreplace').decode()}" for line in left_out]
    return "\n".join([*lines, *comments, ""]), left_out


def _lines(record: RecordSet) -> list[str]:
    if record.variant:
        raise ValueError(f"a master file cannot say it: it is {record.variant}")
    name = dns.name.Name((*dnsname.labels(record.name), b"")).to_text()
    type_ = dns.rdatatype.from_text(record.type)
    found = []
    for value in record.values:
        # Route 53 takes every name in a value as absolute, whether or not it ends in a dot.
        data = dns.rdata.from_text(dns.rdataclass.IN, type_, _decimal(value), dns.name.root, relativize=False)
        found.append(f"{name} {record.ttl} IN {record.type} {data.to_text()}")
    return found


def _decimal(value: str) -> str:
    """Turn Route 53's octal escapes into a master file's decimal ones."""
    return re.sub(r"\\([0-3][0-7]{2})", lambda octal: f"\\{int(octal[1], 8):03d}", value)
