"""Running hours as tags say them.

::

    HOURS = "always" | "never" | SPAN { "+" SPAN } [ ZONE ]
    SPAN  = DAYS HH:MM-HH:MM
    DAYS  = "daily" | DAY | DAY-DAY
    DAY   = mon | tue | wed | thu | fri | sat | sun

Spaces stand between words, plus signs too, and case does not matter; all characters are among those that each AWS
service allows in tags (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions).
ZONE is a name of the IANA database such as ``Europe/Berlin``. A span that ends before it begins goes on over midnight,
and belongs to the day on which it begins: ``mon-fri 22:00-06:00`` ends on Saturday. ``24:00`` is the end of a day.
``never`` is off until the tag says otherwise.
"""

import re
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo

from chalicelib.definition.forms import did_you_mean, shown, time_zones
from chalicelib.idle.hours.model import (
    ALWAYS,
    ALWAYS_WORD,
    DAILY,
    DAYS,
    MINUTES_A_DAY,
    NEVER,
    NEVER_WORD,
    RunningHours,
    Span,
)

WANTED = (
    "DAYS HH:MM-HH:MM [ZONE] such as mon-fri 08:00-19:00 Europe/Berlin, several with + between, or always, or never"
)
_ALONE = {ALWAYS_WORD: ALWAYS, NEVER_WORD: NEVER}
_TIMES = re.compile(r"((?:[01][0-9]|2[0-3]):[0-5][0-9])-((?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)")


def parse(text: str, zone: ZoneInfo) -> RunningHours:
    """Return the running hours that a tag asks for, in a zone where it names none.

    Raises:
        ValueError: the text is malformed; the message says what is wrong with it, and what would be right.
    """
    words = text.lower().split()
    if words and words[0] in _ALONE:
        if len(words) > 1:
            raise ValueError(f"{words[0]} stands alone")
        return _ALONE[words[0]]
    parts = _split(words)
    name = parts[-1].pop() if len(parts[-1]) == len(("DAYS", "HH:MM-HH:MM", "ZONE")) else ""
    spans = tuple(map(_span, parts))
    return RunningHours(spans, _zone(name) if name else zone)


def _split(words: list[str]) -> list[list[str]]:
    """Return the words between plus signs."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "+":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _span(words: list[str]) -> Span:
    match words:
        case [days, times]:
            return Span(*_days(days), *_times(times))
        case [_, _, name]:
            raise ValueError(f"{shown(name)} stands before a plus sign: a time zone is named once, at the end")
    raise ValueError(f"{shown(' '.join(words))} is not understood: it wants {WANTED}")


def _days(word: str) -> tuple[int, int]:
    if word == DAILY:
        return 0, 6
    first, dash, last = word.partition("-")
    if dash and first == last:
        raise ValueError(f"{shown(word)} could be one day or all: write {first}, or {DAILY}")
    return _day(first), _day(last if dash else first)


def _day(word: str) -> int:
    if word not in DAYS:
        raise ValueError(f"{shown(word)} is no day: {did_you_mean(word, (*DAYS, DAILY))}")
    return DAYS.index(word)


def _times(word: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(word)
    if not found:
        raise ValueError(f"{shown(word)} is no span of time: it wants HH:MM-HH:MM such as 08:00-19:00")
    if found[1] == found[2]:
        raise ValueError(f"{shown(word)} ends when it begins: write 00:00-24:00 for a whole day")
    begin, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in found.groups())
    return begin, end or MINUTES_A_DAY


def _zone(word: str) -> ZoneInfo:
    zones = _zones()
    if word not in zones:
        # Not did_you_mean: where nothing is like it, that would list all 600. Abbreviations are never what is meant.
        close = get_close_matches(word, [name for name in zones if "/" in name], n=1)
        hint = f"did you mean {zones[close[0]]}?" if close else "it wants a name such as Europe/Berlin or UTC"
        raise ValueError(f"{shown(word)} is no time zone: {hint}")
    return ZoneInfo(zones[word])


@cache
def _zones() -> dict[str, str]:
    """Return the names of all time zones, by what they are in lower case."""
    return {name.lower(): name for name in sorted(time_zones())}
