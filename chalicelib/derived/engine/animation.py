"""Pictures that move, as WebP: every frame as it is seen, with its time."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from PIL import Image

from chalicelib.derived.engine.decode import opened, orientation_of
from chalicelib.derived.engine.encode import fitted, rights_of
from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.ladder import Master
from chalicelib.derived.engine.limits import MB, Limits
from chalicelib.derived.engine.outcome import CannotRender, Outcome, Picture, why
from chalicelib.derived.engine.scaling import scaled
from chalicelib.derived.model import Transformation

_MOVING = {SourceFormat.GIF, SourceFormat.WEBP, SourceFormat.PNG, SourceFormat.AVIF}
_MOST_PIXELS = 1_000_000_000  # of all frames together, which take about 10 s
_MOST_FRAMES = 3_000
_UNSAID = 100  # milliseconds that browsers show a frame that asks for 10 or fewer
_BYTES_A_PIXEL = 8  # of a frame that waits, and of the encoder's


@dataclass(slots=True)
class _Reel:
    """The frames of one picture, and for how many milliseconds each is shown."""

    wanted: Transformation
    frames: list[Image.Image] = field(default_factory=list)
    milliseconds: list[int] = field(default_factory=list)


def moves(data: bytes, format_: SourceFormat, wanted: Sequence[Transformation], limits: Limits) -> bool:
    """Return whether a source has more than one frame to show, one after the other."""
    if format_ not in _MOVING:
        return False
    image = opened(data, format_, wanted, limits)
    try:
        image.seek(_first(image) + 1)
    except EOFError:
        return False
    return True


def render(
    data: bytes, format_: SourceFormat, wanted: Sequence[Transformation], limits: Limits
) -> Iterator[tuple[str, Outcome]]:
    """Yield each transformation's name with its moving picture; raise CannotRender if there is too much of it."""
    image = opened(data, format_, wanted, limits)
    reels = [_Reel(one) for one in wanted]
    for frame in _frames(image, reels, limits):
        for reel in reels:
            small = frame.reduced(scaled(frame.size, reel.wanted))
            shown = fitted(small, reel.wanted)
            shown.info = {}
            reel.frames.append(shown)
            reel.milliseconds.append(_milliseconds(image))
    rights = rights_of(image.getexif())
    for reel in reels:
        try:
            yield reel.wanted.name, _encoded(reel, _loops(image, format_), rights)
        except Exception as error:
            yield reel.wanted.name, why(error)


def _frames(image: Image.Image, reels: Sequence[_Reel], limits: Limits) -> Iterator[Master]:
    """Yield frame after frame, each composed with those before it as its format says."""
    first = _first(image)
    canvas = image.width * image.height
    waiting = 0  # pixels of the frames that have been made
    for number in range(first, first + _MOST_FRAMES + 1):
        try:
            image.seek(number)
        except EOFError:
            return
        waiting += sum(reel.frames[-1].width * reel.frames[-1].height for reel in reels if reel.frames)
        too_much = (number + 1) * canvas > _MOST_PIXELS or waiting * _BYTES_A_PIXEL > limits.memory
        if too_much or number == first + _MOST_FRAMES:
            raise CannotRender(
                f"has more than {number - first} frames of {image.width} x {image.height} pixels, "
                f"and all of them take more than {limits.memory / MB:,.0f} MB or too long"
            )
        yield Master(image.copy(), orientation_of(image), profile=image.info.get("icc_profile"))


def _encoded(reel: _Reel, loops: int, rights: bytes) -> Picture:
    out = io.BytesIO()
    wanted, first = reel.wanted, reel.frames[0]
    first.save(
        out,
        "WEBP",
        save_all=True,
        append_images=reel.frames[1:],
        duration=reel.milliseconds,
        loop=loops,
        quality=wanted.quality,
        method=4,
        exif=rights if wanted.keep_copyright else b"",
    )
    return Picture(out.getvalue(), *first.size)


def _first(image: Image.Image) -> int:
    """Return the first frame that moves: a PNG may have a picture before, for those who see no animations."""
    return 1 if image.info.get("default_image") else 0


def _milliseconds(image: Image.Image) -> int:
    said = round(float(image.info.get("duration") or 0))
    return said if said > 10 else _UNSAID


def _loops(image: Image.Image, format_: SourceFormat) -> int:
    """Return how often all is shown, 0 for ever; GIF says how often it is repeated, or nothing for once."""
    if format_ is SourceFormat.AVIF:
        return 0
    if format_ is not SourceFormat.GIF:
        return int(image.info.get("loop") or 0)
    repeats = image.info.get("loop")
    return 1 if repeats is None else int(repeats) + 1 if repeats else 0
