"""The job of idle instances: in one region, look, judge, plan, flag; and, once owners have been told, park."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from typing import Protocol

from chalicelib.errors import BadSettings, TryAgain, UnsafePlan
from chalicelib.idle import marks
from chalicelib.idle.changes import Flag, Note, Park, Plan, Unflag
from chalicelib.idle.findings import Judgement, Suggestion
from chalicelib.idle.hours.suggesting import Profile, suggest
from chalicelib.idle.looking import Kinds, Measured, Seen, look
from chalicelib.idle.model import FLAG, MOST_AT_ONCE, NOTICED, RUNNING_HOURS, Instance, Kind, Verdict, Volume, Window
from chalicelib.idle.plan import MAY_NOT_PARK, Parking, plan
from chalicelib.idle.rules import Rules
from chalicelib.lease.turn import Turn
from chalicelib.problem import Problem
from chalicelib.reconcile import Carried, carry_out, guard, in_batches

LONGEST_PROFILE = 14  # days
LEFT_FOR_THE_REST = 200.0  # seconds that flags and suggestions leave for parking, prices, the report and the digest
MISTAKEN = "they look idle, and their days of grace are over"


class Region(Seen, Protocol):
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

    def mark(self, ids: Collection[str], key: str, value: str) -> None:
        """Give some instances a tag; all or none."""

    def unmark(self, ids: Collection[str], keys: Iterable[str]) -> None:
        """Take tags away from some instances; all or none."""

    def stopped(self, key: str, value: str) -> list[Instance]:
        """Return those that are stopped, or are about to be, and have a tag; ``value`` may have wildcards."""

    def stop(self, ids: Collection[str]) -> None:
        """Stop some instances; all or none."""


class Metrics(Measured, Protocol):
    """What CloudWatch has; an instance for which it does not answer completely is left out."""

    def hours(self, ids: Collection[str], window: Window) -> Iterable[tuple[str, Profile]]:
        """Yield what each instance did hour by hour; raise TryAgain, BadSettings."""


@dataclass(frozen=True)
class Place:
    """One region, and what a job needs there."""

    region: Region
    metrics: Metrics
    parking: Parking = MAY_NOT_PARK
    flagging: bool = True
    """Whether it may tag them; where it may not, it only says what it would do."""

    @property
    def parks(self) -> Parking:
        """Return whether instances may be stopped: never where they may not even be tagged."""
        return self.parking if self.flagging else MAY_NOT_PARK


@dataclass
class Outcome:
    """What one run saw, planned and did in one region."""

    window: Window
    judgements: tuple[Judgement, ...] = ()
    plan: Plan = field(default_factory=Plan)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    """Of those that are idle."""
    stopped: tuple[tuple[Instance, marks.Notice], ...] = ()
    """Those that an earlier run has stopped, and of which their owners have not been told, each with its notice."""
    suggestions: dict[str, Suggestion] = field(default_factory=dict)
    """Of running hours, by instance; they have no price yet."""
    unsuggested: Problem | None = None
    """Why there are no suggestions, where there should be."""
    flagged: Carried[Flag] = field(default_factory=Carried)
    unflagged: Carried[Unflag] = field(default_factory=Carried)
    noted: Carried[Note] = field(default_factory=Carried)
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
        carried = (*_by_id(self.flagged), *_by_id(self.unflagged), *_by_id(self.noted), *_by_id(self.parked))
        return [*carried, *self._held]

    @property
    def is_complete(self) -> bool:
        """Whether everything was done that can be; what EC2 refuses it will refuse again, and that is said."""
        carried = (self.flagged, self.unflagged, self.noted, self.parked)
        return self.unsafe is None and not self._held and not any(each.postponed for each in carried)

    @property
    def _held(self) -> list[tuple[str, str]]:
        return [(id_, each.held) for id_, each in self.plan.standing.items() if each.held]


def _by_id[C: (Flag, Unflag, Note, Park)](carried: Carried[C]) -> list[tuple[str, str]]:
    return [(change.instance.id, reason) for change, reason in carried.undone]


def preview(place: Place, rules: Rules, now: datetime) -> Outcome:
    """Say what a run would do, and change nothing."""
    outcome, kinds = _planned(place, rules, now)
    _suggest(place, outcome, kinds, rules, _nobody_waits)
    return outcome


def _nobody_waits() -> None:
    """Let a preview take its time."""


def run(place: Place, rules: Rules, clock: Callable[[], datetime], turn: Turn, *, force: bool = False) -> Outcome:
    """Flag what is idle, take away flags that are not true any more, and stop what may be parked."""
    outcome, kinds = _planned(place, rules, clock())
    if place.flagging:
        _carry_out(place, outcome, turn)
        if outcome.plan.parks:
            _park(place, outcome, kinds, rules, clock(), turn, force=force)
    _suggest(place, outcome, kinds, rules, partial(turn.check, LEFT_FOR_THE_REST))
    return outcome


def _carry_out(place: Place, outcome: Outcome, turn: Turn) -> None:
    """Take away flags that are not true any more, keep notices true, and flag what is idle."""
    outcome.carried_out = True
    region = place.region
    outcome.unflagged = in_batches(outcome.plan.unflags, MOST_AT_ONCE, partial(_unflag, region, turn))
    outcome.noted = _write(region, outcome.plan.notes, turn)
    flags: list[list[Flag]] = [[flag] for flag in outcome.plan.flags]  # the tag of each is its own
    outcome.flagged = carry_out(flags, [], partial(_flag, region, turn), bisect=False)


def _write(region: Region, notes: Iterable[Note], turn: Turn) -> Carried[Note]:
    """Write notes, those that say the same at once."""
    written: Carried[Note] = Carried()
    for some in _by_value(notes).values():
        written += in_batches(some, MOST_AT_ONCE, partial(_note, region, turn))
    return written


def _by_value[C: (Note, Park)](changes: Iterable[C]) -> dict[str, list[C]]:
    alike: dict[str, list[C]] = {}
    for each in changes:
        alike.setdefault(each.value, []).append(each)
    return alike


def _planned(place: Place, rules: Rules, now: datetime) -> tuple[Outcome, Kinds]:
    window = Window(now, rules.preset.days)
    instances = place.region.running()
    kinds = _asked_once(place.region, {each.type for each in instances})
    judgements = look(place.region, place.metrics, instances, kinds, rules, window)
    idle = [each.instance.id for each in judgements if each.verdict is Verdict.IDLE]
    volumes = place.region.volumes(idle) if idle else {}
    made = plan(judgements, rules, now, place.parks)
    return Outcome(window, judgements, made, volumes, _untold(place, now)), kinds


def _untold(place: Place, now: datetime) -> tuple[tuple[Instance, marks.Notice], ...]:
    """Return what earlier runs have stopped of which nobody was told: the message of that day did not go out."""
    if not place.flagging:
        return ()
    found = [(each, marks.stopping(each, now)) for each in place.region.stopped(NOTICED, marks.STOPPING)]
    return tuple((instance, notice) for instance, notice in found if notice)


def _asked_once(region: Region, types: Collection[str]) -> Kinds:
    """Return what asks EC2 for all the types when one of them first matters, and remembers them for the run."""
    return cache(lambda: region.kinds(types))


def note(place: Place, outcome: Outcome, told: Collection[str], at: datetime, turn: Turn) -> None:
    """Note of each instance that is flagged and among those told of that its owner knows."""
    if not place.flagging:
        return
    instances = {each.instance.id: each.instance for each in outcome.judgements}
    news = [
        Note(instances[id_], standing.told(at).value)
        for id_, standing in outcome.plan.standing.items()
        if id_ in told and id_ not in outcome.lacking and standing.is_news
    ]
    ended = [Note(each, replace(said, is_stopping=False).value) for each, said in _ended(outcome) if each.id in told]
    outcome.noted += _write(place.region, [*news, *ended], turn)


def _ended(outcome: Outcome) -> list[tuple[Instance, marks.Notice]]:
    """Return all that were stopped, by this run or before, with the notices that say so."""
    return [*outcome.stopped, *((park.instance, park.notice) for park in outcome.parked.landed)]


def _park(
    place: Place, outcome: Outcome, kinds: Kinds, rules: Rules, now: datetime, turn: Turn, *, force: bool
) -> None:
    """Look again at what is to be parked, and stop what still is as it was."""
    ids = [each.instance.id for each in outcome.plan.parks]
    try:
        window = Window(now, rules.preset.days)
        again = look(place.region, place.metrics, place.region.some(ids), kinds, rules, window)
    except TryAgain as reason:
        outcome.parked = Carried(postponed=[(each, str(reason)) for each in outcome.plan.parks])
        return
    parks = plan(again, rules, now, place.parks).parks
    try:
        guard(len(parks), len(outcome.judgements), MISTAKEN, would="be stopped", force=force)
    except UnsafePlan as unsafe:
        outcome.unsafe = unsafe
        outcome.noted += _write(place.region, [Note(each.instance, each.notice.value) for each in parks], turn)
    else:
        apply = partial(_stop, place.region, turn)
        outcome.parked = in_batches(parks, MOST_AT_ONCE, apply)


def _suggest(place: Place, outcome: Outcome, kinds: Kinds, rules: Rules, check: Callable[[], None]) -> None:
    """Add running hours for those that are busy by day alone; that hours cannot be read spoils no verdict."""
    now = outcome.window.now
    active = [each.instance for each in outcome.judgements if each.verdict is Verdict.ACTIVE]
    free = {each.id: each.type for each in active if RUNNING_HOURS not in each.tags} if rules.suggests else {}
    try:
        known = kinds() if free else {}
        ids = [id_ for id_, type_ in free.items() if type_ in known and not known[type_].has_instance_store]
        window = Window(now, min(LONGEST_PROFILE, outcome.window.days))
        for id_, profile in place.metrics.hours(ids, window) if ids else ():
            check()
            if found := suggest(profile, rules, now):
                hours, because = found
                outcome.suggestions[id_] = Suggestion(str(hours), because, hours.off_hours_a_week)
    except (TryAgain, BadSettings) as error:
        outcome.unsuggested = Problem(place.region.name, f"no running hours are suggested: {error}")


def _flag(region: Region, turn: Turn, flags: Sequence[Flag]) -> None:
    turn.check(LEFT_FOR_THE_REST)
    for each in flags:
        region.mark([each.instance.id], FLAG, each.value)


def _unflag(region: Region, turn: Turn, unflags: Sequence[Unflag]) -> None:
    turn.check()
    region.unmark([each.instance.id for each in unflags], (FLAG, NOTICED))


def _note(region: Region, turn: Turn, notes: Sequence[Note]) -> None:
    turn.check()
    region.mark([each.instance.id for each in notes], NOTICED, notes[0].value)


def _stop(region: Region, turn: Turn, parks: Sequence[Park]) -> None:
    """Stop some, of which it is noted first that we have set out to: that outlives this run, whatever becomes of it."""
    turn.check()
    for value, alike in _by_value(parks).items():
        region.mark([each.instance.id for each in alike], NOTICED, value)
    region.stop([each.instance.id for each in parks])
