"""Cloud Custodian, a peer, in an environment of its own: the interpreter that BENCH_C7N_PYTHON names has it.

Without that, one is made in the folder for temporary files, and used again; nothing of it enters the project.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.child import access
from localcloud.cloud import LocalCloud

VERSION = "0.9.53"
MADE_BY = "made-by"
# As its documentation has it: instances by CreateSnapshots, loose volumes by CreateSnapshot; concurrency is its own.
_SNAPSHOTS = """\
policies:
  - name: instances
    resource: aws.ec2
    filters:
      - "tag:{tag}": {policy}
    actions: &snapshot
      - type: snapshot
        copy-tags: [Name]
        tags: {{{made_by}: custodian}}
  - name: loose-volumes
    resource: aws.ebs
    filters:
      - "tag:{tag}": {policy}
      - Attachments: []
    actions: *snapshot
"""


@dataclass(frozen=True)
class Custodian:
    """An interpreter that has it."""

    python: Path
    version: str

    def run(self, cloud: LocalCloud, folder: Path, tag: str, policy: str) -> float:
        """Make snapshots; return the seconds."""
        return self.apply(cloud, folder, _SNAPSHOTS.format(tag=tag, policy=policy, made_by=MADE_BY))

    def apply(self, cloud: LocalCloud, folder: Path, policies: str) -> float:
        """Run policies in a process; return the seconds. It may fail, as it does in life: who calls looks.

        What it finds it writes into the folder.
        """
        file = folder / "policies.yaml"
        file.write_text(policies)
        command = [str(self.python), "-m", "c7n.cli", "run", "--region", cloud.aws.region, "-s", str(folder), str(file)]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),  # it keeps a cache there
            **access(cloud.endpoint, cloud.aws.access_key, cloud.aws.secret_key),
        }
        start = time.perf_counter()
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        for line in said.stderr.splitlines():
            if ":ERROR" in line:
                print(f"Cloud Custodian: {line}", file=sys.stderr)
        return seconds


def custodian() -> Custodian | None:
    """Return it, or nothing where it cannot be had; why is said on stderr."""
    if named := os.environ.get("BENCH_C7N_PYTHON"):
        python = Path(named)
    else:
        folder = Path(tempfile.gettempdir()) / f"groundskeeper-benchmarks-c7n-{VERSION}"
        python = folder / "bin" / "python"
    try:
        if not named and _version(python) != VERSION:
            _do(sys.executable, "-m", "venv", "--clear", str(folder))
            _do(str(python), "-m", "pip", "install", "--quiet", f"c7n=={VERSION}")
        return Custodian(python, _version(python) or _do(str(python), "-c", "import c7n"))
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        print(f"Cloud Custodian is left out: {said.strip().splitlines()[-1]}", file=sys.stderr)
        return None


def _version(python: Path) -> str:
    """Return which version an interpreter has; empty where there is none."""
    try:
        return _do(str(python), "-c", "from c7n.version import version; print(version)")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _do(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
