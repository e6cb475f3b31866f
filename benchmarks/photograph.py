"""Photographs of any size, as hard to compress as a camera's, and the same in each run."""

import io
import random

from PIL import Image

GRAIN = 3  # pixels between points of noise
SHARE_OF_NOISE = 0.3
PATCHES = 8


def photograph(width: int, height: int, seed: int, quality: int = 90) -> bytes:
    """Return a JPEG of smooth colours under noise: 12 MP have about 4 MB, 0.1 MP about 40 kB."""
    chance = random.Random(seed)

    def plane(step: int) -> Image.Image:
        size = max(2, width // step), max(2, height // step)
        points = Image.frombytes("L", size, chance.randbytes(size[0] * size[1]))
        return points.resize((width, height), Image.Resampling.BICUBIC)

    noise = plane(GRAIN)
    colours = [Image.blend(plane(width // PATCHES), noise, SHARE_OF_NOISE) for _ in range(3)]
    file = io.BytesIO()
    Image.merge("RGB", colours).save(file, "JPEG", quality=quality)
    return file.getvalue()
