"""What is done about idle instances, and plans of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

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
    """Stop an instance whose people want that, and whose owner was told: ``notice``, as it stands today."""

    instance: Instance
    notice: marks.Notice
    because: str

    @property
    def value(self) -> str:
        """Return what is noted before: that we have set out to stop it."""
        return replace(self.notice, is_stopping=True).value


@dataclass(frozen=True, slots=True)
class Note:
    """Bring what we noted of an instance up to date: ``value`` is what its tag says."""

    instance: Instance
    value: str


type Change = Flag | Unflag | Park


@dataclass(frozen=True, slots=True)
class Standing:
    """How an idle instance stands: its flag, be it new, what its owner was told, and what happens next."""

    flag: marks.Flag
    notice: marks.Notice | None
    next_step: str
    stop: date | None = None
    """The day on which it is stopped if its owner is told, or has been; None where it is not."""
    is_due: bool = False
    """Whether that stop is due now."""
    held: str = ""
    """Why it is due, and yet not stopped now; empty where nothing holds it up."""

    @property
    def is_news(self) -> bool:
        """Whether its owner has not been told, or was told last of a stop that does not come, or of none that comes."""
        return self.notice is None or self.notice.stop != self.stop

    def told(self, at: datetime) -> marks.Notice:
        """Return what is to be noted once its owner is told at a moment: of a stop put off, it was told before."""
        if self.stop is None:
            return marks.Notice(at)
        since = self.notice.at if self.notice and self.notice.stop else at
        return marks.Notice(since, self.stop, at.astimezone(UTC).date())


@dataclass(frozen=True)
class Plan:
    """What is to be done, how each idle instance stands, by its id, and what is wrong."""

    flags: tuple[Flag, ...] = ()
    unflags: tuple[Unflag, ...] = ()
    notes: tuple[Note, ...] = ()
    """Of those that have been told, whether or not they are told again."""
    parks: tuple[Park, ...] = ()
    standing: Mapping[str, Standing] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
