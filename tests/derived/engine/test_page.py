"""Pictures of a document's pages."""

from dataclasses import replace

import pypdfium2  # type: ignore[import-untyped]
import pytest

from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.workshop import Picture, Unrenderable, render
from chalicelib.derived.model import Fit, Format, Kind, Transformation
from tests.derived.engine.documents import pdf
from tests.derived.engine.samples import LIMITS, Bytes, at, corners, distance, refused, rendered, shown

PAGE = Transformation("page", Kind.PDF_PAGE, 100, 100)
RED_BELOW = "1 0 0 rg 0 0 100 50 re f"
BELOW_LEFT = ["white", "white", "red", "white"]


def test_a_page_is_drawn_upright_and_white():
    picture = shown(pdf(((0, 0, 200, 100), RED_BELOW)), SourceFormat.PDF, PAGE)
    assert picture.size == (100, 50)
    assert corners(picture) == BELOW_LEFT


def test_a_page_is_drawn_as_large_as_wanted_though_the_paper_is_small():
    picture = shown(pdf(((0, 0, 20, 10), "")), SourceFormat.PDF, replace(PAGE, width=900, height=900))
    assert picture.size == (900, 450)


def test_a_page_shows_through_to_its_background():
    body = pdf(((0, 0, 200, 100), RED_BELOW))
    wanted = [replace(PAGE, name=colour, background=colour, format=Format.PNG) for colour in ("#0000ff", "#00ff00")]
    blue, green = render(Bytes(body), SourceFormat.PDF, wanted, LIMITS).values()
    assert isinstance(blue, Picture)
    assert isinstance(green, Picture)
    assert corners(shown(body, SourceFormat.PDF, wanted[0])) == ["blue", "blue", "red", "blue"]
    assert blue.body != green.body


@pytest.mark.parametrize(
    ("turn", "seen"), [(90, ["red", "white", "white", "white"]), (180, ["white", "red"] + ["white"] * 2)]
)
def test_a_page_that_says_so_is_turned(turn, seen):
    picture = shown(pdf(((0, 0, 200, 100), RED_BELOW), extra=f"/Rotate {turn}"), SourceFormat.PDF, PAGE)
    assert picture.size == ((50, 100) if turn == 90 else (100, 50))
    assert corners(picture) == seen


def test_each_page_fails_alone():
    body = pdf(((0, 0, 9, 9), ""), ((0, 0, 9, 9), ""), ((0, 0, 9, 9), ""))
    wanted = [PAGE, replace(PAGE, name="seventh", page=7), replace(PAGE, name="third", page=3)]
    outcomes = render(Bytes(body), SourceFormat.PDF, wanted, LIMITS)
    assert outcomes["seventh"] == Unrenderable("has 3 pages, and page 7 is wanted")
    assert isinstance(outcomes["page"], Picture)
    assert isinstance(outcomes["third"], Picture)


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("size", [(1, 14_400), (14_400, 1), (14_400, 14_400), (0.001, 14_400)])
def test_a_page_of_any_shape_stays_in_its_box(size, fit):
    picture = rendered(
        pdf(((0, 0, *size), RED_BELOW)), SourceFormat.PDF, replace(PAGE, width=300, height=300, fit=fit)
    )[0]
    assert 1 <= picture.width <= 300
    assert 1 <= picture.height <= 300


def test_sizes_of_one_page_are_of_one_drawing():
    wanted = [replace(PAGE, name=str(side), width=side, height=side) for side in (400, 200, 50)]
    made = rendered(pdf(((0, 0, 200, 100), RED_BELOW)), SourceFormat.PDF, *wanted)
    assert [(one.width, one.height) for one in made] == [(400, 200), (200, 100), (50, 25)]


def test_fields_and_annotations_are_drawn():
    look = (
        "<< /Type /XObject /Subtype /Form /BBox [0 0 100 50] /Length 24 >>\nstream\n0 0 1 rg 0 0 100 50 re f\nendstream"
    )
    note = "<< /Type /Annot /Subtype /Stamp /Rect [0 50 100 100] /F 4 /AP << /N 7 0 R >> >>"
    field = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /Rect [100 0 200 50] /F 4 /AP << /N 7 0 R >> >>"
    body = pdf(
        ((0, 0, 200, 100), RED_BELOW),
        extra="/Annots [5 0 R 6 0 R]",
        objects=[note, field, look],
        trailer="/AcroForm << /Fields [6 0 R] >>",
    )
    assert corners(shown(body, SourceFormat.PDF, PAGE)) == ["blue", "white", "red", "blue"]


def test_no_script_is_run():
    assert not {"V8", "XFA"} & set(pypdfium2.PDFIUM_INFO.flags)
    body = pdf(
        ((0, 0, 200, 100), RED_BELOW),
        trailer="/OpenAction << /S /JavaScript /JS (app.alert\\(1\\); while\\(true\\){}) >>",
    )
    assert corners(shown(body, SourceFormat.PDF, PAGE)) == BELOW_LEFT


def test_a_document_with_a_password_is_refused():
    encrypt = f"<< /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >>"
    body = pdf(((0, 0, 200, 100), ""), objects=[encrypt])
    body = body.replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 5 0 R /ID [<41> <41>]")
    assert refused(body, SourceFormat.PDF, PAGE) == "is a document that opens with a password only"


def test_transparent_ink_is_mixed_with_the_background():
    body = pdf(((0, 0, 200, 100), "/G gs " + RED_BELOW), extra="/Resources << /ExtGState << /G << /ca 0.5 >> >> >>")
    picture = shown(body, SourceFormat.PDF, replace(PAGE, format=Format.PNG))
    assert distance(at(picture, 20, 40), (255, 128, 128)) <= 2


def test_a_drawing_with_more_pixels_than_memory_is_refused():
    wanted = replace(PAGE, width=16_000, height=16_000)
    reason = refused(pdf(((0, 0, 100, 100), "")), SourceFormat.PDF, wanted)
    assert reason.startswith("is 16000 x 16000 pixels of PDF page, which takes 3,072 MB to decode")
