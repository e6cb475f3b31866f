"""How much a rendering may take; looked at before anything is decoded."""

from dataclasses import dataclass

from chalicelib.derived.engine.outcome import CannotRender

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """``memory`` in bytes and ``seconds`` that a rendering may take; ``source_bytes``: of an image or document."""

    memory: int
    seconds: float
    source_bytes: int


class TooLarge(CannotRender):
    """It takes more memory than there is; less of it may not."""


def check_memory(size: tuple[int, int], what: str, needed: float, limits: Limits) -> None:
    """Raise TooLarge if so many bytes are more than a rendering may take."""
    if needed > limits.memory:
        raise TooLarge(
            f"is {size[0]} x {size[1]} pixels of {what}, which takes {needed / MB:,.0f} MB to decode, "
            f"and {limits.memory / MB:,.0f} MB is the limit"
        )
