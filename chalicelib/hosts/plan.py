"""The plan of documents: which views have changed since they were published last."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.hosts.model import Document, Edition, Journal, Sheet


@dataclass(frozen=True)
class Publish:
    """Publish a view's documents as its next edition."""

    sheet: Sheet
    documents: tuple[Document, ...]
    edition: Edition
    because: str


def plan(published: Journal, drawn: Iterable[tuple[Sheet, list[Document]]], now: float) -> list[Publish]:
    """Return what is to be published of sheets and their documents: those that do not say what was published last.

    A generation is the second of its publication, or the next number, so that generations grow even where it was
    forgotten what was published last.
    """
    return [
        Publish(sheet, tuple(documents), Edition(max(last.generation + 1, int(now)), digest), _because(sheet, last))
        for sheet, documents in drawn
        if (digest := _digest(documents)) != (last := published.editions.get(sheet.view, Edition())).digest
    ]


def _digest(documents: Iterable[Document]) -> str:
    digest = hashlib.sha256()
    for document in documents:
        digest.update(document.text.encode())
    return digest.hexdigest()


def _because(sheet: Sheet, last: Edition) -> str:
    before = f"is not what generation {last.generation} said" if last.generation else "was never published"
    return f"the {sheet.view} view, with {len(sheet.entries)} entries, {before}"
