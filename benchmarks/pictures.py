"""Pictures of large sources: time and peak memory against other libraries, and what reading and decoding once saves."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib import cbook
from PIL import Image

from benchmarks.child import ROOT
from benchmarks.picture_peers import peers
from benchmarks.picture_ways import RUNS
from benchmarks.result import Result

SIDE, MB = 300, 1_000_000
SIZES = {"12 MP": (4000, 3000), "24 MP": (6000, 4000)}
FIVE = (1600, 800, 400, 200, 100)
SECOND = 9


def run() -> list[Result]:
    """Return figures of every way; those of other libraries only where these are."""
    with tempfile.TemporaryDirectory() as folder:
        photos = {name: _photograph(Path(folder) / f"{size[0]}.jpg", size) for name, size in SIZES.items()}
        results = [result for name, path in photos.items() for result in _one_size(name, path)]
        results += _five_sizes(photos["12 MP"])
        results += _still(_film(Path(folder) / "film.mp4"))
        return results


def _one_size(name: str, path: Path) -> Iterator[Result]:
    ours, forked, whole = (_way(way, path, SIDE) for way in ("inside", "forked", "whole"))
    others: dict[str, dict[str, float]] = {"Pillow, all pixels": whole}
    for peer, taken in peers(path, SIDE, RUNS).items():
        if taken is None:
            print(f"pictures: {peer} is absent")
        else:
            others[peer] = {"seconds": taken.seconds, "peak": taken.peak}
    for way, figures in (("picture", ours), ("render", forked)):
        title = f"{way}: JPEG of {name} to {SIDE} px"
        for peer, its in others.items():
            yield Result(title, figures["seconds"], "s", peer, its["seconds"])
            yield Result(f"{title}, peak", figures["peak"] / MB, "MB", peer, its["peak"] / MB)


def _five_sizes(path: Path) -> Iterator[Result]:
    together, apart = _way("inside", path, *FIVE), _way("apart", path, *FIVE)
    yield Result("five sizes of 12 MP", together["seconds"], "s", "five decodings", apart["seconds"])
    yield Result("five sizes of 12 MP, peak", together["peak"] / MB, "MB", "five decodings", apart["peak"] / MB)


def _still(path: Path) -> Iterator[Result]:
    ours, start = _way("still", path, SIDE, SECOND), _way("from_the_start", path, SIDE, SECOND)
    yield Result("still of a film", ours["seconds"], "s", "decoded from its start", start["seconds"])
    yield Result("still of a film, peak", ours["peak"] / MB, "MB", "decoded from its start", start["peak"] / MB)
    yield Result("still of a film, read", ours["read"] / MB, "MB", "the file", path.stat().st_size / MB)


def _way(way: str, path: Path, *sides: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.picture_ways", way, str(path), *map(str, sides)]
    told = subprocess.run(command, capture_output=True, cwd=ROOT, check=True)
    return dict(json.loads(told.stdout))


def _photograph(path: Path, size: tuple[int, int]) -> Path:
    """Write a real photograph, enlarged, with as much noise as a sensor has."""
    photo = Image.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))).resize(size)
    noise = Image.effect_noise(size, 12).convert("RGB")
    Image.blend(photo, noise, 0.15).save(path, "JPEG", quality=90)
    return path


def _film(path: Path) -> Path:
    """Write ten seconds of noise, more than 20 MB, with a key frame each second and the index at the end."""
    import av

    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("libx264", rate=10, options={"preset": "ultrafast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 1280, 720, "yuv420p", 10
        for number in range(100):
            noise = Image.effect_noise((1280, 720), 20 + number % 7).convert("RGB")
            frame = av.VideoFrame.from_image(noise)  # type: ignore[no-untyped-call]
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    if path.stat().st_size < 20 * MB:
        raise AssertionError(f"the film has {path.stat().st_size} bytes only")
    return path
