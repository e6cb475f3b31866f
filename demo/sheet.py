"""A contact sheet: small pictures side by side, each with its name."""

import io
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CELL, CAPTION, GAP = 220, 34, 12


def draw(pictures: Mapping[str, bytes], path: Path) -> None:
    """Write a PNG of pictures with their names below."""
    columns = min(len(pictures), 4)
    rows = -(-len(pictures) // columns)
    size = (columns * (CELL + GAP) + GAP, rows * (CELL + CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, "#f4f4f2")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for number, (name, body) in enumerate(pictures.items()):
        left = GAP + number % columns * (CELL + GAP)
        top = GAP + number // columns * (CELL + CAPTION + GAP)
        with Image.open(io.BytesIO(body)) as picture:
            small = picture.convert("RGB")
            small.thumbnail((CELL, CELL))
            caption = f"{name}\n{picture.format}, {picture.width} x {picture.height}, {len(body) / 1000:.0f} kB"
        sheet.paste(small, (left + (CELL - small.width) // 2, top + (CELL - small.height) // 2))
        pen.multiline_text((left, top + CELL + 4), caption, "#333333", font)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
