"""What is found: each instance with its verdict, what it wastes, and what happens next; and the report of all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from chalicelib.economics.prices import Origin
from chalicelib.idle.model import Instance, Usage, Verdict
from chalicelib.idle.rules import Rules
from chalicelib.problem import Problem

NOBODY = "(no owner)"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of one instance: ``coverage`` in percent; peaks over the window, ``network`` in bytes a day."""

    instance: Instance
    verdict: Verdict
    because: str
    coverage: float | None = None
    """None where nothing was looked at: of an instance that is exempt or too young."""
    cpu: float | None = None
    network: float | None = None
    idle_since: date | None = None
    usage: Usage = ()
    caveats: tuple[str, ...] = ()
    """What should be known before it is called waste: burst credits, GPUs."""
    cannot_park: str = ""
    """Why it is not stopped, whatever its people say; empty where it may be."""
    unknown: str = ""
    """Why it is not known whether it may be stopped; empty where that is known."""


@dataclass(frozen=True, slots=True)
class Waste:
    """What an idle instance costs, in USD a month of 730 hours; None where there is no price.

    ``gross`` is what it costs with its volumes and its public addresses; ``remains`` what of that is still paid when it
    is stopped. ``since_idle`` is net, up to now.
    """

    gross: float | None
    remains: float | None
    since_idle: float | None = None
    unpriced: tuple[str, ...] = ()
    """What has no price, and so is in none of the sums."""

    @property
    def net(self) -> float | None:
        """Return what stopping it would save a month."""
        return None if self.gross is None or self.remains is None else self.gross - self.remains


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Running hours that an instance that is busy by day alone could have, and what they would save, in USD a month."""

    hours: str
    """As the tag would say it."""
    because: str
    off_hours_a_week: float
    net: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One instance of the report."""

    region: str
    owner: str
    judgement: Judgement
    waste: Waste | None = None
    """Of one that is idle."""
    flagged: date | None = None
    noticed: date | None = None
    next_step: str = ""
    """What happens if nobody objects, in a sentence."""
    suggestion: Suggestion | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it is called idle."""
        return self.judgement.verdict is Verdict.IDLE

    @property
    def net(self) -> float:
        """Return what is known to be saved a month; 0 where nothing is known: see ``waste`` for which it is."""
        return (self.waste and self.waste.net) or 0.0


@dataclass(frozen=True, slots=True)
class Stopped:
    """One that an earlier run has stopped, and of which its owner has not been told yet."""

    region: str
    owner: str
    instance: Instance
    on: date


@dataclass(frozen=True)
class OwnerTotal:
    """What the idle instances of one owner waste a month; ``unpriced`` counts those without a price."""

    owner: str
    instances: int
    net: float
    unpriced: int = 0


@dataclass(frozen=True)
class Report:
    """All that was found at one moment. ``errors`` says by region why it was not read."""

    at: datetime
    account: str
    rules: Rules
    findings: tuple[Finding, ...]
    errors: Mapping[str, str] = field(default_factory=dict)
    stopped: tuple[Stopped, ...] = ()
    problems: tuple[Problem, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """By region, where its prices come from."""
    assumption: str = ""
    """What is taken for granted about what Reserved Instances and Savings Plans may already pay."""
    kept_at: str = ""
    """Where the whole of it can be read; empty where it is not kept."""

    @property
    def idle(self) -> tuple[Finding, ...]:
        """Return the idle ones, those that waste most first."""
        found = (each for each in self.findings if each.is_idle)
        return tuple(sorted(found, key=lambda each: (-each.net, each.region, each.judgement.instance.id)))

    @property
    def counts(self) -> dict[Verdict, int]:
        """Count the instances of each verdict."""
        counts = dict.fromkeys(Verdict, 0)
        for each in self.findings:
            counts[each.judgement.verdict] += 1
        return counts

    @property
    def owners(self) -> tuple[OwnerTotal, ...]:
        """Return what each owner's idle instances waste, the most first."""
        by_owner: dict[str, list[Finding]] = {}
        for each in self.idle:
            by_owner.setdefault(each.owner, []).append(each)
        totals = [
            OwnerTotal(owner, len(some), sum(each.net for each in some), sum(_is_unpriced(each) for each in some))
            for owner, some in by_owner.items()
        ]
        return tuple(sorted(totals, key=lambda total: (-total.net, total.owner)))


def _is_unpriced(finding: Finding) -> bool:
    return finding.waste is None or finding.waste.net is None
