"""Idle instances as a whole: every region, for real or as a dry run; what triggers and the command line ask for."""

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Protocol

from chalicelib import reconcile
from chalicelib.clock import now
from chalicelib.economics.quotes import Quote
from chalicelib.errors import GroundskeeperError
from chalicelib.idle import assembling, job
from chalicelib.idle.documents import digest, export, page
from chalicelib.idle.documents.digest import Digest
from chalicelib.idle.findings import Report
from chalicelib.idle.job import Outcome, Place
from chalicelib.idle.model import Verdict
from chalicelib.idle.plan import MAY_NOT_PARK, MAY_PARK, Parking
from chalicelib.idle.rules import Rules
from chalicelib.lease.turn import Turn
from chalicelib.problem import Problem

NOT_TOLD = "owners were not told"
NOBODY_LISTENS = "nobody has subscribed to the topic of idle instances; without a notice nothing is parked"
NOT_PARKED = f"nothing: {NOBODY_LISTENS}"


class Prices(Protocol):
    """What things cost."""

    def region(self, name: str, wanted: Collection[tuple[str, str]]) -> Quote:
        """Return a region's prices, of these platforms and types of instances."""


class Topic(Protocol):
    """Where owners are told; each method raises TryAgain."""

    def listeners(self) -> int:
        """Return how many subscriptions are confirmed."""

    def publish(self, subject: str, body: str) -> None:
        """Publish one message."""


class Store(Protocol):
    """Where reports are kept."""

    def put(self, day: date, documents: Mapping[str, str]) -> str:
        """Keep the documents of a day by their formats, and return where they are; raise TryAgain."""


class Position(Protocol):
    """What was done last."""

    def read(self) -> str:
        """Return it; raise TryAgain."""

    def write(self, after: str) -> None:
        """Keep it; raise TryAgain."""


@dataclass
class Judged:
    """What became of each region, or the error that kept it from that; the report, and whether owners were told."""

    outcomes: Mapping[str, Outcome]
    errors: dict[str, GroundskeeperError]
    report: Report
    told: Digest | None = None
    problems: list[Problem] = field(default_factory=list)
    """What kept the last steps from being done."""
    hints: list[Problem] = field(default_factory=list)
    """What an operator should know, and is no failure."""

    @property
    def is_good(self) -> bool:
        """Whether everything was seen, and everything that was planned was done."""
        return not self.errors and not self.problems and all(each.is_complete for each in self.outcomes.values())


