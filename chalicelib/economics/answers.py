"""What every model answers: the inputs it took, results by name, one sentence of advice, and a series for a chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from chalicelib.economics.prices import Origin
from chalicelib.errors import BadRequest

MOST = 1e12
POINTS = 101
LONGEST = 60  # characters of what is said back
MOST_NAMED = 12
_REMEDY = "Another --region or --prices may have one; or say it in a --file"


@dataclass(frozen=True)
class Line:
    """One named value, in ``unit``; a text, or a number, or None where nobody says what it costs."""

    name: str
    value: float | str | None
    unit: str = ""


@dataclass(frozen=True)
class BreakEven:
    """From where on the one of two alternatives costs no more than the other, or no less."""

    x: float
    y: float
    between: tuple[str, str]


@dataclass(frozen=True)
class Series:
    """What alternatives cost, in ``y_name``, over what one input may be, ``x_name``."""

    x_name: str
    y_name: str
    x: tuple[float, ...]
    alternatives: Mapping[str, tuple[float, ...]]
    break_even: BreakEven | None = None


@dataclass(frozen=True)
class Answer:
    """What a model answers; ``notes`` are what it takes for granted."""

    title: str
    inputs: tuple[Line, ...]
    results: tuple[Line, ...]
    because: str
    series: Series
    origin: Origin
    notes: tuple[str, ...] = ()

    def value(self, name: str) -> float | None:
        """Return a result's number by its name; None where nobody says what it costs."""
        (found,) = [line.value for line in self.results if line.name == name]
        if isinstance(found, str):
            raise TypeError(f"{name} is a text")
        return found


def check(option: str, value: float, least: float, most: float = MOST) -> None:
    """Raise BadRequest where an input is no number from ``least`` to ``most``."""
    if not least <= value <= most:
        said = f"{value:g}" if len(str(value)) <= LONGEST else f"{str(value)[:LONGEST]}…"  # some are no float
        raise BadRequest(f"--{option} wants a number from {least:,.12g} to {most:,.12g}, and is {said}")


def need[T](option: str, value: T | None, what: str, origin: Origin) -> T:
    """Return what has a price; raise BadRequest that says what to do where it has none."""
    if value is None:
        raise BadRequest(f"--{option}: there is no price of {what} in: {origin}. {_REMEDY}")
    return value


def find[T](option: str, name: str, priced: Mapping[str, T], origin: Origin) -> T:
    """Return what a name stands for among what has a price; raise BadRequest that says what is like it."""
    if name in priced:
        return priced[name]
    close = get_close_matches(name.lower()[:LONGEST], priced, n=3) or sorted(priced)[:MOST_NAMED]
    named = f"There is one of {', '.join(close)}{', …' if len(priced) > len(close) else ''}. " if close else ""
    raise BadRequest(f"--{option}: there is no price of {name[:LONGEST]!a} in: {origin}. {named}{_REMEDY}")


def spread(until: float) -> tuple[float, ...]:
    """Return values from 0 to ``until``, evenly."""
    return tuple(until * at / (POINTS - 1) for at in range(POINTS))


def usd(amount: float) -> str:
    """Return an amount for people, in whole cents; less than a cent is said to be just that."""
    if 0 < abs(amount) < 0.005:
        return "less than a cent"
    return f"-${-amount:,.2f}" if amount < 0 else f"${amount:,.2f}"


def rate(price: float) -> str:
    """Return a price by the hour or the piece, with all the digits that it has, two at least."""
    whole, _, part = f"{price:,.10f}".rstrip("0").partition(".")
    return f"${whole}.{part:0<2}"


def percent(part: float, whole: float) -> str:
    """Return how many percent a part is of a whole; of nothing it is nothing."""
    return f"{part / whole * 100:.1f} %" if whole else "0 %"
