"""What a decoded frame of a video looks like when it is played: its turn, the shape of its pixels, its colours."""

import struct
from fractions import Fraction
from math import exp, log

from av.rational import AVRational
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from PIL import Image

from chalicelib.derived.engine.scaling import Size

_TURNS = {  # of a display matrix' first four numbers, ISO/IEC 14496-12 6.2.2: EXIF's orientation
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
_MATRICES = {1: Colorspace.ITU709, 4: Colorspace.FCC, 5: Colorspace.ITU601, 6: Colorspace.ITU601}
_MATRICES |= {7: Colorspace.SMPTE240M, 9: Colorspace.BT2020, 10: Colorspace.BT2020}
_HD_HEIGHT = 720  # from here on, footage that does not say is taken for BT.709, as players do
_WHITE_NITS = 203  # of graphics in HDR; ITU-R BT.2408


def orientation(frame: VideoFrame) -> int:
    """Return EXIF's orientation for the turn and the mirror that the file asks for."""
    found = frame.side_data.get(Type.DISPLAYMATRIX)
    if found is None:
        return 1
    a, b, _, c, d = struct.unpack_from("=5i", bytes(found))
    largest = max(abs(a), abs(b), abs(c), abs(d)) or 1
    return _TURNS.get((round(a / largest), round(b / largest), round(c / largest), round(d / largest)), 1)


def square_pixels(size: Size, aspect: AVRational | None) -> Size:
    """Return the size in square pixels, never smaller on either side; a pixel of absurd shape counts as square."""
    if not aspect or not aspect.numerator or not aspect.denominator:
        return size
    shape = Fraction(aspect.numerator, aspect.denominator)
    if not Fraction(1, 10) <= shape <= 10:
        return size
    return (round(size[0] * shape), size[1]) if shape > 1 else (size[0], round(size[1] / shape))


def seen(frame: VideoFrame, size: Size) -> Image.Image:
    """Return the frame in sRGB, scaled while it is converted, since whole frames are large."""
    unsaid = Colorspace.ITU709 if frame.height >= _HD_HEIGHT else Colorspace.ITU601
    small = VideoReformatter().reformat(  # one of its own: what a parent made has threads that no child has
        frame,
        *size,
        format="rgb24",
        src_colorspace=_MATRICES.get(frame.colorspace, unsaid),
        dst_colorspace=Colorspace.ITU601,
        dst_color_range=ColorRange.JPEG,
        threads=1,
        interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT,
    )
    plane = small.planes[0]
    image = Image.frombytes("RGB", size, bytes(plane), "raw", "RGB", plane.line_size)
    curve = {ColorTrc.SMPTE2084: _pq, ColorTrc.ARIB_STD_B67: _hlg}.get(ColorTrc(frame.color_trc))
    return image.point([_tone(curve(i / 255)) for i in range(256)] * 3) if curve else image


def _pq(value: float) -> float:
    """Return light where 1 is a sheet of white paper; SMPTE ST 2084."""
    power = value ** (1 / 78.84375)
    root = max(power - 0.8359375, 0.0) / (18.8515625 - 18.6875 * power)
    return 10_000 / _WHITE_NITS * exp(log(root) / 0.1593017578125) if root else 0.0


def _hlg(value: float) -> float:
    """Return light where 1 is a sheet of white paper, at 75 % of the signal; ITU-R BT.2100, with its system gamma."""
    scene = value * value / 3 if value <= 0.5 else (exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return exp(1.2 * log(scene)) * 1000 / _WHITE_NITS if scene else 0.0


def _tone(light: float) -> int:
    """Return sRGB's value: what is darker than paper stays nearly as it is, highlights are pressed into the rest."""
    knee = 0.6
    shown = light if light <= knee else knee + (1 - knee) * (1 - 1 / (1 + (light - knee) / (1 - knee)))
    curved = 12.92 * shown if shown <= 0.0031308 else 1.055 * shown ** (1 / 2.4) - 0.055
    return min(255, round(255 * curved))
