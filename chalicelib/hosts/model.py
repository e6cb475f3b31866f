"""The nouns of hosts documents."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from chalicelib.inventory.model import View


class Entry(NamedTuple):
    """One address of one name; ``instance`` is the EC2 instance that has the name, None where it is claimed."""

    address: str
    name: str
    instance: str | None


@dataclass(frozen=True)
class ViewContent:
    """What the documents of one view say, whatever their format; entries are sorted, and none is there twice.

    ``port`` is the one at which Prometheus finds its targets.
    """

    stack: str
    view: View
    port: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A view's content in one format, as it is stored and sent."""

    view: View
    format: str
    content_type: str
    text: str


@dataclass(frozen=True)
class StoredDocument:
    """A document as it was found in the store; without ``metadata`` the client has it already.

    Where it is too large to be sent on, ``redirect_url`` leads to it, and ``text`` is empty.
    """

    etag: str
    metadata: Mapping[str, str] | None = None
    content_type: str = ""
    text: str = ""
    redirect_url: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """Which documents of a view are published: a generation that grows with each change, and their SHA-256."""

    generation: int = 0
    digest: str = ""


@dataclass(frozen=True)
class PublicationState:
    """What was published last: from which revision of the inventory, in which formats, and until when it stays true.

    ``until`` is when the first lease ends, in seconds since the epoch. While it is ``in_progress``, nobody knows which
    of the documents are in the store.
    """

    revision: int = 0
    format_version: str = ""
    until: float = float("inf")
    versions: Mapping[View, Version] = field(default_factory=dict)
    in_progress: bool = False

    def is_current(self, revision: int, format_version: str, now: float) -> bool:
        """Say whether publishing anew would change nothing."""
        same = (self.revision, self.format_version) == (revision, format_version)
        return same and now < self.until and not self.in_progress
