"""A campaign: look at many sources, some at once, have put right what is wrong, and say what became of each, in order.

Memory does not grow with the number of sources, but for what the guard holds back.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from chalicelib import reconcile
from chalicelib.derived.audit import Finding
from chalicelib.derived.job import Task
from chalicelib.derived.listing import Family
from chalicelib.derived.model import DerivedKey, Done
from chalicelib.errors import GroundskeeperError, UnsafePlan

LOOKED_AT_AT_ONCE = 16
AHEAD = 256  # sources that may be under way behind the first that is not done
GUARDED_AT_ONCE = 256  # sources after which the guard is asked again
PATIENCE = 20  # sources in a row that may fail: behind that is no source's fault

type Wait = Callable[[], None]


class GaveUp(GroundskeeperError):
    """So much has failed that going on is of no use; the message has the last reason."""


@dataclass(frozen=True)
class Looked:
    """What is wrong with what is derived of a source, and what would put it right."""

    source_key: str
    findings: tuple[Finding, ...] = ()
    to_do: tuple[Finding, ...] = ()
    """Those of the findings that are to be put right."""
    tasks: tuple[Task, ...] = ()
    tombstones: tuple[DerivedKey, ...] = ()
    """What must be taken away before."""
    deletes: bool = False
    """Whether derived objects go because their source has."""
    failure: str = ""
    """Why nothing is known of it."""


@dataclass(frozen=True)
class Step:
    """One source, as the campaign has come to it.

    It is held where the guard wants to see more before anything is deleted: then it comes a second time, or never.
    """

    looked: Looked
    done: Done | None = None
    failure: str = ""
    is_held: bool = False

    @property
    def reason(self) -> str:
        """Return why it could not be looked at or put right; empty where it could."""
        return self.looked.failure or self.failure


@dataclass
class Guard:
    """Holds back what would be deleted while that is suspiciously much of what has been looked at (reconcile.guard)."""

    force: bool = False
    sources: int = 0
    deletions: int = 0
    error: UnsafePlan | None = None
    held: list[Looked] = field(default_factory=list)

    def staged(self, looked: Iterable[Looked]) -> Iterator[Step]:
        """Yield each source, and a second time what was held, once it is not too much; keep the error where it is."""
        for each in looked:
            self.sources += 1
            is_held = each.deletes and not self.force
            if is_held:
                self.deletions += 1
                self.held.append(each)
            yield Step(each, is_held=is_held)
            if self.sources % GUARDED_AT_ONCE == 0:
                yield from self._released()
        yield from self._released()

    def _released(self) -> Iterator[Step]:
        try:
            reconcile.guard(self.deletions, self.sources)
        except UnsafePlan as error:
            self.error = error
        else:
            self.error = None
            released, self.held = self.held, []
            yield from map(Step, released)


@dataclass(frozen=True)
class Campaign:
    """How sources are looked at and put right; ``act`` is called for what has tasks, and is None to change nothing."""

    look: Callable[[Family], Looked]
    act: Callable[[Looked], Done] | None
    guard: Guard
    before_look: Wait
    before_act: Wait
    at_once: int

    def run(self, families: Iterable[Family]) -> Generator[Step]:
        """Yield what became of each source, in the order of the families; raise GaveUp.

        What has begun comes to its end, also where the iteration is left early.
        """
        with _workers(LOOKED_AT_AT_ONCE) as lookers, _workers(self.at_once) as makers:
            paced = _each_after(families, self.before_look, lambda _: True)
            looked = in_order(paced, self._looked, lookers)
            due = _each_after(self.guard.staged(looked), self.before_act, self._is_due)
            failed = 0
            for step in in_order(due, self._acted, makers):
                yield step
                failed = failed + 1 if step.reason else 0
                if failed == PATIENCE:
                    raise GaveUp(f"{PATIENCE} sources in a row could not be done; of the last: {step.reason}")

    def _looked(self, family: Family) -> Looked:
        try:
            return self.look(family)
        except Exception as error:  # one source spoils none of the others
            return Looked(family.source_key, failure=_reason(error))

    def _acted(self, step: Step) -> Step:
        if self.act is None or not self._is_due(step):
            return step
        try:
            return Step(step.looked, self.act(step.looked))
        except Exception as error:  # one source spoils none of the others
            return Step(step.looked, failure=_reason(error))

    def _is_due(self, step: Step) -> bool:
        return self.act is not None and bool(step.looked.tasks) and not step.is_held


def in_order[A, B](items: Iterable[A], work: Callable[[A], B], executor: Executor) -> Generator[B]:
    """Yield what comes of each item, in the order of the items, while those behind it are worked on, too.

    Where the items end in an error, what has begun is yielded first.
    """
    waiting: deque[Future[B]] = deque()
    broken: Exception | None = None
    rest = iter(items)
    while broken is None:
        while waiting and (len(waiting) >= AHEAD or waiting[0].done()):
            yield waiting.popleft().result()
        try:
            waiting.append(executor.submit(work, next(rest)))
        except StopIteration:
            break
        except Exception as error:
            broken = error
    yield from (future.result() for future in waiting)
    if broken:
        raise broken


def _each_after[A](items: Iterable[A], wait: Wait, waits: Callable[[A], bool]) -> Iterator[A]:
    for item in items:
        if waits(item):
            wait()
        yield item


@contextmanager
def _workers(count: int) -> Iterator[Executor]:
    executor = ThreadPoolExecutor(count)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _reason(error: Exception) -> str:
    named = isinstance(error, GroundskeeperError)
    return str(error) if named else f"{type(error).__name__}: {error}"
