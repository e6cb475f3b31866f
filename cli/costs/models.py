"""`costs derived`, `parking`, `snapshots`, `load-balancer`: one model each, with an option for each of its inputs."""

from typing import Annotated

from typer import Option

from chalicelib.economics import balancing
from chalicelib.economics import derived as derive
from chalicelib.economics import parking as park
from chalicelib.economics import snapshots as snap
from chalicelib.economics.platforms import LINUX
from cli.costs import showing
from cli.costs.options import DEFAULT_REGION, TODAY, File, Png, Prices, Region, choose
from cli.options import Json

Type = Annotated[str, Option(help="The instance type; by default what is usual where the prices come from.")]
Platform = Annotated[str, Option(help="What runs on the instance, as EC2's PlatformDetails says.")]


def derived(
    sources: Annotated[float, Option(help="How many sources there are.")] = derive.Derivation.sources,
    each: Annotated[float, Option(help="How many objects are derived of each.")] = derive.Derivation.each,
    kb: Annotated[float, Option(help="The size of each, in KB of 1,000 bytes.")] = derive.Derivation.kb,
    reads: Annotated[float, Option(help="How often each is read a month.")] = derive.Derivation.reads,
    days: Annotated[float, Option(help="How many days each stays before it is replaced.")] = derive.Derivation.days,
    seconds: Annotated[float, Option(help="Of CPU that making one again takes.")] = derive.Derivation.seconds,
    memory: Annotated[float, Option(help="GB of the Lambda function that does it.")] = derive.Derivation.memory,
    hours: Annotated[float, Option(help="Of a month that an instance for it runs.")] = derive.Derivation.hours,
    type_: Annotated[str, Option("--type", help="The type of an instance for it alone; by default a small one.")] = "",
    region: Region = DEFAULT_REGION,
    prices: Prices = TODAY,
    file: File = None,
    as_json: Json = False,
    png: Png = None,
) -> None:
    """Which S3 storage class suits objects that can be made again."""
    chosen = choose(prices, region, file)
    wanted = derive.Derivation(sources, each, kb, reads, days, seconds, memory, hours)
    showing.show(derive.answer(wanted, chosen.prices, type_ or chosen.usual.small), as_json=as_json, png=png)


def parking(
    type_: Annotated[str, Option("--type", help="The instance's type; by default a large one.")] = "",
    platform: Platform = LINUX,
    volume: Annotated[str, Option(help="The type of its volume; by default the usual one.")] = "",
    gib: Annotated[float, Option(help="The volume's size in GiB.")] = park.Parking.gib,
    million_ios: Annotated[float, Option(help="Millions of I/O requests a month.")] = park.Parking.million_ios,
    snapshot_gib: Annotated[float, Option(help="GiB of snapshots.")] = park.Parking.snapshot_gib,
    puts: Annotated[float, Option(help="PUT requests of snapshots a month.")] = park.Parking.puts,
    gets: Annotated[float, Option(help="GET requests of snapshots a month.")] = park.Parking.gets,
    addresses: Annotated[int, Option(help="Elastic IPs that it keeps.")] = park.Parking.addresses,
    idle_hours: Annotated[float, Option(help="Idle hours a month.")] = park.Parking.idle_hours,
    region: Region = DEFAULT_REGION,
    prices: Prices = TODAY,
    file: File = None,
    as_json: Json = False,
    png: Png = None,
) -> None:
    """From how many idle hours a month on it pays to park an instance."""
    chosen = choose(prices, region, file)
    wanted = park.Parking(
        type_ or chosen.usual.large,
        volume or chosen.usual.volume,
        platform,
        gib,
        million_ios,
        snapshot_gib,
        puts,
        gets,
        addresses,
        idle_hours,
    )
    showing.show(park.answer(wanted, chosen.prices), as_json=as_json, png=png)


def snapshots(
    gib: Annotated[float, Option(help="The volume's size in GiB.")] = snap.Keeping.gib,
    change: Annotated[float, Option(help="GiB that change a day.")] = snap.Keeping.change,
    kept: Annotated[int, Option(help="How many snapshots are kept.")] = snap.Keeping.kept,
    every: Annotated[float, Option(help="Days from one to the next.")] = snap.Keeping.every,
    region: Region = DEFAULT_REGION,
    prices: Prices = TODAY,
    file: File = None,
    as_json: Json = False,
    png: Png = None,
) -> None:
    """What snapshots cost in the standard tier, and with the older ones archived."""
    chosen = choose(prices, region, file)
    showing.show(snap.answer(snap.Keeping(gib, change, kept, every), chosen.prices), as_json=as_json, png=png)


def load_balancer(
    names: Annotated[int, Option(help="How many TLS names more there are.")] = balancing.Names.names,
    balancer: Annotated[str, Option(help="application, network or classic; by default the usual one.")] = "",
    units: Annotated[float, Option(help="Capacity units that each name uses.")] = balancing.Names.units,
    type_: Annotated[str, Option("--type", help="The type of the instance instead; by default a small one.")] = "",
    platform: Platform = LINUX,
    hour: Annotated[float | None, Option(help="What the instance costs an hour; by default its price.")] = None,
    region: Region = DEFAULT_REGION,
    prices: Prices = TODAY,
    file: File = None,
    as_json: Json = False,
    png: Png = None,
) -> None:
    """A load balancer, or one more instance, for one more TLS name."""
    chosen = choose(prices, region, file)
    wanted = balancing.Names(
        balancer or chosen.usual.balancer, type_ or chosen.usual.small, platform, names, units, hour
    )
    showing.show(balancing.answer(wanted, chosen.prices), as_json=as_json, png=png)
