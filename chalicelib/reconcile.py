"""The one loop of every job: guard a plan, carry it out batch by batch, collect what was refused."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import batched

from chalicelib.errors import GroundskeeperError, Refused, TryAgain, UnsafePlan

SAFE_REMOVALS = 5
SAFE_SHARE = 0.30
MOST_SET_ASIDE = 20  # more bad steps than that are no accident, and looking for each costs two calls


AT_ONCE = 8  # regions: each has its own limits, and one must not wait for another's
MISSING = "they are missing or no longer asked for"


def guard(removals: int, owned: int, because: str = MISSING, *, would: str = "be removed", force: bool = False) -> None:
    """Refuse a plan that would remove more than 5 and more than 30 % of what we own.

    Only removals count that are not the course of things. Those that rest on absence do: an instance missing from an
    answer, a tag that no longer says so. What an instance seen down gives up does not.

    Raises:
        UnsafePlan: too much would go; nothing has been changed.
    """
    limit = max(SAFE_REMOVALS, int(owned * SAFE_SHARE))
    if removals > limit and not force:
        raise UnsafePlan(
            f"{removals} of {owned} would {would} because {because}, "
            f"and at most {limit} may be without a person's word",
            removals,
        )


@dataclass
class Carried[S]:
    """What became of a plan's steps: those refused will not be taken, those postponed can be tried again."""

    landed: list[S] = field(default_factory=list)
    refused: list[tuple[S, str]] = field(default_factory=list)
    postponed: list[tuple[S, str]] = field(default_factory=list)

    def __iadd__(self, other: "Carried[S]") -> "Carried[S]":
        """Add what became of further steps."""
        self.landed += other.landed
        self.refused += other.refused
        self.postponed += other.postponed
        return self

    @property
    def undone(self) -> list[tuple[S, str]]:
        """Return those that were not taken, and why."""
        return [*self.refused, *self.postponed]


def carry_out[S](
    batches: Iterable[Sequence[S]],
    later: Iterable[Sequence[S]],
    apply: Callable[[Sequence[S]], None],
    *,
    bisect: bool,
    most_refused: int = MOST_SET_ASIDE,
) -> Carried[S]:
    """Apply each batch but those for later; one that is refused spoils none of the others.

    With ``bisect`` a refused batch is halved until the bad step stands alone, but after ``most_refused`` of them no
    more; without it the batch is set aside whole.
    ``TryAgain`` postpones the batch and all behind it, those for later included. Other errors pass through.
    """
    carried: Carried[S] = Carried()
    waiting = deque(batches)
    while waiting:
        batch = waiting.popleft()
        try:
            apply(batch)
        except Refused as reason:
            if bisect and len(batch) > 1 and len(carried.refused) < most_refused:
                half = len(batch) // 2
                waiting.extendleft((batch[half:], batch[:half]))
            else:
                carried.refused += [(step, str(reason)) for step in batch]
        except TryAgain as reason:
            carried.postponed = [(step, str(reason)) for late in (batch, *waiting, *later) for step in late]
            break
        else:
            carried.landed += batch
    return carried


def in_batches[S](steps: Collection[S], size: int, apply: Callable[[Sequence[S]], None]) -> Carried[S]:
    """Apply steps, so many at once; of a batch that is refused every bad step is found, however many there are."""
    return carry_out(batched(steps, size), (), apply, bisect=True, most_refused=len(steps))


def each[V](
    names: Iterable[str], run: Callable[[str], V], *, at_once: int = 1
) -> tuple[dict[str, V], dict[str, GroundskeeperError]]:
    """Run something for each name, some at once; return what it returned, and the errors of those where it failed."""

    def one(name: str) -> V | GroundskeeperError:
        try:
            return run(name)
        except GroundskeeperError as error:
            return error

    names = list(names)
    with ThreadPoolExecutor(at_once) as executor:
        became = dict(zip(names, executor.map(one, names) if at_once > 1 else map(one, names), strict=True))
    failed = {name: result for name, result in became.items() if isinstance(result, GroundskeeperError)}
    return {name: result for name, result in became.items() if not isinstance(result, GroundskeeperError)}, failed
