"""What any program must at least spend to write a set of record sets: calls, change tokens, and seconds."""

import math
from collections.abc import Collection
from dataclasses import dataclass

from chalicelib.names.batches import MAX_CHARACTERS, MAX_ELEMENTS
from chalicelib.names.model import RecordSet

# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests
TOKEN_BURST, TOKEN_RATE = 1_500, 100
REQUEST_BURST, REQUEST_RATE = 50, 10


@dataclass(frozen=True, slots=True)
class Bound:
    """The least that creating, or deleting, some record sets can cost."""

    calls: int
    tokens: int

    @property
    def seconds(self) -> float:
        """Return the least time that the two throttles leave, with both buckets full at the start."""
        by_tokens = (self.tokens - TOKEN_BURST) / TOKEN_RATE
        return max(0.0, by_tokens, (self.calls - REQUEST_BURST) / REQUEST_RATE)


def bound(records: Collection[RecordSet]) -> Bound:
    """Return the bound for record sets that are each created or deleted once: a token each, in the fullest batches."""
    elements = sum(len(record.values) for record in records)
    characters = sum(len(value) for record in records for value in record.values)
    return Bound(max(math.ceil(elements / MAX_ELEMENTS), math.ceil(characters / MAX_CHARACTERS)), len(records))
