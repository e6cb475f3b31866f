"""The job of idle instances: in one region, look, judge, plan, flag; and, once owners have been told, park."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import batched
from typing import Protocol

from chalicelib.errors import BadSettings, TryAgain, UnsafePlan
from chalicelib.idle import judging, marks
from chalicelib.idle.changes import Flag, Park, Plan, Unflag
from chalicelib.idle.findings import Judgement, Suggestion
from chalicelib.idle.model import FLAG, NOTICED, RUNNING_HOURS, Instance, Kind, Problem, Usage, Verdict, Volume, Window
from chalicelib.idle.plan import plan
from chalicelib.idle.rules import Rules, Statistic
from chalicelib.idle.suggesting import Profile, suggest
from chalicelib.reconcile import Carried, carry_out, guard

MOST_AT_ONCE = 50  # instances in a call: more make a refusal dearer than the calls that they save
LONGEST_PROFILE = 14  # days
UNANSWERED = "CloudWatch did not answer completely for it"
PROTECTED = "it is protected against being stopped"
MISTAKEN = "they look idle, and their days of grace are over"

type Check = Callable[[], None]
"""Raises TryAgain where the time of this run is over."""


class Region(Protocol):
    """Where instances run; what reads raises TryAgain and BadSettings, what changes something Refused and TryAgain."""

    name: str

    def running(self) -> list[Instance]:
        """Return all instances that run."""

    def some(self, ids: Collection[str]) -> list[Instance]:
        """Return those of some instances that run."""

    def kinds(self, types: Collection[str]) -> Mapping[str, Kind]:
        """Return what instance types are, of those that are known."""

    def volumes(self, ids: Collection[str]) -> Mapping[str, Volume]:
        """Return the volumes of some instances by their ids."""

    def is_stop_protected(self, id_: str) -> bool:
        """Say whether an instance is protected against being stopped."""

    def mark(self, ids: Collection[str], key: str, value: str) -> None:
        """Give some instances a tag; all or none."""

    def unmark(self, ids: Collection[str], keys: Iterable[str]) -> None:
        """Take tags away from some instances; all or none."""

    def stop(self, ids: Collection[str]) -> None:
        """Stop some instances; all or none."""


class Metrics(Protocol):
    """What CloudWatch has; an instance for which it does not answer completely is left out."""

    def usage(self, ids: Collection[str], window: Window, statistic: Statistic) -> Mapping[str, Usage]:
        """Return the days of instances; raise TryAgain, BadSettings."""

    def hours(self, ids: Collection[str], window: Window) -> Mapping[str, Profile]:
        """Return what instances did hour by hour; raise TryAgain, BadSettings."""

    def credits(self, ids: Collection[str], now: datetime) -> Mapping[str, float]:
        """Return the lowest balances of CPU credits within a day; raise TryAgain, BadSettings."""


@dataclass(frozen=True)
class Place:
    """One region, and what a job needs there; ``parking`` says whether the stack may stop instances at all."""

    region: Region
    metrics: Metrics
    parking: bool = False


@dataclass
class Outcome:
    """What one run saw, planned and did in one region."""

    window: Window
    judgements: tuple[Judgement, ...] = ()
    plan: Plan = field(default_factory=Plan)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    """Of those that are idle."""
    suggestions: Mapping[str, Suggestion] = field(default_factory=dict)
    """Of running hours, by instance; they have no price yet."""
    unsuggested: Problem | None = None
    """Why there are no suggestions, where there should be."""
    flagged: Carried[Flag] = field(default_factory=Carried)
    unflagged: Carried[Unflag] = field(default_factory=Carried)
    noted: Carried[str] = field(default_factory=Carried)
    parked: Carried[Park] = field(default_factory=Carried)
    unsafe: UnsafePlan | None = None
    carried_out: bool = False
    """Whether the plan was carried out; not so in a preview."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what an operator should know, and was left as it is."""
        return (*self.plan.problems, *([self.unsuggested] if self.unsuggested else []))

    @property
    def lacking(self) -> set[str]:
        """Return the ids of instances that are to be flagged, and are not."""
        return {each.instance.id for each in self.plan.flags} - {each.instance.id for each in self.flagged.landed}

    @property
    def undone(self) -> list[tuple[str, str]]:
        """Return the ids of instances for which something was not done, and why."""
        return [*_by_id(self.flagged), *_by_id(self.unflagged), *self.noted.undone, *_by_id(self.parked)]

    @property
    def is_complete(self) -> bool:
        """Whether everything that was planned was done."""
        return self.unsafe is None and not self.undone


def _by_id[C: (Flag, Unflag, Park)](carried: Carried[C]) -> list[tuple[str, str]]:
    return [(change.instance.id, reason) for change, reason in carried.undone]


def preview(place: Place, rules: Rules, now: datetime) -> Outcome:
    """Say what a run would do, and change nothing."""
    window = Window(now, rules.preset.days)
    judgements = look(place, place.region.running(), rules, window)
    idle = [each.instance.id for each in judgements if each.verdict is Verdict.IDLE]
    volumes = place.region.volumes(idle) if idle else {}
    outcome = Outcome(window, judgements, plan(judgements, rules, now, parking=place.parking), volumes)
    if rules.suggests:
        _suggest(place, outcome, rules)
    return outcome


