"""What jobs say of that which they leave alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something that an operator should know, and was left as it is."""

    subject: str
    reason: str
