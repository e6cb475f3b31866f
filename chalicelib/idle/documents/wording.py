"""How what is found is worded, for people: money, amounts, and what others wrote into tags."""

import unicodedata
from collections.abc import Mapping
from math import floor

from chalicelib.economics.prices import Origin
from chalicelib.idle.findings import OwnerTotal
from chalicelib.idle.rules import Limit, Rules, Statistic

NO_PRICE, NO_DATA = "no price", "no data"
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_HIDDEN = {"Cc", "Cs", "Zl", "Zp"}  # controls, lone surrogates, separators of lines and paragraphs
# What would turn round the text beside it: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def money(dollars: float | None) -> str:
    """Say an amount in USD, with cents below 100; that there is no price is said, and is never 0."""
    if dollars is None:
        return NO_PRICE
    sign, amount = "-" if dollars < 0 else "", abs(dollars)
    return f"{sign}${amount:.2f}" if round(amount, 2) < 100 else f"{sign}${amount:,.0f}"


def owners_waste(total: OwnerTotal) -> str:
    """Say what the idle instances of one owner waste a month, and how many of them have no price."""
    if total.unpriced == total.instances:
        return NO_PRICE
    more = f", and {total.unpriced:,} without a price" if total.unpriced else ""
    return f"{money(total.net)} a month{more}"


def cpu(percent: float | None) -> str:
    """Say a CPU utilisation."""
    if percent is None:
        return NO_DATA
    return f"{percent:.2f} %" if percent < 10 else f"{percent:.1f} %"


def coverage(percent: float | None) -> str:
    """Say a coverage, rounded down: what falls short does not look as if it did not."""
    return NO_DATA if percent is None else f"{floor(percent)} %"


def traffic(size: float | None) -> str:
    """Say an amount of bytes, in decimal units, as limits have them."""
    if size is None:
        return NO_DATA
    return next((f"{size / unit:,.2f} {name}" for unit, name in _UNITS if size >= unit), f"{size:.0f} B")


def number(count: int, noun: str) -> str:
    """Say how many there are of something."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def visible(text: str) -> str:
    """Return a text with a mark for each character that nobody sees, or that would turn round those beside it."""
    return "".join(UNREADABLE if _is_unreadable(each) else each for each in text)


def line(text: str, most: int) -> str:
    """Return a text that others wrote as one visible line of no more than so many characters."""
    text = visible(" ".join(text.split()))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def by_origin(origins: Mapping[str, Origin]) -> dict[str, list[str]]:
    """Return the regions whose prices come from the same place."""
    regions: dict[str, list[str]] = {}
    for region, origin in sorted(origins.items()):
        regions.setdefault(str(origin), []).append(region)
    return regions


def idle_means(rules: Rules) -> str:
    """Say what is called idle by these rules."""
    preset = rules.preset
    limits = f"{load(rules)} {_within(preset.cpu, f'{preset.cpu.value:g} %')}"
    if preset.network is not None:
        limits += f" and network {_within(preset.network, f'{preset.network.value / 1e6:g} MB')} a day"
    days = "all" if preset.idle_days is None else f"at least {preset.idle_days}"
    return f"{limits}, on {days} of the last {preset.days} days"


def load(rules: Rules) -> str:
    """Say which utilisation of a day counts."""
    return "average CPU" if rules.preset.statistic is Statistic.AVERAGE else "peak CPU"


def _within(limit: Limit, said: str) -> str:
    return f"of {said} at the most" if limit.is_included else f"below {said}"


def _is_unreadable(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN or unicodedata.bidirectional(character) in _TURNING