def run(place: Place, rules: Rules, clock: Callable[[], datetime], check: Check, *, force: bool = False) -> Outcome:
    """Flag what is idle, take away flags that are not true any more, and stop what may be parked."""
    outcome = preview(place, rules, clock())
    outcome.carried_out = True
    region = place.region
    flags: list[list[Flag]] = [[flag] for flag in outcome.plan.flags]  # the tag of each is its own
    outcome.flagged = carry_out(flags, [], partial(_flag, region, check), bisect=False)
    unflags = batched(outcome.plan.unflags, MOST_AT_ONCE)
    outcome.unflagged = carry_out(unflags, [], partial(_unflag, region, check), bisect=True)
    if outcome.plan.parks:
        _park(place, outcome, rules, clock(), check, force=force)
    return outcome


def note(place: Place, outcome: Outcome, told: Collection[str], at: datetime, check: Check) -> None:
    """Note of each instance that is flagged and among those told of that its owner knows."""
    lacking = outcome.lacking
    news = [
        id_
        for id_, standing in outcome.plan.standing.items()
        if id_ in told and id_ not in lacking and standing.noticed is None
    ]

    def apply(ids: Collection[str]) -> None:
        check()
        place.region.mark(ids, NOTICED, marks.notice(at))

    outcome.noted = carry_out(batched(news, MOST_AT_ONCE), [], apply, bisect=True)


def _park(place: Place, outcome: Outcome, rules: Rules, now: datetime, check: Check, *, force: bool) -> None:
    """Look again at what is to be parked, and stop what still is as it was."""
    ids = [each.instance.id for each in outcome.plan.parks]
    try:
        again = look(place, place.region.some(ids), rules, Window(now, rules.preset.days))
    except TryAgain as reason:
        outcome.parked = Carried(postponed=[(each, str(reason)) for each in outcome.plan.parks])
        return
    parks = plan(again, rules, now, parking=place.parking).parks
    try:
        guard(len(parks), len(outcome.judgements), MISTAKEN, would="be stopped", force=force)
    except UnsafePlan as unsafe:
        outcome.unsafe = unsafe
    else:
        outcome.parked = carry_out(batched(parks, MOST_AT_ONCE), [], partial(_stop, place.region, check), bisect=True)


def _suggest(place: Place, outcome: Outcome, rules: Rules) -> None:
    """Add running hours for those that are busy by day alone; that hours cannot be read spoils no verdict."""
    now = outcome.window.now
    active = [each.instance for each in outcome.judgements if each.verdict is Verdict.ACTIVE]
    free = [each.id for each in active if RUNNING_HOURS not in each.tags]
    window = Window(now, min(LONGEST_PROFILE, outcome.window.days))
    try:
        profiles = place.metrics.hours(free, window) if free else {}
    except (TryAgain, BadSettings) as error:
        outcome.unsuggested = Problem(place.region.name, f"no running hours are suggested: {error}")
    else:
        found = {id_: suggestion for id_, profile in profiles.items() if (suggestion := suggest(profile, rules, now))}
        outcome.suggestions = {
            id_: Suggestion(str(hours), because, hours.off_hours_a_week) for id_, (hours, because) in found.items()
        }


def look(place: Place, instances: Iterable[Instance], rules: Rules, window: Window) -> tuple[Judgement, ...]:
    """Return the verdicts on instances, in the order of their ids."""
    instances = sorted(instances, key=lambda each: each.id)
    verdicts = {each.id: excuse for each in instances if (excuse := judging.excuse(each, rules, window))}
    asked = [each for each in instances if each.id not in verdicts]
    usage = place.metrics.usage([each.id for each in asked], window, rules.preset.statistic) if asked else {}
    for each in asked:
        verdicts[each.id] = _judged(each, usage, window, rules)
    verdicts |= _looked_at_closer(place, [each for each in verdicts.values() if each.verdict is Verdict.IDLE], window)
    return tuple(verdicts[each.id] for each in instances)


def _judged(instance: Instance, usage: Mapping[str, Usage], window: Window, rules: Rules) -> Judgement:
    if instance.id not in usage:
        return Judgement(instance, Verdict.INSUFFICIENT_DATA, UNANSWERED)
    return judging.judge(instance, usage[instance.id], window, rules)


def _looked_at_closer(place: Place, idle: Collection[Judgement], window: Window) -> dict[str, Judgement]:
    """Return the verdicts on those that look idle, with what only matters of such: it costs calls for each."""
    if not idle:
        return {}
    kinds = place.region.kinds({each.instance.type for each in idle})
    kind = {each.instance.id: kinds.get(each.instance.type, Kind()) for each in idle}
    burstable = [id_ for id_, each in kind.items() if each.is_burstable]
    balances = place.metrics.credits(burstable, window.now) if burstable else {}
    closer = {}
    for each in idle:
        id_ = each.instance.id
        if place.region.is_stop_protected(id_):
            closer[id_] = replace(each, verdict=Verdict.EXEMPT, because=PROTECTED, idle_since=None)
        else:
            closer[id_] = replace(each, caveats=tuple(_caveats(kind[id_], balances.get(id_))))
    return closer


def _caveats(kind: Kind, balance: float | None) -> Iterable[str]:
    if kind.gpus:
        yield f"its {kind.gpus} GPUs may be at work: CPU and network say little about them"
    if kind.is_burstable:
        said = "CloudWatch has no balance of it" if balance is None else f"it has {balance:,.0f} saved"
        yield f"it is paid for bursts by CPU credits: {said}"


def _flag(region: Region, check: Check, flags: Sequence[Flag]) -> None:
    check()
    for each in flags:
        region.mark([each.instance.id], FLAG, each.value)


def _unflag(region: Region, check: Check, unflags: Sequence[Unflag]) -> None:
    check()
    region.unmark([each.instance.id for each in unflags], (FLAG, NOTICED))


def _stop(region: Region, check: Check, parks: Sequence[Park]) -> None:
    check()
    region.stop([each.instance.id for each in parks])
