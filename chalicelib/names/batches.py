"""Change batches within Route 53's limits.

Limits: 1,000 ResourceRecord elements and 32,000 characters in Value elements a request
(https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests-changeresourcerecordsets).
An UPSERT would count twice in both; a repointed record set is sent as DELETE of what was read and CREATE of what is
wanted, which costs the same and, unlike UPSERT, fails where somebody else wrote in between.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.names.changes import Step, touched

MAX_ELEMENTS = 1_000
MAX_CHARACTERS = 32_000


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
