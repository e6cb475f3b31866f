"""`python -m benchmarks.picture_ways WAY FILE SIDE …`: make pictures in one way; say how long it took, and its peak.

One process does nothing else, so that its peak is that way's.
"""

import io
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from chalicelib.derived.engine import picture, workshop
from chalicelib.derived.engine.kinds import SourceFormat, sniff
from chalicelib.derived.engine.limits import Limits
from chalicelib.derived.model import Kind, Transformation

RUNS = 15
LIMITS = Limits(memory=1_000_000_000, seconds=60, source_bytes=100_000_000)


class File:
    """A source in a file, that counts what is read of it."""

    def __init__(self, path: Path) -> None:
        self._path, self.size, self.read = path, path.stat().st_size, 0

    def read_all(self) -> bytes:
        """Return everything."""
        return self._path.read_bytes()

    def read_range(self, start: int, length: int) -> bytes:
        """Return a part."""
        self.read += length
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read(length)


def wanted(kind: Kind, sides: list[int], second: float = 0) -> list[Transformation]:
    """Return transformations into square boxes."""
    return [Transformation(str(side), kind, side, side, second=second) for side in sides]


def inside(path: Path, sides: list[int]) -> object:
    """Make pictures in this process, all from one decoding."""
    return dict(picture.render(path.read_bytes(), SourceFormat.JPEG, wanted(Kind.IMAGE, sides), LIMITS))


def apart(path: Path, sides: list[int]) -> object:
    """Make pictures in this process, each from a decoding of its own."""
    return [inside(path, [side]) for side in sides]


def forked(path: Path, sides: list[int]) -> object:
    """Make pictures as the functions do, in a child process."""
    return workshop.render(File(path), SourceFormat.JPEG, wanted(Kind.IMAGE, sides), LIMITS)


def whole(path: Path, sides: list[int]) -> object:
    """Decode every pixel with Pillow, and reduce that."""
    image = Image.open(path)
    image.load()
    image.thumbnail((sides[0], sides[0]), Image.Resampling.BICUBIC)
    image.save(io.BytesIO(), "JPEG", quality=80, optimize=True, progressive=True)
    return image


def still(path: Path, sides: list[int]) -> object:
    """Make a still as the functions do: at the second named, by a key frame; return what part of the file was read."""
    source = File(path)
    format_ = sniff(source.read_range(0, 4096)) or SourceFormat.MP4
    source.read = 0
    made = workshop.render(source, format_, wanted(Kind.VIDEO_STILL, sides[:1], sides[1]), LIMITS)
    if not all(isinstance(one, workshop.Picture) for one in made.values()):
        raise AssertionError(made)
    return source.read


def from_the_start(path: Path, sides: list[int]) -> object:
    """Decode a video up to the second named, and reduce that frame."""
    import av

    with av.open(str(path), "r") as file:
        frame = next(frame for frame in file.decode(video=0) if frame.time >= sides[1])
        image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    image.thumbnail((sides[0], sides[0]))
    image.save(io.BytesIO(), "JPEG", quality=80)
    return image


WAYS: dict[str, Callable[[Path, list[int]], object]] = {
    way.__name__: way for way in (inside, apart, forked, whole, still, from_the_start)
}


def _own_peak() -> int:
    """Return VmHWM: the kernel's count of resources begins with those of the process that started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main(way: str, path: Path, sides: list[int]) -> None:
    """Print seconds, the least of many runs, the peak in bytes, and what the way returned if that is a number."""
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        made = WAYS[way](path, sides)
        seconds.append(time.perf_counter() - began)
    peak = max(_own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
    print(json.dumps({"seconds": min(seconds), "peak": peak, "read": made if isinstance(made, int) else 0}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [int(side) for side in sys.argv[3:]])
