"""How large things become: pure arithmetic of a source's size and a transformation's box."""

from fractions import Fraction

from chalicelib.derived.model import Fit, Transformation

Size = tuple[int, int]


def scaled(source: Size, wanted: Transformation) -> Size:
    """Return what the whole source is reduced to, before anything is cut from it or put around it; never enlarged."""
    ratios = Fraction(wanted.width, source[0]), Fraction(wanted.height, source[1])
    ratio = max(ratios) if wanted.fit is Fit.COVER else min(ratios)
    return source if ratio >= 1 else (_times(source[0], ratio), _times(source[1], ratio))


def cut(whole: Size, wanted: Transformation) -> tuple[int, int, int, int]:
    """Return the middle of a reduced picture that has the box's shape, as left, upper, right and lower edge."""
    ratio = min(Fraction(1), Fraction(whole[0], wanted.width), Fraction(whole[1], wanted.height))
    width, height = _times(wanted.width, ratio), _times(wanted.height, ratio)
    left, upper = (whole[0] - width) // 2, (whole[1] - height) // 2
    return left, upper, left + width, upper + height


def place(whole: Size, wanted: Transformation) -> Size:
    """Return where the left upper corner of a reduced picture comes to be in the middle of its box."""
    return (wanted.width - whole[0]) // 2, (wanted.height - whole[1]) // 2


def _times(length: int, ratio: Fraction) -> int:
    return max(1, round(length * ratio))
