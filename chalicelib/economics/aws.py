"""AWS's Price List through boto3: what AWS itself says that things cost today."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.aws import DENIED, said_not_now
from chalicelib.economics import products
from chalicelib.economics.platforms import OPERATIONS
from chalicelib.economics.prices import Origin, RegionPrices, VolumePrice
from chalicelib.economics.products import Product
from chalicelib.errors import BadSettings, TryAgain

if TYPE_CHECKING:
    from mypy_boto3_pricing import PricingClient

ENDPOINT = "us-east-1"  # the list is served in a few regions, for all: the client is one of this region
SOURCE = "AWS's Price List"
PAGE = 100
_REMEDY = "the Price List may not be read: allow pricing:GetProducts, or leave live prices out"
_EBS_FAMILIES = ("Storage", "System Operation", "Provisioned Throughput")


class PriceList:
    """The prices on demand of a region, with shared tenancy, as AWS's Price List says them now.

    Each method raises BadSettings where the list may not be read, and TryAgain where AWS does not answer now.
    """

    def __init__(self, client: "PricingClient", today: Callable[[], date]) -> None:
        self._client, self._today = client, today

    def region(self, name: str, wanted: Collection[tuple[str, str]]) -> RegionPrices:
        """Return a region's prices of volumes, public addresses, and instances of the wanted platforms and types."""
        instances: dict[str, dict[str, float]] = {}
        for platform, type_ in sorted(set(wanted)):
            if (price := self.instance(name, platform, type_)) is not None:
                instances.setdefault(platform, {})[type_] = price
        origin = Origin(self._today(), SOURCE)
        return RegionPrices(origin, instances, self.volumes(name), self.public_ipv4(name))

    def instance(self, region: str, platform: str, type_: str) -> float | None:
        """Return what an instance costs an hour; None where the list does not say one price for certain."""
        if platform not in OPERATIONS:
            return None
        # capacitystatus Used: not what an unused capacity reservation costs
        filters = {
            "regionCode": region,
            "instanceType": type_,
            "operation": OPERATIONS[platform],
            "tenancy": "Shared",
            "capacitystatus": "Used",
        }
        return products.hour(self._products("AmazonEC2", filters))

    def volumes(self, region: str) -> Mapping[str, VolumePrice]:
        """Return what EBS volumes cost, by type."""
        of_region = {"regionCode": region, "locationType": "AWS Region"}
        found = [
            product
            for family in _EBS_FAMILIES
            for product in self._products("AmazonEC2", {**of_region, "productFamily": family})
        ]
        return products.volumes(found)

    def public_ipv4(self, region: str) -> float | None:
        """Return what a public IPv4 address in use costs an hour."""
        found = self._products("AmazonVPC", {"regionCode": region})
        return products.hour(each for each in found if each and re.fullmatch(products.IPV4_IN_USE, each.usage))

    def _products(self, service: str, filters: Mapping[str, str]) -> Iterator[Product | None]:
        """Yield all products that match, as far as they say a price; a page that fails fails all."""
        pages = self._client.get_paginator("get_products").paginate(
            ServiceCode=service,
            Filters=[{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in filters.items()],
            PaginationConfig={"PageSize": PAGE},
        )
        try:
            with said_not_now("The Price List"):
                for page in pages:
                    yield from map(products.product, page["PriceList"])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in DENIED:
                raise BadSettings(_REMEDY) from error
            if code == "ExpiredNextTokenException":
                raise TryAgain("The Price List's pages expired") from error
            # Other partitions than aws do not know this region, or have no list at all.
            raise BadSettings(f"it cannot be read from here: {error}") from error
