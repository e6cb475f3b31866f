"""One batch of the instance queue: read every message, put the names right, say which messages failed."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from chalicelib.errors import BadEvent, GroundskeeperError
from chalicelib.names import events
from chalicelib.names.events import Notice, Recheck
from chalicelib.names.job import Outcome
from chalicelib.names.model import Fleet, Instance, Ref
from chalicelib.queues import partial_batch_response

YOUNG = timedelta(minutes=2)


class Rechecks(Protocol):
    """Where a later look at instances is asked for."""

    def ask(self, rechecks: Iterable[Recheck]) -> None:
        """Ask for another look, in some seconds."""


class Followed(Protocol):
    """What following instances led to, by zone."""

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """Return what became of each zone that could be written."""

    @property
    def errors(self) -> Mapping[str, GroundskeeperError]:
        """Return why other zones could not."""


@dataclass
class Handled:
    """What became of one batch: an outcome for each zone, and for each message that failed the reason."""

    notices: list[Notice] = field(default_factory=list)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def answer(self) -> dict[str, Any]:
        """Return the partial batch response that Lambda expects."""
        return partial_batch_response(self.failed)


def handle(
    records: Iterable[Mapping[str, Any]],
    follow: Callable[[Collection[Ref]], Followed],
    rechecks: Rechecks,
    now: datetime,
) -> Handled:
    """Follow the instances that one batch of messages is about."""
    handled = Handled()
    for record in records:
        try:
            handled.notices.append(events.read(record["messageId"], record["body"]))
        except BadEvent as reason:
            handled.failed[record["messageId"]] = str(reason)
    if refs := {ref for notice in handled.notices for ref in notice.refs}:
        followed = follow(refs)
        handled.outcomes = followed.outcomes
        for zone, error in followed.errors.items():
            handled.failed |= {notice.message: f"{zone}: {error}" for notice in handled.notices}
        for outcome in handled.outcomes.values():
            handled.failed |= _failures(handled.notices, outcome)
        handled.failed |= _ask_again(handled, rechecks, now)
    return handled


def _ask_again(handled: Handled, rechecks: Rechecks, now: datetime) -> dict[str, str]:
    """Ask for another look at young instances; return the messages to keep where that cannot be asked for."""
    again = _young(handled, now)
    try:
        rechecks.ask(again)
    except GroundskeeperError as error:
        refs = {recheck.ref for recheck in again}
        return {notice.message: str(error) for notice in handled.notices if notice.refs & refs}
    return {}


def _failures(notices: Iterable[Notice], outcome: Outcome) -> dict[str, str]:
    """Return the messages about places that could not be read and about changes that did not land."""
    if outcome.error:
        return {notice.message: str(outcome.error) for notice in notices}
    unread = {place: f"{place} {reason}" for place, reason in outcome.fleet.unread.items()}
    undone = {id_: why for step, why in (*outcome.refused, *outcome.postponed) for id_ in step.instances}
    return {
        notice.message: reason
        for notice in notices
        for ref in notice.refs
        if (reason := unread.get(ref.place) or undone.get(ref.id))
    }


def _young(handled: Handled, now: datetime) -> list[Recheck]:
    """Return instances of young events that EC2 does not show yet as they will be: each once, none a second time.

    None of that need raise an event of its own: EC2 is eventually consistent, tag events are best effort, and a tag may
    be set seconds after the instance runs.
    """
    fleet = Fleet({})
    for outcome in handled.outcomes.values():
        fleet |= outcome.fleet
    young = [notice for notice in handled.notices if not notice.is_recheck and now - notice.at < YOUNG]
    again = {
        ref: notice.at
        for notice in reversed(young)
        for ref in notice.refs
        if ref.place not in fleet.unread and _may_change(fleet.instances.get(ref.id), notice, now)
    }
    return [Recheck(ref, at) for ref, at in sorted(again.items())]


def _may_change(seen: Instance | None, notice: Notice, now: datetime) -> bool:
    if seen is None or seen.state == "pending":
        return True
    if not seen.is_up:
        return notice.says_running
    has_address = seen.public_dns or seen.public_ip or seen.ipv6
    return now - seen.launched < YOUNG and not (seen.tag and has_address)
