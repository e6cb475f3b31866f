"""What scalars must look like, said to people and to the parser at once."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

_LONGEST_SHOWN = 60  # characters
_WHOLE = re.compile(r"0|[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?")


@dataclass(frozen=True)
class Form[T]:
    """What a scalar must look like: ``wants`` tells people, and ``parse`` returns None for a text that is otherwise."""

    wants: str
    parse: Callable[[str], T | None]


def matching(pattern: re.Pattern[str], wants: str) -> Form[str]:
    """Return the form of a text that matches as a whole."""
    return Form(wants, lambda text: text if pattern.fullmatch(text) else None)


def one_of[E: StrEnum](choices: type[E]) -> Form[E]:
    """Return the form of one of an enumeration's values."""
    by_text = {str(choice): choice for choice in choices}
    return Form(_listed(by_text, "or"), by_text.get)


def whole(least: int, most: int) -> Form[int]:
    """Return the form of a whole number in decimal digits, without the leading zeros that some read as octal."""

    def parse(text: str) -> int | None:
        return int(text) if _WHOLE.fullmatch(text) and least <= int(text) <= most else None

    return Form(f"a whole number from {least} to {most}", parse)


def decimal(least: int, most: int) -> Form[float]:
    """Return the form of a number with three decimals at most."""

    def parse(text: str) -> float | None:
        return float(text) if _DECIMAL.fullmatch(text) and least <= float(text) <= most else None

    return Form(f"a number from {least} to {most} such as 2.5", parse)


def time_zone() -> Form[ZoneInfo]:
    """Return the form of a time zone's name, as the IANA database has it."""

    def parse(text: str) -> ZoneInfo | None:
        return ZoneInfo(text) if text in time_zones() else None

    return Form("a time zone's name such as Europe/Berlin or UTC", parse)


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all time zones: those of tzdata, since what one machine has besides, no other one may."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def did_you_mean(text: str, known: Collection[str]) -> str:
    """Return the end of a reason why a text is unknown: what is like it, or what there is."""
    if not known:
        return "there are none"
    close = get_close_matches(text[:_LONGEST_SHOWN].lower(), known, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {_listed(known, 'and')}"


def shown(text: str) -> str:
    """Return a text in quotes, on one line and not too long."""
    return repr(text) if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]!r}…"


def _listed(words: Collection[str], last: str) -> str:
    *rest, end = words
    return f"{', '.join(rest)} {last} {end}" if rest else end
