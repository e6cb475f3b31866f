"""The plan of documents: which views have changed since they were published last."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.hosts import render
from chalicelib.hosts.model import Document, PublicationState, Version, ViewContent


@dataclass(frozen=True)
class Publish:
    """Put a view's documents into the store, as its next version."""

    content: ViewContent
    documents: tuple[Document, ...]
    version: Version
    because: str


def plan(published: PublicationState, contents: Iterable[ViewContent], now: float) -> list[Publish]:
    """Return one Publish for each view whose documents differ from those published last, or that may be half done.

    A generation is the second of its publication, or the next number, so that generations grow even where the state is
    lost.
    """
    changes = []
    for content in contents:
        documents = render.documents(content)
        digest, last = _digest(documents), published.versions.get(content.view, Version())
        if published.in_progress or digest != last.digest:
            version = Version(max(last.generation + 1, int(now)), digest)
            changes.append(Publish(content, tuple(documents), version, _because(content, published, last)))
    return changes


def _digest(documents: Iterable[Document]) -> str:
    digest = hashlib.sha256()
    for document in documents:
        digest.update(document.text.encode())
    return digest.hexdigest()


def _because(content: ViewContent, published: PublicationState, last: Version) -> str:
    subject = f"the {content.view} view, with {len(content.entries)} entries,"
    if published.in_progress:
        return f"{subject} may be half published"
    return f"{subject} is not what generation {last.generation} said" if last.generation else f"{subject} is new"
