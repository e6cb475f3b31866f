"""What a source is, is told by its first bytes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.derived.engine.kinds import HEAD, SourceFormat, sniff
from chalicelib.derived.model import Kind
from tests.derived.engine.documents import pdf
from tests.derived.engine.samples import arrow, photo, saved
from tests.derived.engine.videos import four_seconds, heic

EBML = b"\x1a\x45\xdf\xa3"
REAL = {
    "a photograph": (photo, SourceFormat.JPEG),
    "a PNG": (lambda: saved(arrow(), "PNG"), SourceFormat.PNG),
    "a GIF": (lambda: saved(arrow(), "GIF"), SourceFormat.GIF),
    "a WebP": (lambda: saved(arrow(), "WEBP"), SourceFormat.WEBP),
    "an AVIF": (lambda: saved(arrow(), "AVIF"), SourceFormat.AVIF),
    "a TIFF": (lambda: saved(arrow(), "TIFF"), SourceFormat.TIFF),
    "a big TIFF": (lambda: saved(arrow(), "TIFF", big_tiff=True), SourceFormat.TIFF),
    "a HEIC": (lambda: heic(), SourceFormat.HEIC),
    "an MP4": (four_seconds, SourceFormat.MP4),
    "a MOV": (lambda: four_seconds("mov"), SourceFormat.MP4),
    "a Matroska": (lambda: four_seconds("matroska"), SourceFormat.MKV),
    "a WebM": (lambda: four_seconds("webm", "libvpx-vp9"), SourceFormat.WEBM),
    "a PDF": (lambda: pdf(((0, 0, 9, 9), "")), SourceFormat.PDF),
}
OTHER = {
    "nothing": b"",
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "MVG": b"push graphic-context\nimage over 0,0 0,0 'https://example.org/'",
    "PostScript": b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file",
    "a playlist": b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\nfile:///etc/passwd",
    "a concat script": b"ffconcat version 1.0\nfile /etc/passwd",
    "a ZIP": b"PK\3\4",
    "a JPEG's name": b".jpg",
    "EBML of another kind": EBML + b"\x84\x42\x82\x84mine",
    "a sound in an MP4's boxes": b"\0\0\0\x10ftypM4A \0\0\0\0",
    "a HEIF of something unknown": b"\0\0\0\x14ftypmif1\0\0\0\0abcd",
    "WAVE": b"RIFF\0\0\0\0WAVEfmt ",
}


@pytest.mark.parametrize(("make", "format_"), REAL.values(), ids=REAL)
def test_real_files_are_known_by_their_first_bytes(make, format_):
    assert sniff(make()[:HEAD]) is format_


@pytest.mark.parametrize("head", OTHER.values(), ids=OTHER)
def test_what_no_picture_is_made_from_is_not_known(head):
    assert sniff(head) is None


@given(st.binary(max_size=200) | st.builds(bytes.__add__, st.sampled_from([EBML, b"\0\0\0\x1cftyp"]), st.binary()))
@example(b"\xff\xff\xff\xffftyp")
def test_every_beginning_has_an_answer(head):
    assert sniff(head) in {None, *SourceFormat}


@given(st.sampled_from([make for make, _ in REAL.values()]), st.integers(0, 40))
def test_a_beginning_of_a_beginning_is_that_format_or_not_known_yet(make, length):
    whole = make()
    assert sniff(whole[:length]) in {None, sniff(whole)}


def test_every_format_belongs_to_one_kind():
    assert {format_.kind for format_ in SourceFormat} == set(Kind)
    assert SourceFormat.HEIC.kind is Kind.IMAGE
    assert SourceFormat.WEBM.kind is Kind.VIDEO_STILL
    assert SourceFormat.PDF.kind is Kind.PDF_PAGE
