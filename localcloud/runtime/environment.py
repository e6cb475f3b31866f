"""One execution environment: a process that runs a function's unpacked zip under AWS's own runtime client."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from queue import Empty
from typing import TYPE_CHECKING

from localcloud.runtime import failures
from localcloud.runtime import process as image
from localcloud.runtime.output import Output
from localcloud.runtime.runtime_api import (
    Exited,
    Failed,
    InitFailed,
    Invocation,
    Ready,
    Report,
    Responded,
    RuntimeApi,
    TooLarge,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localcloud.runtime.process import Program
    from localcloud.runtime.warden import Warden

INIT_SECONDS = 10.0  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
TAIL_BYTES = 4096


@dataclass(frozen=True)
class Answer:
    """What an invocation came to: the handler's result, or an error if `failed`."""

    request_id: str
    payload: bytes
    failed: bool = False
    tail: str = ""
    """The last 4 KB of what the invocation logged."""


class Sandbox:
    """Runs one invocation at a time; once it is not `usable` any more it must be closed and replaced."""

    def __init__(self, program: Program, scratch: Path, log: Callable[[str], None], warden: Warden) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._program = program
        self._scratch = scratch
        self._log = log
        self._warden = warden
        self._lines: list[str] = []
        self._initialised = False
        self._broken = False
        self._api = RuntimeApi()
        self._process, self._output = self._start()
        threading.Thread(target=self._await_exit, name="function-exit", daemon=True).start()

    @property
    def usable(self) -> bool:
        """Tell whether a further invocation can be given to this environment."""
        return not self._broken and self._process.poll() is None

    def invoke(self, request_id: str, function_arn: str, event: bytes) -> Answer:
        """Run the handler once; whatever goes wrong is an answer, too."""
        self._lines.clear()
        began = time.monotonic()
        failure = self._initialise()
        init = time.monotonic() - began
        self._say(f"START RequestId: {request_id} Version: $LATEST")
        report = failure or self._run(request_id, function_arn, event)
        payload = self._judge(request_id, report)
        self._output.drain()
        self._say(f"END RequestId: {request_id}")
        self._say(self._summary(request_id, time.monotonic() - began - init, init))
        tail = "\n".join(self._lines)[-TAIL_BYTES:]
        return Answer(request_id, payload, failed=not isinstance(report, Responded), tail=tail)

    def close(self) -> None:
        """End the process and all that it started."""
        self._broken = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._warden.release(self._process.pid)
        self._api.close()
        self._output.join()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _start(self) -> tuple[subprocess.Popen[bytes], Output]:
        reading, writing = os.pipe()
        process = subprocess.Popen(  # noqa: S603 - this interpreter; running the user's zip is the purpose
            image.command(self._program),
            cwd=self._program.code,
            env=image.environment(self._program, self._api.address, self._scratch),
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,  # so that whatever the function starts can be ended with it
        )
        self._warden.guard(process.pid)
        os.close(writing)
        return process, Output(reading, self._say)

    def _await_exit(self) -> None:
        self._api.reports.put(Exited(self._process.wait()))

    def _initialise(self) -> Report | None:
        """Wait for the runtime to ask for its first event; return what it reports instead, if it fails."""
        if self._initialised:
            return None
        report = self._next_report(time.monotonic() + INIT_SECONDS + self._program.timeout)
        self._initialised = isinstance(report, Ready)
        return None if self._initialised else report or Exited(-signal.SIGKILL)

    def _run(self, request_id: str, function_arn: str, event: bytes) -> Report | None:
        """Hand the event over and return the outcome, or None if there is none in time."""
        deadline_ms = int((time.time() + self._program.offset.total_seconds() + self._program.timeout) * 1000)
        deadline = time.monotonic() + self._program.timeout
        self._api.hand_over(Invocation(request_id, function_arn, event, deadline_ms, _trace_id(request_id)))
        while isinstance(report := self._next_report(deadline), Ready):
            pass  # of the invocation before this one
        return report

    def _next_report(self, deadline: float) -> Report | None:
        try:
            return self._api.reports.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            return None

    def _judge(self, request_id: str, report: Report | None) -> bytes:
        """Return the payload to answer with; an environment that cannot go on is marked."""
        match report:
            case Responded(_, payload) | Failed(_, payload):
                return payload
            case InitFailed(payload):
                error = payload
            case Exited(returncode):
                error = failures.exited(request_id, returncode)
            case TooLarge():
                error = failures.too_large()
            case _:
                error = failures.timed_out(request_id, self._program.timeout)
        self._broken = True
        self._say(error.decode(errors="replace"))
        return error

    def _summary(self, request_id: str, seconds: float, init: float) -> str:
        parts = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {seconds * 1000:.2f} ms",
            f"Memory Size: {self._program.memory} MB",
        ]
        return "\t".join(parts + ([f"Init Duration: {init * 1000:.2f} ms"] if init > 0.001 else []))

    def _say(self, line: str) -> None:
        self._lines.append(line)
        self._log(line)


def _trace_id(request_id: str) -> str:
    digits = request_id.replace("-", "")
    return f"Root=1-{int(time.time()):08x}-{digits[:24]};Parent={digits[-16:]};Sampled=0"
