"""A fleet of so many names, as the inventory, as a content, and as items of the table know it."""

from collections.abc import Iterator
from typing import Any

from chalicelib.hosts.entries import view_entries
from chalicelib.hosts.model import ViewContent
from chalicelib.inventory import items
from chalicelib.inventory.model import Header, Held, Name, Snapshot, View

DOMAIN = "fleet.example"
STACK = "groundskeeper-bench"
PORT = 9100


def known(size: int) -> Snapshot:
    """Return instances with two names each, their id and a short one, and an address in each view."""
    names: dict[str, Name] = {}
    for n in range(size // 2):
        id_ = f"i-{n:017x}"
        at = {View.PUBLIC: Held(id_, (_address(54, n),)), View.PRIVATE: Held(id_, (_address(10, n),))}
        names[id_], names[f"web-{n}"] = Name(id_, at), Name(f"web-{n}", at)
    return Snapshot(Header(size, dict.fromkeys(View, DOMAIN)), names)


def content(size: int) -> ViewContent:
    """Return the content of the private view."""
    found, left_out = view_entries(known(size), View.PRIVATE, 0)
    if len(found) != size or left_out:
        raise AssertionError(f"{len(found)} entries for {size} names, {len(left_out)} left out")
    return ViewContent(STACK, View.PRIVATE, PORT, tuple(found))


def table_items(size: int) -> Iterator[dict[str, Any]]:
    """Yield the items of the table that say the same."""
    fleet = known(size)
    domains = {view.value: {"S": domain} for view, domain in fleet.header.domains.items()}
    yield {**items.key(items.HEADER), "revision": {"N": str(fleet.header.revision)}, **domains}
    for label, name in fleet.names.items():
        yield {**items.key(label), **{view.value: items.held(held) for view, held in name.held.items()}}


def _address(first: int, n: int) -> str:
    return f"{first}.{n >> 16}.{n >> 8 & 255}.{n & 255}"
