"""The rules by which instances are judged: presets, and what an operator decides."""

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

MB = 1_000_000  # bytes: the smaller megabyte calls fewer instances idle


class Statistic(StrEnum):
    """Which statistic of a day's CPU utilisation counts."""

    AVERAGE = "Average"
    MAXIMUM = "Maximum"


@dataclass(frozen=True)
class Limit:
    """What a day may reach and still be idle: the value itself only where it is ``included``."""

    value: float
    is_included: bool = False

    def admits(self, value: float) -> bool:
        """Say whether a value is still idle."""
        return value <= self.value if self.is_included else value < self.value


@dataclass(frozen=True)
class Preset:
    """One way of telling idle instances; ``cpu`` in percent, ``network`` in bytes a day, ``days`` of the window.

    Idle days are those on which both stay within their limits; ``idle_days`` of the window are enough, where it is
    given, else no day may be otherwise.
    """

    name: str
    statistic: Statistic
    cpu: Limit
    network: Limit | None = None
    days: int = 14
    idle_days: int | None = None

    def sees(self, grace: int) -> bool:
        """Say whether a busy day within so many days of grace is in sight at their end, or ends them itself."""
        return self.idle_days is None or grace <= self.days


# https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html#low-utilization-amazon-ec2-instances
# https://docs.aws.amazon.com/compute-optimizer/latest/ug/view-idle-recommendations.html
# https://docs.aws.amazon.com/cost-management/latest/userguide/understanding-rr-calc.html
PRESETS = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset("trusted-advisor", Statistic.AVERAGE, Limit(10, True), Limit(5 * MB, True), idle_days=4),
            Preset("compute-optimizer", Statistic.MAXIMUM, Limit(5), Limit(5 * MB)),
            Preset("cost-explorer", Statistic.MAXIMUM, Limit(1, True)),
        )
    }
)
DEFAULT_PRESET = PRESETS["compute-optimizer"]


@dataclass(frozen=True)
class Rules:
    """What an operator decides about idle instances.

    ``coverage`` is how many percent of the samples that could be there must be there before an instance is called idle;
    ``grace`` how many days lie between the notice and parking; ``zone`` the time zone of running hours that name none.
    """

    preset: Preset = DEFAULT_PRESET
    coverage: float = 70.0
    youngest: int = 14
    """How many days old an instance must be to be judged."""
    grace: int = 7
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    exempt_tags: frozenset[str] = frozenset()
    """Keys of tags that exempt an instance, whatever their values."""
    owner_tag: str = "Owner"
    suggests: bool = True
    """Whether running hours are suggested, which costs a look at hours as well as days."""

    def __post_init__(self) -> None:
        """Refuse a grace of which busy days could be out of sight at its end, where some are let pass."""
        if not self.preset.sees(self.grace):
            name, days = self.preset.name, self.preset.days
            raise ValueError(f"{self.grace} days of grace, of which {name} sees the last {days}")
