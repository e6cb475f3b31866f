"""What snapshots of a volume cost: increments in the standard tier, against whole copies in the archive tier."""

import math
from dataclasses import dataclass

from chalicelib.economics.answers import Answer, BreakEven, Line, Series, check, need, percent, spread, usd
from chalicelib.economics.prices import RegionPrices, SnapshotPrice

STANDARD, ARCHIVE = "all in the standard tier", "older ones archived"
# https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-archive-pricing-billing.html
_NOTES = (
    "At most: increments count as if no block changed twice between two snapshots, and nothing is compressed.",
    "The newest stays in the standard tier; an archived one is a whole copy, and needs no other.",
)


@dataclass(frozen=True)
class Keeping:
    """A volume of ``gib``, of which ``change`` GiB change a day; ``kept`` snapshots, one every ``every`` days."""

    gib: float = 100
    change: float = 2
    kept: int = 12
    every: float = 30

    def check(self) -> None:
        """Raise BadRequest where an input cannot be."""
        check("gib", self.gib, 1, 65_536)
        check("change", self.change, 0, 65_536)
        check("kept", self.kept, 1, 1_000)
        check("every", self.every, 0.01, 3_650)

    def increment(self, change: float) -> float:
        """Return how many GiB of one snapshot the one before it does not have, if ``change`` change a day."""
        return min(self.gib, change * self.every)


def answer(wanted: Keeping, prices: RegionPrices) -> Answer:
    """Say what the snapshots cost in each tier, and which costs less.

    Raises:
        BadRequest: an input cannot be, or the region has no price of snapshots.
    """
    wanted.check()
    price = need("region", prices.snapshots, "snapshots", prices.origin)
    standard, archived = _standard(wanted, wanted.change, price), _archived(wanted, price)
    restore = None if price.archive_restore is None else wanted.gib * price.archive_restore
    return Answer(
        "Keeping snapshots of a volume",
        (
            Line("volume", wanted.gib, "GiB"),
            Line("changes", wanted.change, "GiB a day"),
            Line("snapshots kept", wanted.kept),
            Line("one every", wanted.every, "days"),
        ),
        (
            Line("one increment", wanted.increment(wanted.change), "GiB"),
            Line(STANDARD, standard, "USD a month"),
            Line(ARCHIVE, archived, "USD a month"),
            Line("bringing an archived one back", restore, "USD"),
            Line("archiving pays from", _break_even(wanted, price), "GiB a day"),
        ),
        _because(standard, archived),
        _series(wanted, price),
        prices.origin,
        _NOTES,
    )


def _standard(wanted: Keeping, change: float, price: SnapshotPrice) -> float:
    return (wanted.gib + (wanted.kept - 1) * wanted.increment(change)) * price.standard


def _archived(wanted: Keeping, price: SnapshotPrice) -> float | None:
    """Return what it costs with the newest in the standard tier, and the others whole in the archive."""
    if price.archive is None:
        return None
    return wanted.gib * price.standard + (wanted.kept - 1) * wanted.gib * price.archive * _least(wanted, price)


def _least(wanted: Keeping, price: SnapshotPrice) -> float:
    """Return how many times its stay an archived snapshot is paid for, where it is shorter than the least."""
    stays = wanted.every * max(1, wanted.kept - 1)
    return max(1.0, price.archive_least_days / stays)


def _break_even(wanted: Keeping, price: SnapshotPrice) -> float | str | None:
    """Return how many GiB must change a day for an increment to cost what a whole copy in the archive does."""
    if price.archive is None:
        return None
    part = price.archive * _least(wanted, price) / price.standard if price.standard else math.inf
    return wanted.gib * part / wanted.every if part < 1 and wanted.kept > 1 else "never"


def _because(standard: float, archived: float | None) -> str:
    if archived is None:
        return f"All in the standard tier cost {usd(standard)} a month; there is no price of an archive tier."
    less, more = min(standard, archived), max(standard, archived)
    if less == more:
        return f"Both cost {usd(less)} a month."
    name = "Archiving the older ones" if archived < standard else "Keeping all in the standard tier"
    return f"{name} costs less: {usd(less)} a month instead of {usd(more)}, which is {percent(more - less, more)} less."


def _series(wanted: Keeping, price: SnapshotPrice) -> Series:
    met, archived = _break_even(wanted, price), _archived(wanted, price)
    found = met if isinstance(met, float) else 0.0
    x = spread(max(2 * wanted.change, 1.5 * found, wanted.gib / wanted.every / 2))
    lines = {STANDARD: tuple(_standard(wanted, change, price) for change in x)}
    if archived is not None:
        lines[ARCHIVE] = tuple(archived for _ in x)
    point = BreakEven(found, archived, (STANDARD, ARCHIVE)) if found and archived is not None else None
    return Series("GiB that change a day", "USD a month", x, lines, point)
