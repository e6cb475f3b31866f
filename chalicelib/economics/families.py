"""Instance types as YAML says them: families, and sizes with prices of their own or in proportion to the large one."""

import re
from collections.abc import Iterator

from chalicelib.definition.forms import Form, matching
from chalicelib.definition.places import Place

MOST_ENTRIES = 400  # families of a platform, sizes of a family
BASE, SIZES = "large", "sizes"


def types(place: Place) -> Iterator[tuple[str, float]]:
    """Yield types with what an hour costs; a type's name is made of its family's and its size's."""
    for family, entry in place.entries("a mapping of families such as m5 to sizes", 0, MOST_ENTRIES).items():
        _check_part(family, entry)
        for size, price in _sizes(entry).items():
            yield f"{family}.{size}", price


def _sizes(place: Place) -> dict[str, float]:
    """Return a family's sizes with their prices; what is said counts more than what is reckoned."""
    entries = place.entries("a mapping of sizes such as large to prices", 0, MOST_ENTRIES)
    listed = entries.pop(SIZES, None)
    said = {}
    for size, entry in entries.items():
        _check_part(size, entry)
        if (price := entry.scalar(PRICE)) is not None:
            said[size] = price
    if listed is None:
        return said
    if BASE not in entries:
        listed.fault_of_key(f"wants the price of {BASE} beside it")
    return {**_reckoned(listed, said.get(BASE, 0.0)), **said}


def _reckoned(place: Place, base: float) -> dict[str, float]:
    """Return the prices of sizes that are listed, in proportion to that of the large one."""
    items = place.items("a list of sizes such as [xlarge, 2xlarge]", MOST_ENTRIES)
    sizes = [size for item in items if (size := item.scalar(_SIZE)) is not None]
    return {size: round(base * (_larges(size) or 0), _DIGITS) for size in sizes}


def _larges(size: str) -> float | None:
    """Return how many large ones a size is; None for one whose name does not say that, such as metal.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/apply_ri.html
    """
    times = re.fullmatch(r"([2-9]|[1-9][0-9])xlarge", size)
    return 2.0 * int(times[1]) if times else _LARGES.get(size)


def _check_part(name: str, place: Place) -> None:
    if _PART.parse(name) is None:
        place.fault_of_key(f"wants {_PART.wants}")


def _price(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,12})?", text) else None


PRICE = Form("a price in USD such as 0.0104", _price)
_PART = matching(re.compile(r"[a-z0-9-]{1,32}"), "a family or a size such as m5 or large, in 1 to 32 of a-z, 0-9 and -")
_SIZE = Form("a size from nano to 99xlarge", lambda text: text if _larges(text) else None)
_LARGES = {"nano": 1 / 16, "micro": 1 / 8, "small": 1 / 4, "medium": 1 / 2, "large": 1.0, "xlarge": 2.0}
_DIGITS = 9  # what is beyond them is an error of binary arithmetic
