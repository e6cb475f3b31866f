"""What a request touches, as IAM sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Target:
    """A resource that a request touches, and what conditions may look at; keys in lower case."""

    arn: str | None
    """None where this emulator does not know: then any Resource in a policy matches."""
    context: Mapping[str, list[str]] = field(default_factory=dict)
    permission: str | None = None
    """What it takes to touch it, such as `s3:ListBucket`; None for the permission that the operation is named by."""
