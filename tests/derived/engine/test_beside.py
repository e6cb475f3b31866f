"""What is made alone is what it was among its siblings; what is too much together may fit alone."""

import io

import pytest
from PIL import Image

from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.outcome import Picture, Unrenderable
from chalicelib.derived.engine.workshop import Limits, render
from chalicelib.derived.model import Format, Kind, Transformation
from chalicelib.derived.renderer import BASE_MEMORY, Renderer
from tests.derived.engine.samples import SMALL, Bytes, photo, saved
from tests.derived.engine.videos import four_seconds

ROOMY = Limits(memory=400_000_000, seconds=8, source_bytes=60_000_000)
LARGE = Transformation("large", Kind.IMAGE, 900, 900)
HUGE = Transformation("huge", Kind.IMAGE, 8192, 8192, format=Format.AVIF)


def large_photo() -> bytes:
    """Return a JPEG large enough for its decoder to reduce it."""
    with Image.open(io.BytesIO(photo())) as image:
        return saved(image.resize((3072, 3600)), "JPEG")


@pytest.mark.parametrize(
    ("body", "format_", "kind"),
    [(large_photo, SourceFormat.JPEG, Kind.IMAGE), (lambda: four_seconds("mp4"), SourceFormat.MP4, Kind.VIDEO_STILL)],
    ids=["image", "video"],
)
def test_what_is_made_alone_has_the_bytes_that_it_had_among_its_siblings(body, format_, kind):
    siblings = [Transformation("large", kind, 900, 900), Transformation("small", kind, 60, 60)]
    source = body()
    together = render(Bytes(source), format_, siblings, ROOMY)
    alone = render(Bytes(source), format_, siblings[1:], ROOMY, beside=siblings)
    assert alone == {"small": together["small"]}


def test_without_its_siblings_it_would_have_others():
    source = large_photo()
    together = render(Bytes(source), SourceFormat.JPEG, [LARGE, SMALL], ROOMY)
    assert render(Bytes(source), SourceFormat.JPEG, [SMALL], ROOMY)["small"] != together["small"]


def test_what_is_too_much_together_fails_alone_or_not_at_all():
    source = saved(Image.new("RGB", (9000, 9000)), "JPEG")
    limits = Limits(memory=300_000_000, seconds=30, source_bytes=60_000_000)
    made = render(Bytes(source), SourceFormat.JPEG, [HUGE, SMALL], limits)
    assert isinstance(made["huge"], Unrenderable)
    assert "MB is the limit" in made["huge"].reason
    assert isinstance(made["small"], Picture)
    assert isinstance(render(Bytes(source), SourceFormat.JPEG, [SMALL], limits, beside=[HUGE])["small"], Picture)


def test_a_function_keeps_memory_for_itself():
    class Opened(Bytes):
        head = b"\x89PNG\r\n\x1a\n"

    tight = Renderer(BASE_MEMORY + 1_000_000).render(Opened(saved(Image.new("RGB", (1000, 1000)), "PNG")), [SMALL], [])
    assert isinstance(tight["small"], Unrenderable)
    assert "and 1 MB is the limit" in tight["small"].reason
