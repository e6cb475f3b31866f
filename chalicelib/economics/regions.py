"""One region's prices as YAML says them; tables and an operator's own prices have the same form."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from chalicelib.definition.forms import Form, did_you_mean, matching, whole
from chalicelib.definition.places import Fields, Place
from chalicelib.economics.book import Patch, Price, RegionPatch
from chalicelib.economics.families import MOST_ENTRIES, PRICE, types
from chalicelib.economics.platforms import OPERATIONS
from chalicelib.economics.prices import BalancerPrice, Origin, SnapshotPrice, StoragePrice, VolumePrice

MOST_TIERS = 8
VOLUMES = ("standard", "gp2", "gp3", "io1", "io2", "st1", "sc1")
CLASSES = (
    *("STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"),
    *("GLACIER", "DEEP_ARCHIVE", "EXPRESS_ONEZONE"),
)
BALANCERS = ("application", "network", "classic")


def region(place: Place, origin: Origin) -> RegionPatch:
    """Return what a file says of a region; ``origin`` is the file's, where the region has none of its own."""
    said = place.fields(_MAPPING, _FIELDS)
    snapshots = said.place("snapshots")
    return RegionPatch(
        Origin(said.take("date", DATE, origin.day), said.take("source", SOURCE, origin.source)),
        instances=_instances(said.place("instances")),
        volumes={name: _volume(entry) for name, entry in _known(said.place("volumes"), VOLUMES).items()},
        public_ipv4=_maybe(said, "public-ipv4"),
        snapshots=_patch(snapshots, SnapshotPrice, _SNAPSHOTS) if snapshots else None,
        storage=_patches(said.place("storage"), CLASSES, StoragePrice, _STORAGE),
        balancers=_patches(said.place("balancers"), BALANCERS, BalancerPrice, _BALANCER),
        gb_second=_maybe(said, "lambda"),
    )


def _maybe(said: Fields, name: str) -> float | None:
    place = said.place(name)
    return place.scalar(PRICE) if place else None


def _instances(place: Place | None) -> dict[str, dict[str, float]]:
    return {name: dict(types(entry)) for name, entry in _known(place, OPERATIONS).items()}


def _known(place: Place | None, known: Collection[str]) -> dict[str, Place]:
    """Return the places below names that are known; others are faults."""
    entries = place.entries(_MAPPING, 0, MOST_ENTRIES) if place else {}
    for name in [name for name in entries if name not in known]:
        entries.pop(name).fault_of_key(f"is not known here: {did_you_mean(name, known)}")
    return entries


def _patches[P: Price](
    place: Place | None, known: Collection[str], kind: type[P], forms: "_Forms"
) -> dict[str, Patch[P]]:
    return {name: _patch(entry, kind, forms) for name, entry in _known(place, known).items()}


def _patch[P: Price](place: Place, kind: type[P], forms: "_Forms") -> Patch[P]:
    return Patch(kind, _said(place.fields(_MAPPING, forms), forms))


def _volume(place: Place) -> Patch[VolumePrice]:
    fields = place.fields(_MAPPING, (*_VOLUME, "tiers"))
    said = _said(fields, _VOLUME)
    tiers = fields.place("tiers")
    return Patch(VolumePrice, {**said, "tiers": _tiers(tiers)} if tiers else said)


def _said(fields: Fields, forms: "_Forms") -> dict[str, Any]:
    """Return what is said of one price by the names of its attributes; the first field must be said."""
    first = next(iter(forms))
    said = {first: fields.need(first, forms[first]) or 0.0}
    for name, form in forms.items():
        if name != first and (place := fields.place(name)):
            said[name.replace("-", "_")] = place.scalar(form)
    return said


def _tiers(place: Place) -> tuple[tuple[int, float], ...]:
    found = []
    for item in place.items("a list of tiers such as [{from: 32000, iops: 0.0455}]", MOST_TIERS):
        said = item.fields("a mapping with the fields from and iops", ("from", "iops"))
        found.append((said.need("from", _COUNT) or 0, said.need("iops", PRICE) or 0.0))
    if found != sorted(found, key=lambda tier: tier[0]):
        place.fault("wants the tiers in the order of their IOPS")
    return tuple(found)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def _share(text: str) -> float | None:
    value = PRICE.parse(text)
    return value if value is not None and value <= 1 else None


type _Forms = Mapping[str, Form[Any]]
_MAPPING = "a mapping of what is charged to its price"
_FIELDS = ("date", "source", "instances", "public-ipv4", "volumes", "snapshots", "storage", "balancers", "lambda")
DATE = Form("a day such as 2026-01-31", _date)
SOURCE = Form("where prices come from, in 1 to 160 characters", lambda text: text if 0 < len(text) <= 160 else None)
REGION = matching(re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d"), "a region such as eu-central-1")
_COUNT = whole(0, 1_000_000)
_VOLUME: _Forms = {
    "gib": PRICE,
    "iops": PRICE,
    "included-iops": _COUNT,
    "throughput": PRICE,
    "included-throughput": _COUNT,
    "million-io": PRICE,
}
_SNAPSHOTS: _Forms = {
    "standard": PRICE,
    "archive": PRICE,
    "archive-restore": PRICE,
    "archive-least-days": _COUNT,
    "put": PRICE,
    "get": PRICE,
}
_STORAGE: _Forms = {
    "gb": PRICE,
    "put": PRICE,
    "get": PRICE,
    "retrieval": PRICE,
    "least-kb": _COUNT,
    "least-days": _COUNT,
    "monitoring": PRICE,
    "monitored-kb": _COUNT,
    "rarely": PRICE,
    "yearly-loss": Form("a part such as 0.0001", _share),
}
_BALANCER: _Forms = {"hour": PRICE, "unit": PRICE, "certificates": _COUNT, "addresses": _COUNT}
