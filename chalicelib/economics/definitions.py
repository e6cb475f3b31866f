"""Prices as YAML, in which every fault has a line and a reason: the tables that are packaged, and an operator's own."""

from datetime import date
from functools import cache
from pathlib import Path

from chalicelib.definition.forms import Form
from chalicelib.definition.places import Fields, document
from chalicelib.economics.book import Overrides, PriceBook, RegionPatch, Usual
from chalicelib.economics.prices import Origin, RegionPrices
from chalicelib.economics.regions import DATE, REGION, SOURCE, region

MOST_REGIONS = 64
OWN = "your own prices"
_TABLES = Path(__file__).with_name("tables")
_USUAL = ("small", "large", "volume", "balancer")
_WORD = Form("a name", lambda text: text or None)


def packaged() -> str:
    """Return the text of the operator's prices as they come with the application: none, and how to write some."""
    return Path(__file__).with_name("prices.yaml").read_text(encoding="utf-8")


def read(text: str | bytes, name: str = "prices.yaml") -> Overrides:
    """Return the operator's own prices.

    Raises:
        BadDefinition: the text is malformed; the message has ``name``, and a line and a reason for each fault.
    """
    with document(text, name) as root:
        fields = root.fields("a mapping with the fields date and regions", ("date", "source", "regions"))
        day = fields.take("date", DATE, date.min)
        regions = _regions(fields, Origin(day, fields.take("source", SOURCE, OWN)))
        if regions:
            fields.need("date", DATE)
    return Overrides(regions)


def read_table(text: str | bytes, name: str) -> PriceBook:
    """Return the price book that a text holds; raise BadDefinition."""
    with document(text, name) as root:
        fields = root.fields("a mapping with the fields date, source, usual and regions", _FIELDS)
        origin = Origin(fields.need("date", DATE) or date.min, fields.need("source", SOURCE) or "")
        usual = _usual(fields)
        patches = _regions(fields, origin)
    return PriceBook(origin, {each: patch.prices(RegionPrices(patch.origin)) for each, patch in patches.items()}, usual)


def tables() -> dict[date, Path]:
    """Return the files of the tables that are packaged by their days, the newest first."""
    return {date.fromisoformat(path.stem): path for path in sorted(_TABLES.glob("*.yaml"), reverse=True)}


@cache
def packaged_book(day: date | None = None) -> PriceBook:
    """Return the packaged table of a day that ``tables`` has; by default the newest."""
    found = tables()
    path = found[day or max(found)]
    return read_table(path.read_bytes(), path.name)


def _usual(said: Fields) -> Usual:
    wants = f"a mapping with the fields {', '.join(_USUAL)}"
    place = said.need_place("usual", wants)
    if place is None:
        return Usual(*_USUAL)
    fields = place.fields(wants, _USUAL)
    return Usual(*(fields.need(name, _WORD) or "" for name in _USUAL))


def _regions(said: Fields, origin: Origin) -> dict[str, RegionPatch]:
    wants = "a mapping of regions to their prices"
    place = said.need_place("regions", wants)
    entries = place.entries(wants, 0, MOST_REGIONS) if place else {}
    for name, entry in entries.items():
        if REGION.parse(name) is None:
            entry.fault_of_key(f"wants {REGION.wants}")
    return {name: region(entry, origin) for name, entry in entries.items()}


_FIELDS = ("date", "source", "usual", "regions")
