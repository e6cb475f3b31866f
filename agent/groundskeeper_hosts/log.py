"""What the agent says: one line for each thing that happened, on standard error, and never a secret."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from urllib.parse import urlsplit

LONGEST = 500
STDERR = 2

# What a server sent may repeat the token (see serving.py); nothing that looks like one is written anywhere.
_TOKEN = re.compile(r"(?<=bearer )\S{12,}|gk_[\w-]{12,}", re.IGNORECASE | re.ASCII)


def prepare() -> None:
    """Make standard error fit for us: open, and without a buffer.

    Where it is closed, the next file that we open would become it, and the output of commands would go there. And what
    a buffer could not get rid of (a full disk, a closed pipe) would fail once more, and change the exit code, when
    Python ends.
    """
    with contextlib.suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STDERR:
            os.set_inheritable(descriptor, True)
        os.close(descriptor)
        raw = io.FileIO(STDERR, "w", closefd=False)
        sys.stderr = io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True)


def say(text: str) -> None:
    """Write one line; control characters, which a server may have sent, become spaces. Where it cannot, so be it."""
    with contextlib.suppress(OSError, AttributeError):  # AttributeError: there is no standard error at all
        sys.stderr.write(f"groundskeeper-hosts: {printable(text)}\n")
        sys.stderr.flush()


def printable(text: str) -> str:
    """Return the text as one line of at most 500 characters, without tokens."""
    line = _TOKEN.sub("…", "".join(char if char.isprintable() else " " for char in text))
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"


def without_query(url: str) -> str:
    """Return a URL without user, query and fragment: the query of a presigned URL holds its signature."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
