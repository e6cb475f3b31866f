"""What things cost: nothing is sold until someone says for how much, and then with all that AWS lists beside it.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from localcloud.pricing.products import Price, Product
from localcloud.pricing.regions import Region, region

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

EC2, VPC = "AmazonEC2", "AmazonVPC"
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-info-fields.html
OPERATIONS = {
    "Linux": "RunInstances",
    "RHEL": "RunInstances:0010",
    "SUSE": "RunInstances:000g",
    "Ubuntu Pro": "RunInstances:0g00",
    "Windows": "RunInstances:0002",
}
USAGE = {
    ("Shared", "Used"): "BoxUsage",
    ("Shared", "UnusedCapacityReservation"): "UnusedBox",
    ("Shared", "AllocatedCapacityReservation"): "Reservation",
    ("Dedicated", "Used"): "DedicatedUsage",
    ("Host", "Used"): "HostBoxUsage",
}
VOLUMES = {
    "gp2": ("General Purpose", ".gp2"),
    "gp3": ("General Purpose", ".gp3"),
    "io1": ("Provisioned IOPS", ".piops"),
    "io2": ("Provisioned IOPS", ".io2"),
    "sc1": ("Cold HDD", ".sc1"),
    "st1": ("Throughput Optimized HDD", ".st1"),
    "standard": ("Magnetic", ""),
}
# IOPS of io2 beyond 32,000 and 64,000 are sold apart, for less: https://aws.amazon.com/ebs/pricing/
IO2_TIERS = {"Tier 2": ("tier2", Decimal("0.7")), "Tier 3": ("tier3", Decimal("0.49"))}


class PriceList:
    """Keeps products with their prices; the same product again has its price changed."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._products: dict[str, dict[str, Product]] = {EC2: {}, VPC: {}}

    def products(self, service: str) -> list[Product]:
        """Return the products of a service, in no order that means anything; raise `LookupError`."""
        return [product for _, product in sorted(self._products[service].items())]

    def charge(
        self, region_code: str, type_: str, operating_system: str, usd_an_hour: Price, **attributes: str
    ) -> None:
        """Sell instances of a type, with shared tenancy unless attributes say otherwise; raise `LookupError`.

        Beside them AWS lists those on a dedicated host, which are paid with it, and both sides of a capacity
        reservation: used, the instance is paid and not the reservation; unused, the reservation is.
        """
        place, usual = region(region_code), {"tenancy": "Shared", "capacitystatus": "Used", **attributes}
        self._sell_instance(place, type_, operating_system, usd_an_hour, usual)
        if not attributes:
            for differing, usd in (
                ({"tenancy": "Host"}, 0),
                ({"capacitystatus": "AllocatedCapacityReservation"}, 0),
                ({"capacitystatus": "UnusedCapacityReservation"}, usd_an_hour),
            ):
                self._sell_instance(place, type_, operating_system, usd, {**usual, **differing})

    def charge_volume(
        self,
        region_code: str,
        type_: str,
        usd_a_gib: Price,
        usd_an_iops: Price | None = None,
        usd_a_mib_a_second: Price | None = None,
    ) -> None:
        """Sell volumes of a type by the month; raise `LookupError`."""
        place, (kind, code) = region(region_code), VOLUMES[type_]
        named = {"volumeApiName": type_, "volumeType": kind}
        storage = {**named, "usagetype": place.usage(f"EBS:VolumeUsage{code}")}
        self._sell(EC2, "Storage", place, storage, "GB-Mo", usd_a_gib)
        if usd_an_iops is not None:
            for group, usage, usd in _iops(type_, code, Decimal(str(usd_an_iops))):
                iops = {**named, "group": group, "usagetype": place.usage(usage)}
                self._sell(EC2, "System Operation", place, iops, "IOPS-Mo", usd)
        if usd_a_mib_a_second is not None:
            usage = place.usage(f"EBS:VolumeP-Throughput{code}")
            throughput = {**named, "group": "EBS Throughput", "usagetype": usage}
            # Volumes are provisioned by the MiB a second, and priced by the GiB.
            usd = Decimal(str(usd_a_mib_a_second)) * 1024
            self._sell(EC2, "Provisioned Throughput", place, throughput, "GiBps-mo", usd)

    def charge_public_ipv4(self, region_code: str, usd_an_hour: Price) -> None:
        """Sell public IPv4 addresses, in use, idle, and in contiguous blocks; raise `LookupError`."""
        place = region(region_code)
        for what, usd in (
            ("InUseAddress", Decimal(str(usd_an_hour))),
            ("IdleAddress", Decimal(str(usd_an_hour))),
            ("ContiguousBlock", Decimal(str(usd_an_hour)) * Decimal("1.6")),
        ):
            usage = f"{place.prefix}-PublicIPv4:{what}"  # with its prefix in us-east-1 too
            self._sell(VPC, None, place, {"group": "VPCPublicIPv4Address", "usagetype": usage}, "Hrs", usd)

    def _sell_instance(
        self, place: Region, type_: str, operating_system: str, usd: Price, chosen: Mapping[str, str]
    ) -> None:
        usage = USAGE[chosen["tenancy"], chosen["capacitystatus"]]
        attributes = {
            "instanceType": type_,
            "operatingSystem": operating_system,
            "operation": OPERATIONS[operating_system],
            "usagetype": place.usage(f"{usage}:{type_}"),
            "preInstalledSw": "NA",
            "licenseModel": "No License required",
            "marketoption": "OnDemand",
            **chosen,
        }
        self._sell(EC2, "Compute Instance", place, attributes, "Hrs", usd, can_be_reserved=usage == "BoxUsage")

    def _sell(
        self,
        service: str,
        family: str | None,
        place: Region,
        attributes: Mapping[str, str],
        unit: str,
        usd: Price,
        can_be_reserved: bool = False,
    ) -> None:
        where = {"location": place.location, "locationType": "AWS Region", "regionCode": place.code}
        product = Product(service, family, {**where, **attributes}, unit, usd, self._now(), can_be_reserved)
        self._products[service][product.sku] = product


def _iops(type_: str, code: str, usd: Decimal) -> Iterator[tuple[str, str, Decimal]]:
    """Yield the group, usage type and price of provisioned IOPS, in us-east-1."""
    yield "EBS IOPS", f"EBS:VolumeP-IOPS{code}", usd
    if type_ == "io2":
        for name, (suffix, share) in IO2_TIERS.items():
            yield f"EBS IOPS {name}", f"EBS:VolumeP-IOPS{code}.{suffix}", usd * share
