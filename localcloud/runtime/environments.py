"""The execution environments of all functions: warm ones are used again, stale and broken ones replaced."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from localcloud.runtime.environment import Sandbox
from localcloud.runtime.packages import Packages
from localcloud.runtime.process import Program
from localcloud.runtime.warden import Warden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localcloud.runtime.configuration import Function
    from localcloud.runtime.role_sessions import Credentials, RoleSessions

MAX_IDLE = 16


@dataclass
class _Idle:
    function: Function
    credentials: Credentials
    offset: timedelta
    sandbox: Sandbox
    since: float


class Fleet:
    """Lends a sandbox for one invocation at a time."""

    def __init__(
        self,
        folder: Path,
        runtime: Path,
        endpoint: str,
        sessions: RoleSessions,
        log: Callable[[str, str], None],
        offset: Callable[[], timedelta] = timedelta,
    ) -> None:
        self._folder = folder
        self._runtime = runtime
        self._endpoint = endpoint
        self._sessions = sessions
        self._log = log
        self._offset = offset
        self._packages = Packages(folder / "packages")
        self._warden = Warden()
        self._lock = threading.Lock()
        self._idle: list[_Idle] = []
        self._busy: set[Sandbox] = set()
        self._closed = False

    @contextmanager
    def lend(self, function: Function) -> Iterator[Sandbox]:
        """Lend an environment that runs the function as it is configured now, by the clock as it is now."""
        credentials, offset = self._sessions.of(function.role, function.name), self._offset()
        sandbox = self._warm(function, credentials, offset) or self._cold(function, credentials, offset)
        try:
            yield sandbox
        finally:
            self._take_back(_Idle(function, credentials, offset, sandbox, time.monotonic()))

    def retire(self) -> None:
        """End the environments that wait for work."""
        with self._lock:
            retired, self._idle = self._idle, []
        for each in retired:
            each.sandbox.close()

    def close(self) -> None:
        """End all environments, those at work too."""
        with self._lock:
            self._closed = True
            busy = list(self._busy)
        for sandbox in busy:
            sandbox.close()
        self.retire()
        self._warden.close()

    def _warm(self, function: Function, credentials: Credentials, offset: timedelta) -> Sandbox | None:
        with self._lock:
            own = [each for each in self._idle if each.function.arn == function.arn]
            alike = [each for each in own if (each.credentials, each.offset) == (credentials, offset)]
            fit = [each for each in alike if _same(each.function, function)]
            usable = [each for each in fit if each.sandbox.usable]
            stale = [each for each in own if each not in usable]
            self._idle = [each for each in self._idle if each not in own or each in usable[:-1]]
            if usable:
                self._busy.add(usable[-1].sandbox)
        for each in stale:
            each.sandbox.close()
        return usable[-1].sandbox if usable else None

    def _cold(self, function: Function, credentials: Credentials, offset: timedelta) -> Sandbox:
        program = self._program(function, credentials, offset)
        with self._lock:
            if self._closed:
                raise RuntimeError("the emulator is stopping")
            sandbox = Sandbox(
                program,
                self._folder / "tmp" / uuid.uuid4().hex[:12],
                lambda line: self._log(function.name, line),
                self._warden,
            )
            self._busy.add(sandbox)
        return sandbox

    def _program(self, function: Function, credentials: Credentials, offset: timedelta) -> Program:
        return Program(
            function_name=function.name,
            handler=function.handler,
            timeout=function.timeout,
            memory=function.memory,
            region=function.region,
            code=self._packages.code(function),
            layers=self._packages.layers(function),
            runtime=self._runtime,
            variables={
                **function.variables,
                "AWS_ACCESS_KEY_ID": credentials.access_key,
                "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
                "AWS_SESSION_TOKEN": credentials.token,
                "AWS_ENDPOINT_URL": self._endpoint,
            },
            offset=offset,
        )

    def _take_back(self, lent: _Idle) -> None:
        with self._lock:
            self._busy.discard(lent.sandbox)
            keep = lent.sandbox.usable and not self._closed
            if keep:
                self._idle.append(lent)
            surplus, self._idle = self._idle[:-MAX_IDLE], self._idle[-MAX_IDLE:]
        for each in surplus if keep else [*surplus, lent]:
            each.sandbox.close()


def _same(one: Function, other: Function) -> bool:
    """Tell whether the same program runs in the same surroundings."""
    return replace(one, reserved=None, dead_letters=None, on_event={}) == replace(
        other, reserved=None, dead_letters=None, on_event={}
    )
