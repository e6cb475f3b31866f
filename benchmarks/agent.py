"""The agent: CPU and memory of one sync, against ``curl`` and ``cp``, which check nothing, and Python's start.

A server on loopback sends the hosts file of 100,000 entries, plain, with the headers of the API. What a process cost is
what the kernel says when it has ended (wait4): user and system time, and the largest resident set.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple, Self

from benchmarks.child import pipes
from benchmarks.names_of_fleet import DOMAIN, content
from benchmarks.result import Result
from chalicelib.hosts import render

ROOT = Path(__file__).parent.parent
SIZE = 100_000
RUNS = {"304 sync": 15, "install": 7}
TOKEN = "gk_x_y"  # noqa: S105 - nobody checks it
LOCALHOST = "127.0.0.1\tlocalhost\n"
IMPORTS = "import argparse, configparser, hashlib, json, urllib.request"


class Cost(NamedTuple):
    """What processes cost: CPU seconds of all, MiB of the largest."""

    cpu: float
    memory: float


def run() -> list[Result]:
    """Return what the three cost, in turn."""
    document = render.hosts(content(SIZE)).encode()
    with tempfile.TemporaryDirectory() as name, _server(document) as (url, etag), _Launcher() as launcher:
        machine = _Machine(Path(name), url, etag, launcher.spent)
        costs = {
            "304 sync": _medians([(machine.sync(), machine.curl(), machine.start()) for _ in _turns(machine)]),
            "install": _medians([machine.installed() for _ in range(RUNS["install"])]),
        }
    return [result for what, (agent, curl, start) in costs.items() for result in _results(what, agent, curl, start)]


def _results(what: str, agent: Cost, curl: Cost, start: Cost) -> Iterator[Result]:
    name = "agent: 304 sync" if what == "304 sync" else f"agent: install of {SIZE:,} entries"
    peer = "curl" if what == "304 sync" else "curl and cp"
    for reference, cost in ((peer, curl), ("Python with the imports alone", start)):
        yield Result(f"{name}: CPU", agent.cpu, "s", reference, cost.cpu)
        yield Result(f"{name}: memory", agent.memory, "MiB", reference, cost.memory)


class _Machine:
    """A machine with a hosts file, in a folder."""

    def __init__(self, folder: Path, url: str, etag: str, spent: Callable[[Sequence[str]], Cost]) -> None:
        self._folder, self._url, self._etag, self._spent = folder, url, etag, spent
        self.hosts, token = folder / "hosts", folder / "token"
        token.write_text(TOKEN)
        token.chmod(0o600)
        options = {"url": url, "token-file": token, "suffix": DOMAIN, "file": self.hosts, "state-dir": folder / "state"}
        self._sync = [sys.executable, "-m", "groundskeeper_hosts", "sync"]
        self._sync += [word for option, value in options.items() for word in (f"--{option}", str(value))]

    def reset(self) -> None:
        """Forget what was installed."""
        self.hosts.write_text(LOCALHOST)
        for file in (self._folder / "state").glob("*"):
            file.unlink()

    def installed(self) -> tuple[Cost, Cost, Cost]:
        """Install all of it, in both ways."""
        self.reset()
        agent = self.sync()
        if self.hosts.read_text().count(DOMAIN) != SIZE:
            raise AssertionError("the agent has not installed the document")
        fetched, copied = (
            self.curl(etag=""),
            self._spent(["cp", str(self._folder / "fetched"), str(self._folder / "copy")]),
        )
        return agent, Cost(fetched.cpu + copied.cpu, max(fetched.memory, copied.memory)), self.start()

    def sync(self) -> Cost:
        """Run the agent once."""
        return self._spent(self._sync)

    def curl(self, etag: str | None = None) -> Cost:
        """Ask as curl does, for what differs from an ETag: that of the document, unless another is given."""
        headers = [
            "-H",
            f"Authorization: Bearer {TOKEN}",
            "-H",
            f"If-None-Match: {self._etag if etag is None else etag}",
        ]
        return self._spent(["curl", "-s", *headers, "-o", str(self._folder / "fetched"), f"{self._url}/hosts/private"])

    def start(self) -> Cost:
        """Start Python, and import what the agent does of the standard library."""
        return self._spent([sys.executable, "-c", IMPORTS])


def _turns(machine: _Machine) -> range:
    """Install once, so that there is nothing new."""
    machine.reset()
    machine.sync()
    return range(RUNS["304 sync"])


class _Launcher:
    """A small process that starts others: what is resident when one is started counts as resident in it too."""

    CODE = """
import os, sys
for line in sys.stdin:
    words = line.rstrip("\\n").split("\\t")
    _, status, usage = os.wait4(os.posix_spawnp(words[0], words, os.environ), 0)
    print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss, flush=True)
"""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", self.CODE],
            env={**os.environ, "PYTHONPATH": str(ROOT / "agent")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def spent(self, command: Sequence[str]) -> Cost:
        """Run a command, and return what it cost."""
        asked, answers = pipes(self._process)
        asked.write("\t".join(command) + "\n")
        asked.flush()
        code, cpu, kilobytes = answers.readline().split()
        if code != "0":
            raise subprocess.CalledProcessError(int(code), command)
        return Cost(float(cpu), int(kilobytes) / 1024)


def _medians(turns: Sequence[tuple[Cost, ...]]) -> tuple[Cost, ...]:
    return tuple(
        Cost(statistics.median(cost.cpu for cost in costs), statistics.median(cost.memory for cost in costs))
        for costs in zip(*turns, strict=True)
    )


@contextmanager
def _server(body: bytes) -> Iterator[tuple[str, str]]:
    """Serve a document; yield the URL and the ETag."""
    digest = hashlib.sha256(body).hexdigest()
    facts = {
        "ETag": f'"{digest[:32]}"',
        "Groundskeeper-Generation": "1",
        "Groundskeeper-Entries": str(SIZE),
        "Groundskeeper-Sha256": digest,
        "Cache-Control": "private, no-cache",
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_known = self.headers["If-None-Match"] == facts["ETag"]
            sent = {"ETag": facts["ETag"]} if is_known else {**facts, "Content-Type": render.PLAIN}
            self.send_response(304 if is_known else 200)
            for name, value in sent.items():
                self.send_header(name, value)
            if not is_known:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if is_known else body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", facts["ETag"]
    finally:
        server.shutdown()
        server.server_close()
