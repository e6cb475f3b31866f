"""One batch of the instance queue: read every message, put the names right in every zone, say which messages failed."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from chalicelib import reconcile
from chalicelib.errors import BadEvent
from chalicelib.names import events
from chalicelib.names.events import Notice
from chalicelib.names.job import Outcome
from chalicelib.names.model import Fleet, Instance, Ref

YOUNG = timedelta(minutes=2)


class Rechecks(Protocol):
    """Where a later look at instances is asked for."""

    def ask(self, refs: Collection[Ref]) -> None:
        """Ask for a look at these instances in some seconds."""


@dataclass
class Handled:
    """What became of one batch: an outcome for each zone, and for each message that failed the reason."""

    notices: list[Notice] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def answer(self) -> dict[str, Any]:
        """Return the partial batch response that Lambda expects."""
        return {"batchItemFailures": [{"itemIdentifier": message} for message in self.failed]}


def handle(
    records: Iterable[Mapping[str, Any]],
    zones: Iterable[str],
    follow: Callable[[str, Collection[Ref]], Outcome],
    rechecks: Rechecks,
    now: datetime,
) -> Handled:
    """Follow the instances of one batch in every zone; a zone that cannot be written spoils none of the others."""
    handled = Handled()
    for record in records:
        try:
            handled.notices.append(events.read(record["messageId"], record["body"]))
        except BadEvent as reason:
            handled.failed[record["messageId"]] = str(reason)
    refs = {ref for notice in handled.notices for ref in notice.refs}
    handled.outcomes, errors = reconcile.each(zones if refs else (), lambda zone: follow(zone, refs))
    for zone, error in errors.items():
        handled.failed |= {notice.message: f"{zone}: {error}" for notice in handled.notices}
    for outcome in handled.outcomes.values():
        handled.failed |= _failures(handled.notices, outcome)
    if again := _young(handled, now):
        rechecks.ask(again)
    return handled


def _failures(notices: Iterable[Notice], outcome: Outcome) -> dict[str, str]:
    """Return the messages about places that could not be read and about changes that Route 53 did not take."""
    unread = {place: f"{place} {reason}" for place, reason in outcome.fleet.unread.items()}
    undone = {id_: why for step, why in (*outcome.refused, *outcome.postponed) for id_ in step.instances}
    return {
        notice.message: reason
        for notice in notices
        for ref in notice.refs
        if (reason := unread.get(ref.place) or undone.get(ref.id))
    }


def _young(handled: Handled, now: datetime) -> set[Ref]:
    """Return instances of young events that EC2 does not show yet, or not yet with an address and a tag.

    None of that need raise an event of its own: EC2 is eventually consistent, tag events are best effort, and a tag may
    be set seconds after the instance runs.
    """
    fleet = Fleet({})
    for outcome in handled.outcomes.values():
        fleet |= outcome.fleet
    young = [notice for notice in handled.notices if not notice.is_recheck and now - notice.at < YOUNG]
    return {ref for notice in young for ref in notice.refs if _may_change(fleet.instances.get(ref.id), now)}


def _may_change(seen: Instance | None, now: datetime) -> bool:
    if seen is None:
        return True
    is_new = seen.is_up and now - seen.launched < YOUNG
    return is_new and not (seen.tag and (seen.public_dns or seen.public_ip or seen.ipv6))
