"""`costs prices`: the table in force."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.table import Table

from chalicelib.economics.answers import rate
from chalicelib.economics.prices import RegionPrices
from cli.costs.options import DEFAULT_REGION, TODAY, File, Prices, Region, choose
from cli.screen import out, show_whole


def show(
    matching: Annotated[str, typer.Argument(help="Only what has this in its name, such as m5. or gp3.")] = "",
    region: Region = DEFAULT_REGION,
    prices: Prices = TODAY,
    file: File = None,
) -> None:
    """List the prices of a region, and where they come from."""
    found = choose(prices, region, file).prices
    rows = [row for row in lines(found) if matching.lower() in " ".join(row).lower()]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("what", "name", "USD", "for"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "USD" else "left")
    for row in rows:
        table.add_row(*row)
    show_whole(table)
    out.print(f"{len(rows)} prices of {region}. Prices: {found.origin}.", style="bold")


def lines(prices: RegionPrices) -> Iterator[tuple[str, str, str, str]]:
    """Yield what has a price: what it is, its name, the price, and what that is for."""
    for platform, types in prices.instances.items():
        yield from (("instance", f"{type_}, {platform}", rate(price), "an hour") for type_, price in types.items())
    yield from (("volume", name, rate(price.gib), "a GiB-month") for name, price in prices.volumes.items())
    if prices.snapshots:
        yield "snapshot", "standard", rate(prices.snapshots.standard), "a GiB-month"
        if prices.snapshots.archive is not None:
            yield "snapshot", "archive", rate(prices.snapshots.archive), "a GiB-month"
    yield from (("storage", name, rate(price.gb), "a GB-month") for name, price in prices.storage.items())
    yield from (("load balancer", name, rate(price.hour), "an hour") for name, price in prices.balancers.items())
    if prices.public_ipv4 is not None:
        yield "address", "public IPv4", rate(prices.public_ipv4), "an hour"
    if prices.gb_second is not None:
        yield "Lambda", "memory", rate(prices.gb_second), "a GB-second"
