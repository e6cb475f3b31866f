"""Stills of videos; PyAV comes as a layer of its own, so nothing else imports it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NoReturn

import av
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from chalicelib.derived.engine import footage
from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.ladder import Master, pictures
from chalicelib.derived.engine.limits import Limits, check_memory
from chalicelib.derived.engine.outcome import CannotRender, Outcome, why
from chalicelib.derived.engine.ranges import Ranges
from chalicelib.derived.engine.scaling import Size, scaled
from chalicelib.derived.model import Transformation

_DEMUXERS = {SourceFormat.MP4: "mov", SourceFormat.MKV: "matroska", SourceFormat.WEBM: "matroska"}
_OPTIONS = {
    "probesize": "2000000",
    "analyzeduration": "2000000",
    "protocol_whitelist": "none",  # no demuxer opens anything else: no file, no address
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
    "enable_drefs": "0",
    "use_absolute_path": "0",
}
_BYTES_A_PIXEL = 30  # of a decoder that keeps 16 frames of 4:2:0, and some
_LEAST_MEMORY = 40_000_000
_PICTURES_IN_FILES = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


def render(
    source: Ranges,
    format_: SourceFormat,
    wanted: Sequence[Transformation],
    limits: Limits,
    beside: Sequence[Transformation] = (),
) -> Iterator[tuple[str, Outcome]]:
    """Yield each transformation's name with a still: of the key frame at or before its second.

    Of a video that ends before, it is the last key frame there is.
    """
    with _opened(source, format_) as container:
        stream = _video(container, limits)

        def second(one: Transformation) -> float:
            return one.second

        for at, group in groupby(sorted(wanted, key=second), second):
            together, others = list(group), [one for one in beside if one.second == at]
            try:
                master, real = _still(container, stream, at, [*together, *others])
            except Exception as error:
                yield from ((one.name, why(error)) for one in together)
            else:
                yield from pictures(master, real, together, others)


def _opened(source: Ranges, format_: SourceFormat) -> InputContainer:
    return av.open(source, "r", format=_DEMUXERS[format_], options=_OPTIONS, io_open=_refuse, buffer_size=1 << 16)


def _refuse(url: str, flags: int, options: dict[str, Any]) -> NoReturn:  # noqa: ARG001 - as PyAV calls it
    raise CannotRender("refers to another file, which is not read")


def _video(container: InputContainer, limits: Limits) -> VideoStream:
    streams = [one for one in container.streams.video if not one.disposition & _PICTURES_IN_FILES]
    if not streams:
        raise CannotRender("has no video in it")
    stream = max(streams, key=lambda one: bool(one.disposition & Disposition.default))
    if stream.codec_context is None:
        raise CannotRender("has a video of a kind that cannot be decoded, or ends before it says of what kind")
    size = stream.codec_context.width, stream.codec_context.height
    check_memory(size, "video", _LEAST_MEMORY + size[0] * size[1] * _BYTES_A_PIXEL, limits)
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    stream.codec_context.skip_frame = "NONKEY"
    stream.codec_context.thread_count = 1  # each thread keeps frames of its own
    return stream


def _still(
    container: InputContainer, stream: VideoStream, second: float, wanted: Iterable[Transformation]
) -> tuple[Master, Size]:
    frame = _key_frame(container, stream, second)
    orientation = footage.orientation(frame)
    lying = footage.square_pixels((frame.width, frame.height), stream.sample_aspect_ratio)
    real = lying[::-1] if orientation >= 5 else lying
    width, height = max(scaled(real, one) for one in wanted)
    size = (height, width) if orientation >= 5 else (width, height)
    return Master(footage.seen(frame, size), orientation), real


def _key_frame(container: InputContainer, stream: VideoStream, second: float) -> VideoFrame:
    start = stream.start_time or 0
    target = start + int(second / stream.time_base)
    try:
        container.seek(target, stream=stream)
        if frame := next(container.decode(stream), None):
            return frame
    except av.error.FFmpegError:
        if not second:
            raise
    container.seek(start, stream=stream)
    last = None
    for frame in container.decode(stream):
        if last and frame.pts is not None and frame.pts > target:
            break
        last = frame
    if last is None:
        raise CannotRender("has a video without a frame that can be decoded")
    return last
