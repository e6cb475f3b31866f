"""Pictures of images: all that are wanted from one decoding, and those that move from one walk through the frames."""

from collections.abc import Iterator, Sequence

from chalicelib.derived.engine import animation
from chalicelib.derived.engine.decode import master
from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.ladder import pictures
from chalicelib.derived.engine.limits import Limits, TooLarge
from chalicelib.derived.engine.outcome import Outcome, why
from chalicelib.derived.model import Animation, Format, Transformation


def render(
    data: bytes,
    format_: SourceFormat,
    wanted: Sequence[Transformation],
    limits: Limits,
    beside: Sequence[Transformation] = (),
) -> Iterator[tuple[str, Outcome]]:
    """Yield each transformation's name with its picture; raise what decoders raise if there can be none at all."""
    moving = [one for one in wanted if _may_move(one)]
    if not moving or not animation.moves(data, format_, moving, limits):
        moving = []
    if still := [one for one in wanted if one not in moving]:
        others = [one for one in beside if not _may_move(one)]
        try:
            made, real = master(data, format_, [*still, *others], limits)
        except TooLarge:
            if len(still) + len(others) == 1:
                raise
            for one in still:  # what is too much together may fit alone
                yield from _alone(data, format_, one, limits)
        else:
            yield from pictures(made, real, still, others)
    if moving:
        yield from animation.render(data, format_, moving, limits)


def _alone(data: bytes, format_: SourceFormat, one: Transformation, limits: Limits) -> Iterator[tuple[str, Outcome]]:
    try:
        made, real = master(data, format_, [one], limits)
    except TooLarge as error:
        yield one.name, why(error)
    else:
        yield from pictures(made, real, [one])


def _may_move(one: Transformation) -> bool:
    return one.animation is Animation.KEEP and one.format is Format.WEBP