@dataclass(frozen=True)
class Idle:
    """The regions of a stack, and what makes up each."""

    stack: str
    account: str
    regions: tuple[str, ...]
    rules: Callable[[], Rules]
    """Returns the rules in force; raises BadDefinition, TryAgain."""
    place: Callable[[str], Place]
    prices: Callable[[], Prices]
    """Returns those in force; raises BadDefinition, TryAgain."""
    topic: Topic
    store: Store
    last_told: Position
    turn: Callable[[], AbstractContextManager[Turn]]
    """Keeps other runs from telling and parking at the same time."""
    parks: bool = False
    """Whether the stack may stop instances at all."""
    is_dry_run: bool = False
    clock: Callable[[], datetime] = now

    def preview(self) -> Judged:
        """Say what a run would do, and change nothing."""
        rules, at, parking = self.rules(), self.clock(), self._parking()
        judged = self._judge(lambda place: job.preview(place, rules, at), rules, at, parking)
        if parking.held:
            judged.problems.append(Problem(NOT_TOLD, parking.held))
        if parking.denied == NOT_PARKED and judged.report.idle:
            judged.hints.append(Problem(NOT_TOLD, NOBODY_LISTENS))
        return judged

    def run(self, *, force: bool = False) -> Judged:
        """Judge, flag, park what may be parked, tell owners once a day, and keep the report.

        A region that fails spoils none of the others. Raises TryAgain where another run is at work.
        """
        if self.is_dry_run:
            return self.preview()
        with self.turn() as turn:
            rules, at, parking = self.rules(), self.clock(), self._parking()
            judged = self._judge(lambda place: job.run(place, rules, self.clock, turn, force=force), rules, at, parking)
            self._attempt(judged, "the report was not kept", lambda: self._keep(judged))
            self._attempt(judged, NOT_TOLD, lambda: self._tell(judged, parking, turn))
            self._attempt(judged, "that owners were told was not noted", lambda: self._note(judged, turn))
        return judged

    def _parking(self) -> Parking:
        """Return whether instances may be stopped: never where nobody would hear of it."""
        if not self.parks:
            return MAY_NOT_PARK
        try:
            return MAY_PARK if self.topic.listeners() else Parking(denied=NOT_PARKED)
        except GroundskeeperError as reason:
            return Parking(held=f"whether anybody would be told is not known: {reason}")

    def _judge(self, run: Callable[[Place], Outcome], rules: Rules, at: datetime, parking: Parking) -> Judged:
        prices = self.prices()  # first: where they cannot be read, nothing has been changed of which nobody would hear

        def run_there(name: str) -> Outcome:
            return run(replace(self.place(name), parking=parking))

        outcomes, errors = reconcile.each(self.regions, run_there, at_once=reconcile.AT_ONCE)
        quotes = {name: prices.region(name, wanted(outcome)) for name, outcome in outcomes.items()}
        return Judged(outcomes, errors, assembling.report(outcomes, errors, quotes, rules, self.account, at))

    def _tell(self, judged: Judged, parking: Parking, turn: Turn) -> None:
        """Publish the digest, unless that was done today."""
        today = _day(judged)
        if self.last_told.read() == str(today):
            return
        written = digest.write(judged.report, today)
        if written is None:
            return
        if parking.held:
            judged.problems.append(Problem(NOT_TOLD, parking.held))
            return
        if parking.denied == NOT_PARKED or not (self.parks or self.topic.listeners()):
            # Where nothing is parked, nobody waits for that.
            notes = judged.problems if self.parks else judged.hints
            notes.append(Problem(NOT_TOLD, NOBODY_LISTENS))
            return
        turn.check()
        self.topic.publish(written.subject, written.body)
        judged.told = written

    def _note(self, judged: Judged, turn: Turn) -> None:
        """Note that owners were told today, and of each instance in the digest that its owner knows.

        The note is of the moment at which the region was looked at, as the flags of that look are.
        """
        if judged.told is None:
            return
        self.last_told.write(str(_day(judged)))
        for name, outcome in judged.outcomes.items():
            named = {id_ for region, id_ in judged.told.named if region == name}
            job.note(self.place(name), outcome, named, outcome.window.now, turn)

    def _keep(self, judged: Judged) -> None:
        documents = {
            "html": page.render(judged.report),
            "json": json.dumps(export.as_json(judged.report)),
            "csv": export.as_csv(judged.report),
        }
        kept_at = self.store.put(_day(judged), documents)
        judged.report = replace(judged.report, kept_at=kept_at)

    @staticmethod
    def _attempt(judged: Judged, failing: str, act: Callable[[], object]) -> None:
        """Do one of the last steps; what keeps it from being done is a problem, and keeps no other from it."""
        try:
            act()
        except GroundskeeperError as error:
            judged.problems.append(Problem(failing, str(error)))


def _day(judged: Judged) -> date:
    """Return the day of a run, in UTC, be it that it ends on the next one."""
    return judged.report.at.astimezone(UTC).date()


def wanted(outcome: Outcome) -> set[tuple[str, str]]:
    """Return the platforms and types of instances whose prices matter: of those that are idle, or could be off."""
    of_idle = (each.instance for each in outcome.judgements if each.verdict is Verdict.IDLE)
    could_be_off = (each.instance for each in outcome.judgements if each.instance.id in outcome.suggestions)
    return {(instance.platform, instance.type) for some in (of_idle, could_be_off) for instance in some}
