"""Start-up: importing app.py against importing what it cannot do without, in fresh processes.

Both have their bytecode ready, as installed packages always have.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.result import Result

ROOT = Path(__file__).parent.parent
BARE = "import boto3, chalice.app; from aws_lambda_powertools import Logger, Metrics"
RUNS = 15


def seconds(statement: str) -> float:
    """Return the seconds that a fresh Python needs for a statement, start of the process included."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, check=True)
    return time.perf_counter() - start


def run() -> list[Result]:
    """Time both in turn, so that a machine that slows down slows both."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", "app.py", "chalicelib"], cwd=ROOT, check=True)
    ours, bare = [], []
    for n in range(RUNS + 1):
        times = seconds("import app"), seconds(BARE)
        if n:  # the first pair warms the caches
            ours.append(times[0])
            bare.append(times[1])
    name = "start-up: import app"
    return [Result(name, statistics.median(ours), "s", "chalice, boto3, Powertools alone", statistics.median(bare))]
