"""Processes in which the packaged application is measured, with nothing else in them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent


class Child:
    """A process of its own that runs a module of this package, and answers each line with a line of JSON.

    In one process the emulator would take the interpreter from what is measured. The application is imported from an
    unpacked package, not from this repository; the module must import nothing that is not measured.
    """

    def __init__(self, module: str, code: Path, environment: dict[str, str], *words: str) -> None:
        command = [sys.executable, "-P", "-m", f"benchmarks.{module}", *words]
        environment = {**environment, "PYTHONPATH": f"{code}{os.pathsep}{ROOT}"}
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, said: str) -> Any:
        """Return what the process answers; raise RuntimeError if it has ended."""
        asked, answers = pipes(self._process)
        asked.write(said + "\n")
        asked.flush()
        if not (line := answers.readline()):
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        """Let the process end."""
        for pipe in pipes(self._process):
            pipe.close()
        self._process.wait()


def measured(module: str, size: int) -> Any:
    """Return what a module of this package measures of a size, in a process of its own: peak memory is a process's."""
    command = [sys.executable, "-m", f"benchmarks.{module}", str(size)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def access(endpoint: str, access_key: str, secret_key: str) -> dict[str, str]:
    """Return the variables by which boto3 finds an emulated AWS."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
    }


def answers() -> IO[str]:
    """Return where a child answers; what the application prints, logs and metrics, is dropped."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return out


def pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    """Return where a process is asked, and where it answers."""
    assert process.stdin  # noqa: S101 - for the type checker: both were asked for
    assert process.stdout  # noqa: S101
    return process.stdin, process.stdout
