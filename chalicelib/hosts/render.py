"""What a view says, in each format that clients ask for; the same content gives the same text, to the byte."""

import json
from collections.abc import Callable

from chalicelib.hosts.model import Document, Entry, ViewContent

PLAIN, JSON = "text/plain; charset=utf-8", "application/json"
LOCALHOST = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
_quoted = json.JSONEncoder().encode  # of one string; json.dumps of an object takes four times as long


def documents(content: ViewContent) -> list[Document]:
    """Return the content in every format."""
    return [Document(content.view, name, type_, render(content)) for name, (type_, render) in FORMATS.items()]


def hosts(content: ViewContent) -> str:
    """Return a whole hosts file, as in hosts(5); one name a line, since some resolvers cut long lines."""
    return _head(content) + LOCALHOST + "".join([f"{entry.address}\t{entry.name}\n" for entry in content.entries])


def as_json(content: ViewContent) -> str:
    """Return a JSON object with a list of entries, one on a line, so that differences can be read."""
    head = json.dumps({"stack": content.stack, "view": content.view.value})[:-1]
    lines = [
        f'\n{{"address": {_quoted(address)}, "name": {_quoted(name)}, "instance": {_or_null(instance)}}}'
        for address, name, instance in content.entries
    ]
    return f'{head}, "entries": [{",".join(lines)}\n]}}\n'


def prometheus(content: ViewContent) -> str:
    """Return targets for Prometheus, one for each address, so that nothing is scraped twice.

    https://prometheus.io/docs/prometheus/latest/http_sd/; names are joined as Prometheus's own discovery joins tags.
    """
    by_address: dict[str, list[Entry]] = {}
    for entry in content.entries:
        by_address.setdefault(entry.address, []).append(entry)
    targets = [_target(address, content.port, entries) for address, entries in by_address.items()]
    return f"[{','.join(targets)}\n]\n"


def dnsmasq(content: ViewContent) -> str:
    """Return lines for dnsmasq's ``conf-dir``; https://thekelleys.org.uk/dnsmasq/docs/dnsmasq-man.html, host-record."""
    return _head(content) + "".join([f"host-record={entry.name},{entry.address}\n" for entry in content.entries])


def ssh_config(content: ViewContent) -> str:
    """Return a block for each name, for an ``Include`` in ssh_config(5); its first address, IPv4 before IPv6.

    ssh knows an instance's key by its id, since addresses and names pass from one instance to another.
    """
    first: dict[str, Entry] = {}
    for entry in content.entries:
        first.setdefault(entry.name, entry)
    return _head(content) + "".join([_ssh_block(entry) for entry in first.values()])


FORMATS: dict[str, tuple[str, Callable[[ViewContent], str]]] = {
    "hosts": (PLAIN, hosts),
    "json": (JSON, as_json),
    "prometheus": (JSON, prometheus),
    "dnsmasq": (PLAIN, dnsmasq),
    "ssh_config": (PLAIN, ssh_config),
}


def _head(content: ViewContent) -> str:
    return f"# Groundskeeper stack {content.stack}, {content.view} view\n"


def _target(address: str, port: int, entries: list[Entry]) -> str:
    host = f"[{address}]" if ":" in address else address
    names = _quoted(f",{','.join([entry.name for entry in entries])},")
    return (
        f'\n{{"targets": [{_quoted(f"{host}:{port}")}], "labels": {{"__meta_groundskeeper_names": {names}, '
        f'"__meta_groundskeeper_instance_id": {_quoted(entries[0].instance or "")}}}}}'
    )


def _ssh_block(entry: Entry) -> str:
    alias = f"    HostKeyAlias {entry.instance}\n" if entry.instance else ""
    return f"\nHost {entry.name} {entry.name.partition('.')[0]}\n    HostName {entry.address}\n{alias}"


def _or_null(text: str | None) -> str:
    return "null" if text is None else _quoted(text)
