"""What becomes of a transformation: a picture, or the reason why there can be none."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a file; ``width`` and ``height`` in pixels."""

    body: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Unrenderable:
    """This source can never be made into this; ``reason`` goes on from "the source …", for an operator."""

    reason: str


Outcome = Picture | Unrenderable


# What libraries say of themselves: numbers of errors, and the names of files that are none.
_NOISE = re.compile(r"\[Errno -?\d+\]|:? '<none>'|<_io\.BytesIO object at 0x[0-9a-f]+>|when processing input$")


class CannotRender(Exception):
    """The source cannot be made into what is asked for; an ``Unrenderable`` on its way up."""


def why(error: Exception) -> Unrenderable:
    """Return what an operator is told of a decoder's error, on one line."""
    if isinstance(error, CannotRender):
        return Unrenderable(str(error))
    said = " ".join(_NOISE.sub("", str(error)).split()).encode("ascii", "backslashreplace").decode()[:200]
    return Unrenderable(f"cannot be decoded: {said or type(error).__name__}")
