"""The nouns of hosts documents."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from chalicelib.inventory.model import View


class Entry(NamedTuple):
    """One address of one name, and who holds it: an instance's id, or the name itself where it is claimed."""

    address: str
    name: str
    holder: str


@dataclass(frozen=True)
class Sheet:
    """What the documents of one view say, whatever their format; entries are sorted, and none is there twice.

    ``port`` is the one at which Prometheus finds its targets.
    """

    stack: str
    view: View
    port: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A sheet in one format, as it is kept and sent."""

    view: View
    format: str
    content_type: str
    text: str


@dataclass(frozen=True)
class Copy:
    """A document as it was found: its ETag, and unless the client has it already, what is known of it, and its text.

    Where it is too large to be passed on, a ``link`` leads to it.
    """

    etag: str
    facts: Mapping[str, str] | None = None
    content_type: str = ""
    text: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Edition:
    """What was published last of one view: a number that grows with each change, and the SHA-256 of its documents."""

    generation: int = 0
    digest: str = ""


@dataclass(frozen=True)
class Journal:
    """What was published last: from which revision of the inventory, by which recipe, and until when that stays true.

    ``until`` is when the first lease ends, in seconds since the epoch.
    """

    revision: int = -1
    recipe: str = ""
    until: float = float("inf")
    editions: Mapping[View, Edition] = field(default_factory=dict)

    def is_current(self, revision: int, recipe: str, now: float) -> bool:
        """Say whether publishing anew would change nothing."""
        return (self.revision, self.recipe) == (revision, recipe) and now < self.until
