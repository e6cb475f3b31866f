"""What is done to the inventory on the word of a hosted zone; views that it does not speak for stay as they are."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.inventory.model import Held, View


@dataclass(frozen=True, slots=True)
class SetHolders:
    """Write down which instances have a name in some views, and that none has it in the ``cleared`` ones."""

    label: str
    holders: Mapping[View, Held]
    cleared: tuple[View, ...]
    because: str


@dataclass(frozen=True, slots=True)
class LeaveClaim:
    """Write down that no instance has a name any more, which is claimed."""

    label: str
    cleared: tuple[View, ...]
    because: str


@dataclass(frozen=True, slots=True)
class DeleteName:
    """Take away a name that no instance has any more, and that nobody claims."""

    label: str
    cleared: tuple[View, ...]
    because: str


@dataclass(frozen=True, slots=True)
class MarkComplete:
    """Write down that a view's names have all been looked at, and which domain they stand below."""

    view: View
    domain: str
    because: str


type NameChange = SetHolders | LeaveClaim | DeleteName
type Change = NameChange | MarkComplete
