"""What is done to the inventory on the word of a hosted zone."""

from dataclasses import dataclass
from typing import Literal

from chalicelib.inventory.model import Held, View


@dataclass(frozen=True, slots=True)
class Hold:
    """Write down that an instance holds a name in one view."""

    label: str
    view: View
    held: Held
    because: str


@dataclass(frozen=True, slots=True)
class LetGo:
    """Write down that no instance holds a name in one view; ``leaves`` is what is then left of the name."""

    label: str
    view: View
    leaves: Literal["a holder", "a claim", "nothing"]
    because: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Write down that a view's names have all been looked at, and which domain they stand below."""

    view: View
    domain: str
    because: str


type Change = Hold | LetGo | Settle
