"""A sheet in each format that clients ask for; the same sheet gives the same text, to the byte."""

import json
from collections.abc import Callable

from chalicelib.hosts.entries import by_address
from chalicelib.hosts.model import Document, Entry, Sheet

PLAIN, JSON = "text/plain; charset=utf-8", "application/json"
LOCALHOST = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
_quoted = json.JSONEncoder().encode  # of one string; json.dumps of an object takes four times as long


def documents(sheet: Sheet) -> list[Document]:
    """Return the sheet in every format."""
    return [Document(sheet.view, name, type_, render(sheet)) for name, (type_, render) in FORMATS.items()]


def hosts(sheet: Sheet) -> str:
    """Return a whole hosts file, as in hosts(5); one name a line, since some resolvers cut long lines."""
    return _head(sheet) + LOCALHOST + "".join([f"{entry.address}\t{entry.name}\n" for entry in sheet.entries])


def as_json(sheet: Sheet) -> str:
    """Return a JSON object with a list of entries, one on a line, so that differences can be read."""
    head = json.dumps({"stack": sheet.stack, "view": sheet.view.value})[:-1]
    said = [
        f'\n{{"address": {_quoted(entry.address)}, "name": {_quoted(entry.name)}, "holder": {_quoted(entry.holder)}}}'
        for entry in sheet.entries
    ]
    return f'{head}, "entries": [{",".join(said)}\n]}}\n'


def prometheus(sheet: Sheet) -> str:
    """Return targets for Prometheus, one for each address.

    https://prometheus.io/docs/prometheus/latest/http_sd/; names are joined as Prometheus's own discovery joins tags.
    """
    same = {"__meta_groundskeeper_stack": sheet.stack, "__meta_groundskeeper_view": sheet.view.value}
    port, rest = sheet.port, json.dumps(same)[1:]
    said = [_target(address, port, some, rest) for address, some in by_address(sheet.entries).items()]
    return f"[{','.join(said)}\n]\n"


def dnsmasq(sheet: Sheet) -> str:
    """Return lines for dnsmasq's ``conf-dir``; https://thekelleys.org.uk/dnsmasq/docs/dnsmasq-man.html, host-record."""
    return _head(sheet) + "".join([f"host-record={entry.name},{entry.address}\n" for entry in sheet.entries])


def ssh_config(sheet: Sheet) -> str:
    """Return a block for each name, for an ``Include`` in ssh_config(5); its first address, IPv4 before IPv6.

    The key is known by who holds the name, since addresses and names pass from one machine to another.
    """
    first: dict[str, Entry] = {}
    for entry in sheet.entries:
        first.setdefault(entry.name, entry)
    return _head(sheet) + "".join(
        [
            f"\nHost {entry.name} {entry.name.partition('.')[0]}\n    HostName {entry.address}\n"
            f"    HostKeyAlias {entry.holder}\n"
            for entry in first.values()
        ]
    )


FORMATS: dict[str, tuple[str, Callable[[Sheet], str]]] = {
    "hosts": (PLAIN, hosts),
    "json": (JSON, as_json),
    "prometheus": (JSON, prometheus),
    "dnsmasq": (PLAIN, dnsmasq),
    "ssh_config": (PLAIN, ssh_config),
}


def _head(sheet: Sheet) -> str:
    return f"# Groundskeeper stack {sheet.stack}, {sheet.view} view\n"


def _target(address: str, port: int, some: list[Entry], rest: str) -> str:
    host = f"[{address}]" if ":" in address else address
    names = _quoted(f",{','.join([entry.name for entry in some])},")
    return (
        f'\n{{"targets": [{_quoted(f"{host}:{port}")}], "labels": {{"__meta_groundskeeper_names": {names}, '
        f'"__meta_groundskeeper_holder": {_quoted(some[0].holder)}, {rest}}}'
    )
