"""Ask EC2 for what must come once.

CreateSnapshot, CreateSnapshots and CopySnapshot know no client token, so whoever repeats one may get two. Each is noted
in a journal before it is sent, and is sent once: what EC2 refused may be asked for again; what it did not answer, or
what a run that died may have sent, is looked for, and asked for again only when it would show by now.
"""

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from chalicelib import reconcile
from chalicelib.errors import TryAgain, Unclear
from chalicelib.reconcile import Carried
from chalicelib.snapshots.changes import Asked

# A run that dies delays so many at the most, and a note is a call for so many; it is an item, of 400 KB at the most
# (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
NOTED_AT_ONCE, MOST_KEYS = 50, 1_000
WAITS = (1.0, 2.0, 4.0, 8.0)  # seconds, after a throttle
MOST_UNCLEAR = 3  # in a row: EC2 is out of reach then


class Journal(Protocol):
    """What has been asked for within the last minutes, by whatever run."""

    def asked(self) -> Asked:
        """Return when what was asked for by its key; raise TryAgain."""

    def note(self, keys: Collection[str]) -> None:
        """Note that something will be asked for now; raise TryAgain."""

    def withdraw(self, keys: Collection[str]) -> None:
        """Note that it was refused; raise TryAgain."""


class Step(Protocol):
    """Something to ask for."""

    @property
    def subject(self) -> str:
        """Return what it is about, by its id."""

    @property
    def keys(self) -> Sequence[str]:
        """Return what it asks for, of which each must come once."""

    @property
    def seconds(self) -> float:
        """Return how long it may take beside the request itself."""


@dataclass(frozen=True)
class Patience:
    """How a run paces itself: ``pace`` waits for the next request.

    ``check`` raises TryAgain unless there is time for one more, which takes some seconds beyond what a request takes.
    """

    check: Callable[[float], None]
    pace: Callable[[], None] = lambda: None
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Came[S](Carried[S]):
    """What became of each step; of the unclear ones nobody knows whether EC2 has carried them out."""

    unclear: list[tuple[S, str]] = field(default_factory=list)

    @property
    def undone(self) -> list[tuple[S, str]]:
        """Return what was not carried out, or nobody knows, and why."""
        return [*self.refused, *self.unclear, *self.postponed]


def ask[S: Step](
    steps: Iterable[S], act: Callable[[S], None], is_there: Callable[[S], bool], journal: Journal, patience: Patience
) -> Came[S]:
    """Ask for each, one by one; one that fails spoils none of the others.

    ``act`` raises Refused, TryAgain where it is throttled, and Unclear; ``is_there`` looks for what was unclear.
    """
    asking = _Asking(act, is_there, patience)
    chunks = list(_chunks(steps))
    for number, chunk in enumerate(chunks, 1):
        later = chunks[number:]
        try:
            journal.note([key for step in chunk for key in step.keys])
        except TryAgain as reason:
            asking.came.postponed += [(step, str(reason)) for step in chain(chunk, *later)]
            break
        carried = reconcile.carry_out([[step] for step in chunk], later, asking.one, bisect=False)
        asking.add(carried)
        unsent = (*carried.refused, *carried.postponed, *asking.set_aside)
        not_sent = {key for step, _ in unsent for key in step.keys}
        if withdrawn := not_sent & {key for step in chunk for key in step.keys}:
            with suppress(TryAgain):  # it is then asked for some minutes later, which is all
                journal.withdraw(withdrawn)
        if carried.postponed:
            break
    asking.came.postponed += asking.set_aside
    return asking.came


def _chunks[S: Step](steps: Iterable[S]) -> Iterator[list[S]]:
    """Yield steps as they are noted together; more keys than an item takes are no step's own."""
    chunk: list[S] = []
    keys = 0
    for step in steps:
        if chunk and (len(chunk) == NOTED_AT_ONCE or keys + len(step.keys) > MOST_KEYS):
            yield chunk
            chunk, keys = [], 0
        chunk.append(step)
        keys += len(step.keys)
    if chunk:
        yield chunk


class _Asking[S: Step]:
    """One run's requests, and what became of them."""

    def __init__(self, act: Callable[[S], None], is_there: Callable[[S], bool], patience: Patience) -> None:
        self._act, self._is_there, self._patience = act, is_there, patience
        self._unclear_in_a_row = 0
        self.came: Came[S] = Came()
        self.set_aside: list[tuple[S, str]] = []

    def one(self, steps: Sequence[S]) -> None:
        """Ask for one thing; raise Refused, and TryAgain where the rest is to wait for another run."""
        (step,) = steps
        self._patience.check(0.0)
        try:
            self._patience.check(step.seconds)
        except TryAgain as reason:  # only this step takes so long: those behind it may still fit
            self.set_aside.append((step, str(reason)))
            return
        if self._unclear_in_a_row >= MOST_UNCLEAR:
            raise TryAgain("EC2 does not answer")
        before, self._unclear_in_a_row = self._unclear_in_a_row, 0  # any answer shows that EC2 is there
        try:
            self._patiently(step)
        except Unclear as reason:
            if not self._shows(step):
                self._unclear_in_a_row = before + 1
                self.came.unclear.append((step, str(reason)))

    def _shows(self, step: S) -> bool:
        """Say whether EC2 shows what it did not answer to; where it does not answer to that either, nobody knows."""
        try:
            return self._is_there(step)
        except TryAgain:
            return False

    def add(self, carried: Carried[S]) -> None:
        """Add what became of some steps."""
        others = [id(step) for step, _ in (*self.came.unclear, *self.set_aside)]
        self.came.landed += [step for step in carried.landed if id(step) not in others]
        self.came.refused += carried.refused
        self.came.postponed += carried.postponed

    def _patiently(self, step: S) -> None:
        """Ask, and where EC2 throttles, which is a clear answer, ask again after a while."""
        for wait in WAITS:
            self._patience.pace()
            try:
                return self._act(step)
            except TryAgain:
                self._patience.sleep(wait * random.uniform(0.5, 1.0))
                self._patience.check(step.seconds)
        return self._act(step)
