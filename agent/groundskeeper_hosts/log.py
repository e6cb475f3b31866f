"""What the agent says: one line for each thing that happened, on standard error, and never a secret."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

LONGEST = 500


def say(text: str) -> None:
    """Write one line; control characters, which a server may have sent, become spaces."""
    sys.stderr.write(f"groundskeeper-hosts: {printable(text)}\n")
    sys.stderr.flush()


def printable(text: str) -> str:
    """Return the text as one line of at most 500 characters."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"


def without_query(url: str) -> str:
    """Return a URL without user, query and fragment: the query of a presigned URL holds its signature."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
