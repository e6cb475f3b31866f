"""The job of documents: where the inventory has changed or a lease has ended, publish what it says now."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from chalicelib.hosts.entries import next_end, view_entries
from chalicelib.hosts.model import PublicationState, ViewContent
from chalicelib.hosts.plan import Publish, plan
from chalicelib.inventory import dnsname
from chalicelib.inventory.model import Header, Snapshot, View
from chalicelib.lease.turn import Turn

LAYOUT = 1  # of the documents: to be counted up when one of the formats changes


class Inventory(Protocol):
    """What is called what."""

    def header(self) -> Header:
        """Return the header alone."""

    def everything(self) -> Snapshot:
        """Return every name."""


class DocumentStore(Protocol):
    """Where documents are kept."""

    def put(self, publish: Publish) -> None:
        """Put every document of one version in the place of the last one; raise TryAgain."""


class StateStore(Protocol):
    """Where it is written down what was published last, and whose turn it is to publish."""

    def read(self) -> PublicationState:
        """Return what was published last."""

    def write(self, state: PublicationState) -> None:
        """Write down what was published last."""

    def turn(self) -> AbstractContextManager[Turn]:
        """Wait until nobody else publishes, and keep others from it; raise TryAgain."""


class Scheduler(Protocol):
    """What runs publishing again."""

    def schedule_at(self, moment: float, now: float) -> None:
        """Ask for the next run at a moment, in seconds since the epoch, if that is soon."""


@dataclass(frozen=True)
class Publisher:
    """Everything that publishing needs of a stack; ``port`` is where Prometheus finds its targets."""

    stack: str
    port: int
    inventory: Inventory
    store: DocumentStore
    states: StateStore
    scheduler: Scheduler

    @property
    def format_version(self) -> str:
        """Return what makes documents differ, besides the inventory."""
        return f"layout {LAYOUT}, port {self.port}"


@dataclass
class Published:
    """What one run has published, what it left out and why, and which views no sweep has seen all of yet."""

    done: list[Publish] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unswept: list[View] = field(default_factory=list)


def publish(publisher: Publisher, clock: Callable[[], float]) -> Published:
    """Publish the views that have changed; a run that finds nothing to do costs two reads.

    A view that has never been swept is not published: its document would not be complete. The time is taken anew once
    it is our turn, since the wait for it may have been long.
    """
    if _is_current(publisher, publisher.states.read(), clock()):
        return Published()
    with publisher.states.turn() as turn:
        now, before = clock(), publisher.states.read()
        if _is_current(publisher, before, now):
            return Published()
        snapshot = publisher.inventory.everything()
        contents, left_out = _contents(publisher, snapshot, now)
        changes = plan(before, contents, now)
        versions = {**before.versions, **{change.content.view: change.version for change in changes}}
        until = next_end(snapshot, now)
        after = PublicationState(snapshot.header.revision, publisher.format_version, until, versions)
        _carry_out(publisher, changes, after, turn)
    publisher.scheduler.schedule_at(until, clock())
    return Published(changes, left_out, [view for view in View if view not in snapshot.header.domains])


def _is_current(publisher: Publisher, state: PublicationState, now: float) -> bool:
    return state.is_current(publisher.inventory.header().revision, publisher.format_version, now)


def _contents(publisher: Publisher, snapshot: Snapshot, now: float) -> tuple[list[ViewContent], list[str]]:
    """Return what each view's documents are to say, and what was left out of them and why."""
    contents, left_out = [], [f"the item {label!a} of the table cannot be read" for label in snapshot.unreadable]
    for view, domain in snapshot.header.domains.items():
        if not dnsname.is_domain(domain):
            left_out.append(f"the {view} view: names below {domain!a} cannot be in a hosts file")
            continue
        entries, unfit = view_entries(snapshot, view, now)
        left_out += unfit
        contents.append(ViewContent(publisher.stack, view, publisher.port, tuple(entries)))
    return contents, left_out


def _carry_out(publisher: Publisher, changes: list[Publish], after: PublicationState, turn: Turn) -> None:
    """Store the documents, and then the state; a run that dies between leaves word that it was at it."""
    if changes:
        publisher.states.write(replace(after, in_progress=True))
    for change in changes:
        turn.check()
        publisher.store.put(change)
    turn.check()
    publisher.states.write(after)
