"""The job of documents: where the inventory has changed or a lease has ended, publish what it says now."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from chalicelib.hosts import render
from chalicelib.hosts.entries import entries, next_end
from chalicelib.hosts.model import Journal, Sheet
from chalicelib.hosts.plan import Publish, plan
from chalicelib.inventory.model import Header, Known, View

UNFINISHED, UNKNOWN = -1, ""  # a revision and a digest that nothing has
LAYOUT = 1  # of the documents: to be counted up when one of the formats changes


class Inventory(Protocol):
    """What is called what."""

    def header(self) -> Header:
        """Return the header alone."""

    def everything(self) -> Known:
        """Return every name."""


class Turn(Protocol):
    """The right to publish, which nobody else has meanwhile."""

    def check(self) -> None:
        """Raise TryAgain unless there is time for one more write."""


class Shelf(Protocol):
    """Where documents are kept."""

    def put(self, publish: Publish) -> None:
        """Put every document of one edition in the place of the last one; raise TryAgain."""


class Journals(Protocol):
    """Where it is written down what was published last, and whose turn it is to publish."""

    def read(self) -> Journal:
        """Return what was published last."""

    def write(self, journal: Journal) -> None:
        """Write down what was published last."""

    def turn(self) -> AbstractContextManager[Turn]:
        """Wait until nobody else publishes, and keep others from it; raise TryAgain."""


class Alarm(Protocol):
    """What wakes us up."""

    def wake_at(self, moment: float, now: float) -> None:
        """Ask for the next look at a moment, in seconds since the epoch, if that is soon."""


@dataclass(frozen=True)
class Press:
    """Everything that publishing needs of a stack; ``port`` is where Prometheus finds its targets."""

    stack: str
    port: int
    inventory: Inventory
    shelf: Shelf
    journals: Journals
    alarm: Alarm

    @property
    def recipe(self) -> str:
        """Return what makes documents differ, besides the inventory."""
        return f"layout {LAYOUT}, port {self.port}"


@dataclass
class Published:
    """What became of one run; without a turn there was nothing to do."""

    done: list[Publish] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unswept: list[View] = field(default_factory=list)


def publish(press: Press, clock: Callable[[], float]) -> Published:
    """Publish the views that have changed; a look that finds nothing to do costs two reads.

    A view that has never been swept is not published: its document would not be complete. The time is taken anew once
    it is our turn, since the wait for it may have been long.
    """
    if _is_current(press, clock()):
        return Published()
    with press.journals.turn() as turn:
        now = clock()
        if _is_current(press, now):
            return Published()
        published = press.journals.read()
        known = press.inventory.everything()
        outcome = Published(unswept=[view for view in View if view not in known.header.domains])
        drawn = []
        for view in known.header.domains:
            found, left_out = entries(known, view, now)
            sheet = Sheet(press.stack, view, press.port, tuple(found))
            drawn.append((sheet, render.documents(sheet)))
            outcome.left_out += left_out
        outcome.left_out += [f"the item {label!a} of the table cannot be read" for label in known.unreadable]
        outcome.done = plan(published, drawn, now)
        until = next_end(known, now)
        if outcome.done:  # if this run dies while it puts, the next knows that it does not know what is there
            begun = {each.sheet.view: replace(each.edition, digest=UNKNOWN) for each in outcome.done}
            press.journals.write(Journal(UNFINISHED, press.recipe, until, {**published.editions, **begun}))
        for edition in outcome.done:
            turn.check()
            press.shelf.put(edition)
        editions = {**published.editions, **{each.sheet.view: each.edition for each in outcome.done}}
        turn.check()
        press.journals.write(Journal(known.header.revision, press.recipe, until, editions))
    press.alarm.wake_at(until, clock())
    return outcome


def _is_current(press: Press, now: float) -> bool:
    return press.journals.read().is_current(press.inventory.header().revision, press.recipe, now)
