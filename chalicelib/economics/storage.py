"""What objects cost a month in one S3 storage class: all that is charged for, and the objects that are made again."""

from dataclasses import dataclass

from chalicelib.economics.prices import StoragePrice

GB = 1_000_000_000  # bytes: decimal, as the published example counts
KB = 1_000
KIB = 1_024
DAYS_A_MONTH = 365 / 12


@dataclass(frozen=True)
class Objects:
    """``count`` objects of ``kb`` (1,000 bytes), each read ``reads`` times a month and replaced after ``days``."""

    count: float
    kb: float
    reads: float
    days: float

    @property
    def gb(self) -> float:
        """Return how many GB they are together."""
        return self.count * self.kb * KB / GB


@dataclass(frozen=True)
class Month:
    """What a month costs, in USD."""

    storage: float
    requests: float
    retrieval: float
    monitoring: float
    recreation: float

    @property
    def total(self) -> float:
        """Return the sum."""
        return self.before_recreation + self.recreation

    @property
    def before_recreation(self) -> float:
        """Return the sum without what making lost objects again costs."""
        return self.storage + self.requests + self.retrieval + self.monitoring


def month(price: StoragePrice, objects: Objects, recreating_one: float) -> Month:
    """Return what objects cost a month; making a lost one again costs ``recreating_one`` and a request."""
    made = objects.count * DAYS_A_MONTH / objects.days
    lost = losses(price, objects.count)
    return Month(
        storage=_billed_gb(price, objects) * _gb_month(price, objects),
        requests=(made * price.put + objects.count * objects.reads * price.get) / 1_000,
        retrieval=objects.gb * objects.reads * price.retrieval,
        monitoring=objects.count / 1_000 * price.monitoring if _is_monitored(price, objects) else 0.0,
        recreation=lost * (recreating_one + price.put / 1_000),
    )


def losses(price: StoragePrice, count: float) -> float:
    """Return how many of so many objects are lost in a month."""
    return count * price.yearly_loss / 12


def _billed_gb(price: StoragePrice, objects: Objects) -> float:
    """Return how many GB are paid for: small objects as larger ones, and those replaced early as if they had stayed."""
    size = max(objects.kb * KB, price.least_kb * KIB)
    return objects.count * size / GB * max(1.0, price.least_days / objects.days)


def _gb_month(price: StoragePrice, objects: Objects) -> float:
    """Return what a GB costs a month, where some are read so seldom that they move to a tier that costs less."""
    if price.rarely is None or not _is_monitored(price, objects):
        return price.gb
    read = min(1.0, objects.reads)
    return read * price.gb + (1 - read) * price.rarely


def _is_monitored(price: StoragePrice, objects: Objects) -> bool:
    return objects.kb * KB >= price.monitored_kb * KIB
