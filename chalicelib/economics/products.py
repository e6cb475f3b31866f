"""Products of the price list -> prices: what a document says for certain, or nothing.

The documents: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-files.html
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.economics.prices import VolumePrice

IPV4_IN_USE = re.compile(r"([A-Z0-9]+-)?PublicIPv4:InUseAddress")
_EBS = re.compile(r"(?:[A-Z0-9]+-)?EBS:(VolumeUsage|VolumeIOUsage|VolumeP-IOPS|VolumeP-Throughput)(?:\.([a-z0-9.]+))?")
_NAMES = {"": "standard", "piops": "io1"}  # others are called in usage types what they are called in EC2
_MIB_A_GIB = 1_024
# What is included, and from where on IOPS cost less: https://aws.amazon.com/ebs/pricing/
_GP3_IOPS, _GP3_THROUGHPUT = 3_000, 125
_IO2_TIERS = {"io2.tier2": 32_000, "io2.tier3": 64_000}


@dataclass(frozen=True)
class Product:
    """What one product costs on demand; ``price`` in USD for one ``unit``."""

    attributes: Mapping[str, str]
    unit: str
    price: float

    @property
    def usage(self) -> str:
        """Return its usage type; outside us-east-1 it begins with the region's short name."""
        return str(self.attributes.get("usagetype", ""))


def product(text: str) -> Product | None:
    """Read one document of the list; None where it does not say one price above 0 for one quantity, on demand."""
    try:
        found = json.loads(text)
        (term,) = found["terms"]["OnDemand"].values()
        (dimension,) = term["priceDimensions"].values()
        price = float(dimension["pricePerUnit"]["USD"])
        made = Product(found["product"]["attributes"], dimension["unit"], price)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return made if math.isfinite(price) and price > 0 and isinstance(made.attributes, dict) else None


def hour(products: Iterable[Product | None]) -> float | None:
    """Return what an hour of the one product costs; None where there are none or several: never a guess."""
    found = [each for each in products if each is None or each.attributes.get("marketoption", "OnDemand") == "OnDemand"]
    if len(found) != 1 or found[0] is None or found[0].unit.lower() not in ("hrs", "hours"):
        return None
    return found[0].price


def volumes(products: Iterable[Product | None]) -> dict[str, VolumePrice]:
    """Return the prices of EBS volumes by type; without those of which a part has no price, or several."""
    found: dict[tuple[str, str], list[Product]] = {}
    for each in products:
        if each and (usage := _EBS.fullmatch(each.usage)):
            found.setdefault((usage[1], usage[2] or ""), []).append(each)
    prices = {key: _monthly(some[0]) for key, some in found.items() if len(some) == 1}
    made = {name: _volume(name, prices) for usage, name in prices if usage == "VolumeUsage"}
    return {_NAMES.get(name, name): price for name, price in made.items() if price}


def _monthly(product: Product) -> float | None:
    """Return the price by GiB, IOPS, MiB a second or million requests; None where the unit is another."""
    match product.unit.lower():
        case "gb-mo" | "gb-month" | "iops-mo" | "mibps-mo":
            return product.price
        case "gibps-mo":
            return product.price / _MIB_A_GIB
        case "ios":
            return product.price * 1_000_000
        case _:
            return None


def _volume(name: str, prices: Mapping[tuple[str, str], float | None]) -> VolumePrice | None:
    gib, iops = prices["VolumeUsage", name], prices.get(("VolumeP-IOPS", name))
    throughput = prices.get(("VolumeP-Throughput", name))
    if gib is None:
        return None
    match name:
        case "gp2" | "st1" | "sc1":
            return VolumePrice(gib)
        case "" if (requests := prices.get(("VolumeIOUsage", name))) is not None:
            return VolumePrice(gib, million_io=requests)
        case "gp3" if iops is not None and throughput is not None:
            return VolumePrice(gib, iops, _GP3_IOPS, throughput, _GP3_THROUGHPUT)
        case "piops" if iops is not None:
            return VolumePrice(gib, iops)
        case "io2" if iops is not None:
            tiers = [(start, prices.get(("VolumeP-IOPS", tier))) for tier, start in _IO2_TIERS.items()]
            sure = tuple((start, price) for start, price in tiers if price is not None)
            return VolumePrice(gib, iops, tiers=sure) if len(sure) == len(tiers) else None
        case _:
            return None
