"""What is done about idle instances, and plans of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.idle import marks
from chalicelib.idle.model import Instance
from chalicelib.problem import Problem


@dataclass(frozen=True, slots=True)
class Flag:
    """Flag an instance as idle: ``value`` is what its tag says."""

    instance: Instance
    value: str
    because: str


@dataclass(frozen=True, slots=True)
class Unflag:
    """Take the flag of an instance away, and the note that its owner was told of it."""

    instance: Instance
    because: str


@dataclass(frozen=True, slots=True)
class Park:
    """Stop an instance whose people want that."""

    instance: Instance
    because: str


type Change = Flag | Unflag | Park


@dataclass(frozen=True, slots=True)
class Standing:
    """How an idle instance stands: its flag, be it new, what its owner was told, and what happens next."""

    flag: marks.Flag
    notice: marks.Notice | None
    next_step: str
    announces_stop: bool = False
    """Whether the next step is a stop, of which its owner must have been told."""
    is_due: bool = False
    """Whether that stop is due now."""

    @property
    def is_news(self) -> bool:
        """Whether its owner has not been told, or was told last of a stop that does not come, or of none that comes."""
        return self.notice is None or self.notice.announces_stop != self.announces_stop


@dataclass(frozen=True)
class Plan:
    """What is to be done, how each idle instance stands, by its id, and what is wrong."""

    flags: tuple[Flag, ...] = ()
    unflags: tuple[Unflag, ...] = ()
    parks: tuple[Park, ...] = ()
    standing: Mapping[str, Standing] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
