"""The prices in force for a region: the operator's own, else AWS's list where it may be asked, else the table."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from chalicelib.economics.book import Overrides, PriceBook
from chalicelib.economics.prices import RegionPrices
from chalicelib.errors import BadSettings, TryAgain


class List(Protocol):
    """What says what things cost now."""

    def region(self, name: str, wanted: Collection[tuple[str, str]]) -> RegionPrices:
        """Return a region's prices; raise BadSettings, TryAgain."""


@dataclass(frozen=True)
class Quote:
    """A region's prices, and ``unused``: why a list that was to be used is not among their origins, if it is not."""

    prices: RegionPrices
    unused: str = ""

    def __str__(self) -> str:
        """Return where the prices come from, as reports say it."""
        said = str(self.prices.origin)
        return f"{said} (AWS's Price List was not used: {self.unused})" if self.unused else said


class Quotes:
    """Answers for one region after the other; a list that did not answer once is not asked again."""

    def __init__(self, book: PriceBook, live: List | None = None, overrides: Overrides | None = None) -> None:
        self._book, self._live, self._overrides = book, live, overrides or Overrides()
        self._unused = ""

    def region(self, name: str, wanted: Collection[tuple[str, str]] = ()) -> Quote:
        """Return a region's prices of the ``wanted`` platforms and types, and of all else; there always are some."""
        base = self._book.region(name)
        live, reason = self._asked(name, wanted)
        return Quote(self._overrides.over(name, live.over(base) if live else base), reason)

    def _asked(self, name: str, wanted: Collection[tuple[str, str]]) -> tuple[RegionPrices | None, str]:
        """Return what the list says of a region; or None, and why it is not used where it should be."""
        if self._live is None or self._unused:
            return None, self._unused
        try:
            found = self._live.region(name, wanted)
        except (BadSettings, TryAgain) as error:
            self._unused = str(error)
            return None, self._unused
        return (found, "") if _says_a_price(found) else (None, f"it has no prices of {name}")


def _says_a_price(found: RegionPrices) -> bool:
    return any(found.instances.values()) or bool(found.volumes) or found.public_ipv4 is not None
