"""The mark that we leave on an instance with running hours: which change of them was met last, and how."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from chalicelib.idle.model import HOURS_MARK, Instance

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


class Word(StrEnum):
    """What was done when running hours began or ended."""

    ON = "on"
    """It runs, within its hours."""
    OFF = "off"
    """We stopped it, since they were over: so we start it when they begin."""
    LEFT = "left"
    """They were over, and it had been stopped already: starting it is up to those who stopped it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What was done, and when it was decided, to the second."""

    word: Word
    at: datetime

    def value(self, instance: str) -> str:
        """Return the tag's value; it has the instance's id, since tags are copied to other instances."""
        return f"{self.word} {self.at.astimezone(UTC):{_MOMENT}} {instance}"


def read(instance: Instance) -> Mark | None:
    """Return an instance's mark; None where it has none, a malformed one, or another instance's."""
    said = instance.tags.get(HOURS_MARK, "")
    try:
        word, at, _ = said.split(" ")
        mark = Mark(Word(word), datetime.strptime(at, _MOMENT).replace(tzinfo=UTC))
    except ValueError:
        return None
    return mark if said == mark.value(instance.id) else None
