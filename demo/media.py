"""What the scenes of derived objects begin with: a real photograph, a video of it, and a document about it."""

import io
from pathlib import Path

import av
import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

SECONDS, RATE = 6, 10
WIDTH, HEIGHT = 480, 270


def photograph() -> bytes:
    """Return the photograph of Grace Hopper that comes with matplotlib (U.S. Navy, in the public domain)."""
    return Path(mpl.get_data_path(), "sample_data", "grace_hopper.jpg").read_bytes()


def video() -> bytes:
    """Return an MP4 video of some seconds: a camera that moves down the photograph."""
    picture = Image.open(io.BytesIO(photograph())).convert("RGB")
    picture = picture.resize((WIDTH, picture.height * WIDTH // picture.width))
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(SECONDS * RATE):
            top = (picture.height - HEIGHT) * number // (SECONDS * RATE)
            frame = av.VideoFrame.from_image(picture.crop((0, top, WIDTH, top + HEIGHT)))  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def document() -> bytes:
    """Return a PDF of one page: the photograph under a heading."""
    figure = Figure(figsize=(5, 7))
    figure.suptitle("Grace Hopper", fontsize=24)
    axes = figure.add_subplot()
    axes.imshow(Image.open(io.BytesIO(photograph())))
    axes.set_axis_off()
    file = io.BytesIO()
    figure.savefig(file, format="pdf")
    return file.getvalue()
