"""The inventory as items of the DynamoDB table, there and back.

All have the partition key ``name``. The header's sort key sorts before every label, so that one query that shows
all names shows it first: what it says is never newer than they are.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.inventory.model import Claim, Header, Held, Name, Snapshot, View

PARTITION = "name"
HEADER = "."
CLAIMED = {"S": "claim"}
"""The attribute ``claimed`` of names with a claim: the index ``claims`` has these and no others."""


def key(label: str) -> dict[str, dict[str, str]]:
    """Return the table's key for a label, or for the header."""
    return {"pk": {"S": PARTITION}, "sk": {"S": label}}


def known(items: Iterable[Mapping[str, Any]]) -> Snapshot:
    """Return what items say; without a header nothing has been written yet.

    An item that somebody damaged by hand takes nothing from the others.
    """
    header, names, unreadable = Header(), {}, []
    for item in items:
        label = item["sk"]["S"]
        if label == HEADER:
            header = read_header(item)
            continue
        try:
            names[label] = _name(label, item)
        except (KeyError, ValueError, TypeError, AttributeError):
            unreadable.append(label)
    return Snapshot(header, names, tuple(unreadable))


def read_header(item: Mapping[str, Any]) -> Header:
    """Return the header that an item says."""
    domains = {view: item[view.value]["S"] for view in View if view.value in item}
    return Header(int(item["revision"]["N"]), domains)


def held(value: Held) -> dict[str, Any]:
    """Return one side of a name as an attribute."""
    return {"M": {"by": {"S": value.instance}, "at": _list(value.addresses)}}


def claim(value: Claim) -> dict[str, Any]:
    """Return a claim as an attribute."""
    addresses = {view.value: {"S": address} for view, address in value.addresses.items()}
    return {
        "M": {
            "token": {"S": value.token},
            "holder": {"S": value.holder},
            "at": {"M": addresses},
            "lease": {"N": str(value.lease)},
            "until": moment(value.until),
        }
    }


def moment(seconds: float) -> dict[str, str]:
    """Return seconds since the epoch as an attribute, to the millisecond."""
    return {"N": f"{seconds:.3f}"}


def _name(label: str, item: Mapping[str, Any]) -> Name:
    sides = {view: item[view.value]["M"] for view in View if view.value in item}
    return Name(
        label,
        {view: Held(side["by"]["S"], tuple(a["S"] for a in side["at"]["L"])) for view, side in sides.items()},
        _claim(item["claim"]["M"]) if "claim" in item else None,
    )


def _claim(said: Mapping[str, Any]) -> Claim:
    return Claim(
        said["token"]["S"],
        said["holder"]["S"],
        {View(view): address["S"] for view, address in said["at"]["M"].items()},
        int(said["lease"]["N"]),
        float(said["until"]["N"]),
    )


def _list(values: Iterable[str]) -> dict[str, Any]:
    return {"L": [{"S": value} for value in values]}
