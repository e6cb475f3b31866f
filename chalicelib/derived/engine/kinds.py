"""Which formats sources have; told by their first bytes alone, never by a name or a Content-Type."""

import re
from enum import StrEnum

from chalicelib.derived.model import Kind

HEAD = 4096


class SourceFormat(StrEnum):
    """A format that pictures are made from; MP4 includes MOV."""

    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    WEBP = "webp"
    AVIF = "avif"
    TIFF = "tiff"
    HEIC = "heic"
    MP4 = "mp4"
    MKV = "mkv"
    WEBM = "webm"
    PDF = "pdf"

    @property
    def kind(self) -> Kind:
        """Return what transformations can be made from it."""
        if self is SourceFormat.PDF:
            return Kind.PDF_PAGE
        return Kind.VIDEO_STILL if self in _VIDEOS else Kind.IMAGE


_VIDEOS = {SourceFormat.MP4, SourceFormat.MKV, SourceFormat.WEBM}
_MAGIC = {
    b"\xff\xd8\xff": SourceFormat.JPEG,
    b"\x89PNG\r\n\x1a\n": SourceFormat.PNG,
    b"GIF87a": SourceFormat.GIF,
    b"GIF89a": SourceFormat.GIF,
    b"II*\0": SourceFormat.TIFF,
    b"MM\0*": SourceFormat.TIFF,
    b"II+\0": SourceFormat.TIFF,
    b"MM\0+": SourceFormat.TIFF,
    b"%PDF-": SourceFormat.PDF,
}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_IMAGE_BRANDS = {b"mif1", b"msf1", b"mif2"}
_VIDEO_BRAND = re.compile(rb"mp4[12v]|iso[m2-9a-f]|avc1|qt  |M4V[ HP]|3g[p2].|dash|msdh|f4v |mmp4|XAVC|hvc1|MSNV|av01")
_OLD_QUICKTIME = {b"moov", b"mdat", b"wide", b"free", b"skip"}


def sniff(head: bytes) -> SourceFormat | None:
    """Return the format of a source that begins so, or nothing if no picture is ever made from such; 4,096 bytes do.

    Files are taken at their first byte's word: what stands further in (a polyglot) is not looked for.
    """
    for magic, found in _MAGIC.items():
        if head.startswith(magic):
            return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return SourceFormat.WEBP
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _matroska(head)
    return _boxed(head)


def _matroska(head: bytes) -> SourceFormat | None:
    """Tell by the DocType element; RFC 9559."""
    found = re.search(rb"\x42\x82[\x81-\x9f](webm|matroska)", head[:256])
    if not found:
        return None
    return SourceFormat.WEBM if found[1] == b"webm" else SourceFormat.MKV


def _boxed(head: bytes) -> SourceFormat | None:
    """Tell by the brands of the ISO base media file format; the major one first, then the compatible ones."""
    if head[4:8] != b"ftyp":
        size = int.from_bytes(head[:4])
        return SourceFormat.MP4 if head[4:8] in _OLD_QUICKTIME and (size >= 8 or size == 1) else None
    length = min(int.from_bytes(head[:4]), len(head), 1024)
    major, compatible = head[8:12], {head[i : i + 4] for i in range(16, length - 3, 4)}
    if major in _AVIF_BRANDS:
        return SourceFormat.AVIF
    if major in _HEIC_BRANDS:
        return SourceFormat.HEIC
    if major in _IMAGE_BRANDS:
        if compatible & _AVIF_BRANDS:
            return SourceFormat.AVIF
        return SourceFormat.HEIC if compatible & _HEIC_BRANDS else None
    brands = {major} | compatible
    return SourceFormat.MP4 if any(_VIDEO_BRAND.fullmatch(brand) for brand in brands) else None
