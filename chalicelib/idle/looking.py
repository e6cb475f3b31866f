"""The look at instances: verdicts by what EC2 and CloudWatch say, and what matters only of those that look idle."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from chalicelib.errors import TryAgain
from chalicelib.idle import judging, marks
from chalicelib.idle.findings import Judgement
from chalicelib.idle.model import Instance, Kind, Usage, Verdict, Window
from chalicelib.idle.rules import Rules, Statistic

UNANSWERED = "CloudWatch did not answer completely for it"
PROTECTED = "it is protected against being stopped"
STORE_ERASED = "that would erase its instance store"
STORE_UNKNOWN = "EC2 does not know its type, so that might erase an instance store"


type Kinds = Callable[[], Mapping[str, Kind]]
"""Says what the types of all instances are that run, of those that are known; raises TryAgain and BadSettings."""


class Seen(Protocol):
    """What is looked at in a region; each method raises TryAgain and BadSettings."""

    def is_stop_protected(self, id_: str) -> bool:
        """Say whether an instance is protected against being stopped."""


class Measured(Protocol):
    """What CloudWatch has; an instance for which it does not answer completely is left out."""

    def usage(self, ids: Collection[str], window: Window, statistic: Statistic) -> Mapping[str, Usage]:
        """Return the days of instances; raise TryAgain, BadSettings."""

    def credits(self, ids: Collection[str], now: datetime) -> Mapping[str, float]:
        """Return the lowest balances of CPU credits within a day; raise TryAgain, BadSettings."""


def look(
    region: Seen, metrics: Measured, instances: Iterable[Instance], kinds: Kinds, rules: Rules, window: Window
) -> tuple[Judgement, ...]:
    """Return the verdicts on instances, in the order of their ids; raise TryAgain, BadSettings."""
    instances = sorted(instances, key=lambda each: each.id)
    verdicts = {each.id: excuse for each in instances if (excuse := judging.excuse(each, rules, window))}
    asked = [each for each in instances if each.id not in verdicts]
    usage = metrics.usage([each.id for each in asked], window, rules.preset.statistic) if asked else {}
    verdicts |= {each.id: _judged(each, usage, window, rules) for each in asked}
    idle = [each for each in verdicts.values() if each.verdict is Verdict.IDLE]
    if idle:
        verdicts |= _closer(region, metrics, idle, kinds(), window.now)
    return tuple(verdicts[each.id] for each in instances)


def _judged(instance: Instance, usage: Mapping[str, Usage], window: Window, rules: Rules) -> Judgement:
    if instance.id not in usage:
        return Judgement(instance, Verdict.INSUFFICIENT_DATA, UNANSWERED)
    return judging.judge(instance, usage[instance.id], window, rules)


def _closer(
    region: Seen, metrics: Measured, idle: Collection[Judgement], kinds: Mapping[str, Kind], now: datetime
) -> dict[str, Judgement]:
    """Return the verdicts on those that look idle, with what only matters of such: it costs calls for each."""
    kind = {each.instance.id: kinds.get(each.instance.type) for each in idle}
    burstable = [id_ for id_, each in kind.items() if each and each.is_burstable]
    balances = metrics.credits(burstable, now) if burstable else {}
    # Those for which it decides something come first: the time for looks may run out.
    in_turn = sorted(idle, key=lambda each: not _decides(each.instance, now))
    return {
        each.instance.id: _protected(
            region, _with_caveats(each, kind[each.instance.id], balances.get(each.instance.id)), now
        )
        for each in in_turn
    }


def _with_caveats(judgement: Judgement, kind: Kind | None, balance: float | None) -> Judgement:
    if kind is None:
        return replace(judgement, caveats=(f"it is not parked: {STORE_UNKNOWN}",), cannot_park=STORE_UNKNOWN)
    caveats = []
    if kind.gpus:
        caveats.append(f"its {kind.gpus} GPUs may be at work: CPU and network say little about them")
    if kind.is_burstable:
        said = "CloudWatch has no balance of it" if balance is None else f"it has {balance:,.0f} saved"
        caveats.append(f"it is paid for bursts by CPU credits: {said}")
    if kind.has_instance_store:
        caveats.append(f"it is not parked, since {STORE_ERASED}")
    return replace(judgement, caveats=tuple(caveats), cannot_park=STORE_ERASED if kind.has_instance_store else "")


def _protected(region: Seen, judgement: Judgement, now: datetime) -> Judgement:
    """Return the verdict with whether the instance is protected, or that it is unknown: the time may run out."""
    try:
        is_protected = region.is_stop_protected(judgement.instance.id)
    except TryAgain as reason:
        if not _decides(judgement.instance, now):
            return judgement
        unknown = f"whether it is protected against being stopped is not known: {reason}"
        return replace(judgement, caveats=(*judgement.caveats, unknown), unknown=unknown)
    if is_protected:
        return replace(judgement, verdict=Verdict.EXEMPT, because=PROTECTED, idle_since=None)
    return judgement


def _decides(instance: Instance, now: datetime) -> bool:
    """Say whether more hangs on that than a flag that stands: one that is new, or a stop."""
    return marks.flag(instance, now) is None or marks.wish(instance, now.date()).parks
