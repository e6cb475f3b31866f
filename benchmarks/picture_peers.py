"""What other libraries take for the same picture, if they are here; each in a process of its own.

pyvips is asked of the interpreter that BENCH_PYVIPS_PYTHON names, or of this one; vipsthumbnail must be on PATH; node
must find sharp, by NODE_PATH.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_PYVIPS = """
import json, sys, time
import pyvips
path, side, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pyvips.cache_set_max(0)
seconds = []
for _ in range(runs):
    began = time.perf_counter()
    image = pyvips.Image.thumbnail(path, side, height=side, size="down")
    image.jpegsave_buffer(Q=80, optimize_coding=True, interlace=True, keep="none")
    seconds.append(time.perf_counter() - began)
peak = [int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(json.dumps({"seconds": min(seconds), "peak": peak}))
"""
_VIPSTHUMBNAIL = """
import json, resource, subprocess, sys, time
path, side, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
seconds = []
for _ in range(runs):
    began = time.perf_counter()
    words = ["--size", f"{side}x{side}>", "-o", path + ".small.jpg[Q=80,optimize_coding,interlace]"]
    subprocess.run(["vipsthumbnail", path, *words], check=True)
    seconds.append(time.perf_counter() - began)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps({"seconds": min(seconds), "peak": peak}))
"""
_SHARP = """
const sharp = require("sharp"), [path, side, runs] = process.argv.slice(1);
sharp.cache(false); sharp.concurrency(1);
(async () => {
  let least = Infinity;
  for (let run = 0; run < +runs; run++) {
    const began = process.hrtime.bigint();
    await sharp(path).rotate().resize(+side, +side, {fit: "inside", withoutEnlargement: true})
      .jpeg({quality: 80, progressive: true, optimizeCoding: true}).toBuffer();
    least = Math.min(least, Number(process.hrtime.bigint() - began) / 1e9);
  }
  const status = require("fs").readFileSync("/proc/self/status", "utf8");
  console.log(JSON.stringify({seconds: least, peak: 1024 * status.match(/VmHWM:\\s+(\\d+)/)[1]}));
})();
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """The least seconds of many runs, and the peak of memory in bytes."""

    seconds: float
    peak: float


def peers(path: Path, side: int, runs: int) -> dict[str, Taken | None]:
    """Return what each takes, or nothing where it is absent."""
    words = [str(path), str(side), str(runs)]
    python = os.environ.get("BENCH_PYVIPS_PYTHON", sys.executable)
    return {
        "pyvips": _told([python, "-c", _PYVIPS, *words]),
        "sharp": _told(["node", "-e", _SHARP, *words]),
        "vipsthumbnail, started": _told([sys.executable, "-c", _VIPSTHUMBNAIL, *words])
        if shutil.which("vipsthumbnail")
        else None,
    }


def _told(command: list[str]) -> Taken | None:
    if not shutil.which(command[0]):
        return None
    environment = {**os.environ, "VIPS_CONCURRENCY": "1"}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return Taken(**json.loads(said.stdout)) if said.returncode == 0 else None
