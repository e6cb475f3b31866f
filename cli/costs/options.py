"""The options that the commands about costs share, and which prices they mean."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from chalicelib.economics import definitions
from chalicelib.economics.book import Overrides, PriceBook, Usual
from chalicelib.economics.prices import RegionPrices
from chalicelib.errors import BadDefinition, BadRequest

DEFAULT_REGION = "us-east-1"
TODAY = "today"

Region = Annotated[str, typer.Option(help="The region whose prices count.")]
Prices = Annotated[str, typer.Option(help="Which packaged table: today, a year such as 2010, or a day.")]
File = Annotated[
    Path | None, typer.Option(help="Your own prices, as YAML, laid over the table.", exists=True, dir_okay=False)
]
Png = Annotated[Path | None, typer.Option(help="Draw the chart into this file too.", dir_okay=False)]


@dataclass(frozen=True)
class Chosen:
    """The prices that count, and what is usual where they come from."""

    prices: RegionPrices
    usual: Usual


def choose(prices: str, region: str, file: Path | None) -> Chosen:
    """Return the prices that the options mean; raise BadRequest where there are none."""
    chosen = book(prices, file)
    if region not in chosen.regions:
        raise BadRequest(
            f"--region: there are no prices of {region!a} in: {chosen.origin}. "
            f"There are some of {', '.join(chosen.regions)}; others can be said in a --file"
        )
    return Chosen(chosen.region(region), chosen.usual)


def book(prices: str, file: Path | None) -> PriceBook:
    """Return the packaged table that is meant, with the operator's prices over it; raise BadRequest."""
    found = definitions.packaged_book(day(prices))
    return _own(file).over_book(found) if file else found


def day(prices: str) -> date:
    """Return the day of the packaged table that is meant: the newest, that of a year, or the newest of a day."""
    days = sorted(definitions.tables())
    if prices == TODAY:
        return days[-1]
    wanted = [each for each in days if each.isoformat().startswith(f"{prices}-")] or _until(prices, days)
    if not wanted:
        there = ", ".join(each.isoformat() for each in days)
        raise BadRequest(f"--prices: there is no table of {prices!a}: say today, or one of {there}, or its year")
    return wanted[-1]


def _until(prices: str, days: list[date]) -> list[date]:
    """Return the days of the tables that were there on a day; none where this is no day."""
    try:
        return [each for each in days if each <= date.fromisoformat(prices)]
    except ValueError:
        return []


def _own(file: Path) -> Overrides:
    try:
        return definitions.read(file.read_bytes(), str(file))
    except BadDefinition as error:
        raise BadRequest(str(error)) from error
