"""Pictures of images: all that are wanted from one decoding, and those that move from one walk through the frames."""

from collections.abc import Iterator, Sequence

from chalicelib.derived.engine import animation
from chalicelib.derived.engine.decode import master
from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.ladder import pictures
from chalicelib.derived.engine.limits import Limits
from chalicelib.derived.engine.outcome import Outcome
from chalicelib.derived.model import Animation, Format, Transformation


def render(
    data: bytes, format_: SourceFormat, wanted: Sequence[Transformation], limits: Limits
) -> Iterator[tuple[str, Outcome]]:
    """Yield each transformation's name with its picture; raise what decoders raise if there can be none at all."""
    moving = [one for one in wanted if one.animation is Animation.KEEP and one.format is Format.WEBP]
    if not moving or not animation.moves(data, format_, moving, limits):
        moving = []
    if still := [one for one in wanted if one not in moving]:
        made, real = master(data, format_, still, limits)
        yield from pictures(made, real, still)
    if moving:
        yield from animation.render(data, format_, moving, limits)
