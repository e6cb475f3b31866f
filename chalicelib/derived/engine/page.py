"""Pictures of a document's pages.

The PDFium that pypdfium2 brings is built without V8 and XFA: a document's scripts are bytes, no more.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image, ImageColor

from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.ladder import Master, pictures
from chalicelib.derived.engine.limits import Limits, check_memory
from chalicelib.derived.engine.outcome import CannotRender, Outcome, why
from chalicelib.derived.model import Fit, Transformation

_LEAST_SIDE = 800  # smaller, letters and hairlines lose their shape before they are reduced
_MOST_SIDE = 16_384
_BYTES_A_PIXEL = 12  # PDFium's bitmap, Pillow's, and room for a layer that blends
_PASSWORD_WANTED = 4  # FPDF_ERR_PASSWORD


def render(
    data: bytes,
    _format: SourceFormat,
    wanted: Sequence[Transformation],
    limits: Limits,
    beside: Sequence[Transformation] = (),
) -> Iterator[tuple[str, Outcome]]:
    """Yield each transformation's name with a picture of its page; a page is drawn as large as its box wants it."""
    document = _opened(data)

    def alike(one: Transformation) -> tuple[int, str]:
        return one.page, one.background

    for (number, background), group in groupby(sorted(wanted, key=alike), alike):
        together, others = list(group), [one for one in beside if alike(one) == (number, background)]
        try:
            image = _drawn(document, number, background, [*together, *others], limits)
        except Exception as error:
            yield from ((one.name, why(error)) for one in together)
        else:
            yield from pictures(Master(image), image.size, together, others)


def _opened(data: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _PASSWORD_WANTED:
            raise CannotRender("is a document that opens with a password only") from None
        raise
    document.init_forms()
    return document


def _drawn(
    document: pypdfium2.PdfDocument, number: int, background: str, wanted: Iterable[Transformation], limits: Limits
) -> Image.Image:
    pages = len(document)
    if number > pages:
        raise CannotRender(f"has {pages} {'page' if pages == 1 else 'pages'}, and page {number} is wanted")
    page = document[number - 1]
    width, height = page.get_size()
    if not (0 < width < float("inf") and 0 < height < float("inf")):
        raise CannotRender(f"has a page {number} of {width:g} x {height:g} points")
    scale = scale_of((width, height), wanted)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    check_memory(size, "PDF page", size[0] * size[1] * _BYTES_A_PIXEL, limits)
    bitmap = page.render(
        scale=scale, fill_color=(*ImageColor.getrgb(background)[:3], 255), rev_byteorder=True, limit_image_cache=True
    )
    drawn: Image.Image = bitmap.to_pil()
    return drawn if drawn.mode == "RGB" else drawn.convert("RGB")


def scale_of(points: tuple[float, float], wanted: Iterable[Transformation]) -> float:
    """Return how many pixels a point is drawn with, so that the largest box is filled, and neither side is absurd."""
    ratios = [_ratio(points, one) for one in wanted]
    longest = max(points)
    return min(max(*ratios, _LEAST_SIDE / longest), _MOST_SIDE / longest)


def _ratio(points: tuple[float, float], one: Transformation) -> float:
    ratios = one.width / points[0], one.height / points[1]
    return max(ratios) if one.fit is Fit.COVER else min(ratios)
