"""A machine of files: hosts file, token, settings and state in a folder of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from playing_server import TOKEN

from groundskeeper_hosts.command import execute

AGENT = Path(__file__).parent.parent
OUTSIDE = b"127.0.0.1\tlocalhost\n::1\tlocalhost\n# my own line\n192.0.2.7 printer.home\n"
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from groundskeeper_hosts.command import main; main()"


class Machine:
    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        (folder / "etc").mkdir(exist_ok=True)
        self.hosts = folder / "etc" / "hosts"
        self.hosts.write_bytes(OUTSIDE)
        self.token = folder / "token"
        self.token.write_text(TOKEN + "\n")
        self.token.chmod(0o600)
        self.config = folder / "agent.conf"
        self.state = folder / "state"
        self.options = {
            "url": url,
            "token-file": str(self.token),
            "suffix": "fleet.example",
            "state-dir": str(self.state),
            "file": str(self.hosts),
            "timeout": "5",
        }

    def configure(self, **options: str | None) -> None:
        """Change options; None takes one out."""
        changes = {name.replace("_", "-"): value for name, value in options.items()}
        self.options = {name: value for name, value in {**self.options, **changes}.items() if value is not None}

    def words(self, command: str, *more: str) -> list[str]:
        lines = [f"{name} = {value}\n" for name, value in self.options.items()]
        self.config.write_text("[groundskeeper-hosts]\n" + "".join(lines))
        return [command, "--config", str(self.config), *more]

    def run(self, command: str = "sync", *more: str) -> int:
        """Run a command in this process and return its exit code."""
        return execute(self.words(command, *more))

    def start(self, command: str = "sync", *more: str, **options: object) -> subprocess.Popen[str]:
        """Start a command as a process of its own."""
        python = [sys.executable, "-S", "-E", "-I", "-c", START, str(AGENT)]
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            python + self.words(command, *more),
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment, **options},
        )

    @property
    def content(self) -> bytes:
        return self.hosts.read_bytes()

    def names(self) -> list[str]:
        """The names that the hosts file gives to addresses of the fleet."""
        lines = self.content.decode("latin-1").split("\n")
        return [line.split("\t")[1] for line in lines if line.startswith("10.")]
