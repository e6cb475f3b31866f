"""`python -m tests.derived.engine.fresh`: a process that makes pictures of what it is given, and says what that took.

It reads the format, the transformation's animation, and sources, each with its length before it.
"""

import io
import json
import resource
import sys
import time

from PIL import Image

from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.workshop import Limits, Picture, render
from chalicelib.derived.model import Animation, Fit, Format, Transformation

LIMITS = Limits(memory=150_000_000, seconds=5, source_bytes=20_000_000)


class Given:
    """A source that was read from standard input."""

    def __init__(self, body: bytes) -> None:
        self.body, self.size = body, len(body)

    def read_all(self) -> bytes:
        return self.body

    def read_range(self, start: int, length: int) -> bytes:
        return self.body[start : start + length]


def answer(body: bytes, format_: SourceFormat, animation: Animation = Animation.FIRST) -> str:
    """Return the reason, or "picture"."""
    wanted = Transformation("one", format_.kind, 300, 300, Fit.INSIDE, Format.WEBP, animation=animation)
    outcome = render(Given(body), format_, [wanted], LIMITS)["one"]
    return "picture" if isinstance(outcome, Picture) else outcome.reason


def main() -> None:
    """Answer with JSON: what became of each, the slowest's seconds, the largest child's peak, the next good one."""
    format_, animation = SourceFormat(sys.argv[1]), Animation(sys.argv[2])
    good = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(good, "JPEG")
    said, seconds = [], 0.0
    while length := sys.stdin.buffer.read(8):
        body = sys.stdin.buffer.read(int.from_bytes(length))
        began = time.monotonic()
        said.append(answer(body, format_, animation))
        seconds = max(seconds, time.monotonic() - began)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    after = answer(good.getvalue(), SourceFormat.JPEG)
    json.dump({"said": said, "seconds": seconds, "peak": peak, "after": after}, sys.stdout)


if __name__ == "__main__":
    main()
