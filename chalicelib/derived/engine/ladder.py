"""All pictures of one decoded source, the largest first, so that smaller ones are made from larger ones."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from PIL import Image

from chalicelib.derived.engine import colour
from chalicelib.derived.engine.encode import finished
from chalicelib.derived.engine.outcome import Outcome, why
from chalicelib.derived.engine.scaling import Size, scaled
from chalicelib.derived.model import Transformation

_ROOM = 2  # a reduction by less than this from a reduced picture would blur it
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(slots=True)
class Master:
    """A decoded picture as it is stored.

    ``orientation`` is EXIF's, ``box`` what of the pixels is the picture (all, if nothing), ``rights`` the EXIF to keep.
    """

    image: Image.Image
    orientation: int = 1
    box: tuple[float, float, float, float] | None = None
    profile: bytes | None = None
    rights: bytes = b""

    @property
    def size(self) -> Size:
        """Return the size as it is looked at."""
        return self.turned(self.image.size)

    def turned(self, size: Size) -> Size:
        """Return a size with its sides swapped if the picture lies on its side."""
        return size[::-1] if self.orientation >= 5 else size

    def reduced(self, size: Size) -> Image.Image:
        """Return the picture upright in sRGB, of this size."""
        self.image = colour.scalable(self.image)
        small = _resized(self.image, self.turned(size), self.box)
        seen = colour.to_srgb(small, self.profile)
        return seen.transpose(_TURNS[self.orientation]) if self.orientation in _TURNS else seen


def pictures(
    master: Master, real: Size, wanted: Collection[Transformation], beside: Collection[Transformation] = ()
) -> Iterator[tuple[str, Outcome]]:
    """Yield each transformation's name with its picture; ``real`` is the upright size that the source has undecoded.

    Those beside are gone through as if they were wanted, but not finished.
    """
    larger: list[Image.Image] = []
    for one in sorted({*wanted, *beside}, key=lambda one: (scaled(real, one), one.name), reverse=True):
        try:
            size = scaled(real, one)
            roomy = [index for index, whole in enumerate(larger) if _enough(whole.size, size)]
            if roomy:
                del larger[: roomy[-1]]
            whole = _resized(larger[0], size) if roomy else master.reduced(size)
            larger.append(whole)
            if one in wanted:
                yield one.name, finished(whole, one, master.rights)
        except Exception as error:
            if one in wanted:
                yield one.name, why(error)


def _enough(larger: Size, size: Size) -> bool:
    return larger == size or (larger[0] >= _ROOM * size[0] and larger[1] >= _ROOM * size[1])


def _resized(image: Image.Image, size: Size, box: tuple[float, float, float, float] | None = None) -> Image.Image:
    if box is None and image.size == size:
        return image
    return image.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=2.0)
