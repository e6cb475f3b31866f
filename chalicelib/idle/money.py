"""What an idle instance wastes: its price, what of that stopping would not save, and what may be paid already."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib.economics.prices import HOURS_A_MONTH, RegionPrices
from chalicelib.idle.findings import Judgement, Waste
from chalicelib.idle.model import Instance, Volume, midnight

ASSUMPTION = (
    "Prices are on demand. Reserved Instances and Savings Plans of the account are not looked at: where one pays for "
    "an instance already, stopping it saves nothing until something else uses that commitment."
)
OF_SHARED_TENANCY = "default"


def waste(judgement: Judgement, volumes: Iterable[Volume], prices: RegionPrices, now: datetime) -> Waste:
    """Return what an idle instance costs a month, and has cost since it is idle.

    A stopped instance still pays for its volumes and its Elastic IP addresses; an address that AWS lent it goes back:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html
    """
    instance, unpriced = judgement.instance, []
    hour = hourly(instance, prices)
    if hour is None:
        unpriced.append(_what(instance))
    storage = 0.0
    for volume in volumes:
        if price := prices.volumes.get(volume.type):
            storage += price.month(volume.size, volume.iops, volume.throughput)
        else:
            unpriced.append(f"{volume.type} volume {volume.id}")
    address = prices.public_ipv4
    if address is None and instance.public_ipv4s:
        unpriced.append("public IPv4 addresses")
    held = instance.elastic_ips * (address or 0.0)
    lent = (instance.public_ipv4s - instance.elastic_ips) * (address or 0.0)
    remains = storage + held * HOURS_A_MONTH
    if hour is None:
        return Waste(None, remains, unpriced=tuple(unpriced))
    saved = hour + lent
    return Waste(saved * HOURS_A_MONTH + remains, remains, saved * _idle_hours(judgement, now), tuple(unpriced))


def hourly(instance: Instance, prices: RegionPrices) -> float | None:
    """Return what an hour of an instance costs alone; None where nobody says."""
    is_usual = instance.tenancy == OF_SHARED_TENANCY and not instance.priced_apart
    return prices.hour(instance.platform, instance.type) if is_usual else None


def _what(instance: Instance) -> str:
    tenancy = "" if instance.tenancy == OF_SHARED_TENANCY else f" with {instance.tenancy} tenancy"
    apart = f" {instance.priced_apart}" if instance.priced_apart else ""
    return f"{instance.type} ({instance.platform}){tenancy}{apart}"


def _idle_hours(judgement: Judgement, now: datetime) -> float:
    """Return for how many hours it has run since it is idle, as far as CloudWatch saw it."""
    if judgement.idle_since is None:
        return 0.0
    return max(0.0, (now - midnight(judgement.idle_since)) / timedelta(hours=1)) * (judgement.coverage or 0.0) / 100
