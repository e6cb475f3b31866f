"""Change batches within Route 53's limits, and local token buckets below its throttles.

Limits: 1,000 ResourceRecord elements and 32,000 characters in Value elements a request
(https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests-changeresourcerecordsets).
An UPSERT would count twice in both; a repointed record set is sent as DELETE of what was read and CREATE of what is
wanted, which costs the same and, unlike UPSERT, fails where somebody else wrote in between.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from chalicelib.names.model import Add, Change, RecordSet, Remove, Repoint, Step

MAX_ELEMENTS = 1_000
MAX_CHARACTERS = 32_000


def deleted(change: Change) -> RecordSet | None:
    """Return the record set that a change takes out of the zone."""
    match change:
        case Remove(held=held) | Repoint(held=held):
            return held
        case Add():
            return None


def created(change: Change) -> RecordSet | None:
    """Return the record set that a change brings into the zone."""
    match change:
        case Add(record=record) | Repoint(record=record):
            return record
        case Remove():
            return None


def touched(change: Change) -> list[RecordSet]:
    """Return the record sets that a change sends, each of them one change token."""
    return [record for record in (deleted(change), created(change)) if record]


@dataclass(frozen=True)
class Weight:
    """What a change costs: ResourceRecord elements, characters of values, change tokens."""

    elements: int = 0
    characters: int = 0
    tokens: int = 0

    def __add__(self, other: "Weight") -> "Weight":
        return Weight(self.elements + other.elements, self.characters + other.characters, self.tokens + other.tokens)

    @property
    def fits(self) -> bool:
        """Say whether one request may carry it."""
        return self.elements <= MAX_ELEMENTS and self.characters <= MAX_CHARACTERS


def weigh(steps: Iterable[Step]) -> Weight:
    """Return what steps cost together."""
    records = [record for step in steps for change in step.changes for record in touched(change)]
    return Weight(
        sum(len(record.values) for record in records),
        sum(len(value) for record in records for value in record.values),
        len(records),
    )


def pack(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Yield batches that one request may carry each, in the order given; a step is never split.

    A step that is too large on its own is a batch of its own, which Route 53 will refuse.
    """
    batch: list[Step] = []
    weight = Weight()
    for step in steps:
        more = weigh([step])
        if batch and not (weight + more).fits:
            yield batch
            batch, weight = [], Weight()
        batch.append(step)
        weight += more
    if batch:
        yield batch


class TokenBucket:
    """A bucket that holds at most ``burst`` tokens and is refilled at ``rate`` tokens a second."""

    def __init__(
        self,
        rate: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._burst, self._clock, self._sleep = rate, burst, clock, sleep
        self._level, self._at = burst, clock()

    def take(self, tokens: float) -> None:
        """Wait until there are so many tokens, at most one burst, and take them."""
        tokens = min(tokens, self._burst)
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        self._level -= tokens
        if self._level < 0:
            self._sleep(-self._level / self._rate)
