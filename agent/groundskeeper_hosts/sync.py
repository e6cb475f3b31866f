"""One poll: ask, check, guard, install, tell. Whatever fails, the old file stays."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace

from groundskeeper_hosts import block, checks, guard, hooks
from groundskeeper_hosts.document import Document, parse
from groundskeeper_hosts.errors import Refused, Stale, TryAgain, named, on_purpose
from groundskeeper_hosts.install import install
from groundskeeper_hosts.secret import read_token
from groundskeeper_hosts.serving import Promise, Served, fetch
from groundskeeper_hosts.settings import Settings
from groundskeeper_hosts.state import State
from groundskeeper_hosts.target import Target
from groundskeeper_hosts.transport import Transport


def sync(settings: Settings, clock: Callable[[], float] = time.time, *, replace_source: bool = False) -> State:
    """Make the target say what the server says, and return what is known now. Raises HostsError."""
    target = Target.of(settings)
    with target.held(settings.timeout):
        poll = Poll(settings, target, clock())
        if not replace_source:
            target.check_origin(poll.state, settings)  # before the try: the state is that of the other's polls
        try:
            poll.run()
        except Exception as fault:
            error = on_purpose(fault)
            poll.state = poll.state.failed(poll.now, error)
            with contextlib.suppress(OSError):  # a full disk: the first error says more
                target.place.save(poll.state)
            age = poll.state.age(poll.now)
            if isinstance(error, TryAgain) and age > settings.max_stale:
                raise Stale(f"no good answer for {age:.0f} s; the last error: {error}", error.retry_after) from error
            if error is fault:
                raise
            raise error from fault
        poll.remember(failures=0, failing_since=0.0, last_error="", last_exit=0)
        return poll.state


class Poll:
    """One poll of one target, whose lock the caller holds."""

    def __init__(self, settings: Settings, target: Target, now: float) -> None:
        self.settings, self.target, self.now = settings, target, now
        with named(f"state-dir {settings.state_dir} cannot be read"):
            self.state = target.place.load().as_of(now)
        self.own = checks.own_names()

    def remember(self, **changes: object) -> None:
        """Change the state, and write it down."""
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        with named(f"state-dir {self.settings.state_dir} cannot be written"):
            self.target.place.save(self.state)

    def run(self) -> None:
        """Ask the server and do what follows. Raises HostsError."""
        self.target.tidy()
        self._forget_other_sources()
        served = self._ask()
        if served is None:
            # The server has gone back to what is installed.
            self.state = replace(self.state, doubted="", origin=self.settings.origin)
        else:
            document = parse(served.body, self.settings.suffix, self.own)
            if document.entries != served.promise.entries:
                raise Refused(f"the document has {document.entries} entries, not {served.promise.entries} as promised")
            self._guard(document, served.promise)
            self._install(document, served.promise)
        self.state = replace(self.state, last_success=self.now)
        self._tell()

    def _ask(self) -> Served | None:
        settings = self.settings
        token = read_token(settings.token_file)
        installed = block.split(self.target.look())
        # The ETag stands for what we installed. If that is not what is there now, only the whole document will do.
        etag = self.state.etag if installed.block and installed.digest == self.state.block else ""
        transport = Transport(settings.timeout, settings.ca_file)
        return fetch(transport, f"{settings.url}/hosts/{settings.view}", token, etag)

    def _forget_other_sources(self) -> None:
        shaping = [self.settings.url, self.settings.view, sorted(self.settings.suffix), sorted(self.own)]
        source = hashlib.sha256(json.dumps(shaping).encode()).hexdigest()
        if self.state.source != source:
            self.state = replace(self.state, source=source, etag="", generation=-1, doubted="")

    def _guard(self, document: Document, promise: Promise) -> None:
        old = self.target.look()
        if not old.strip() and self.state.outside and not self.settings.allow_shrink:
            first = self.target.place.file("first")
            raise Refused(
                f"{self.target.path} is empty and was not: put it back (first copy: {first}), or --allow-shrink"
            )
        if self.settings.allow_shrink or block.put(old, document.lines) == old:
            return
        doubt = guard.doubt(block.split(old).entries, document.installable, self.state.generation, promise.generation)
        if doubt is None:
            self.state = replace(self.state, doubted="")
            return
        self.state = guard.hold(self.state, promise.digest, document.installable, self.now)
        if not guard.is_confirmed(self.state, self.settings.confirm_after, self.now):
            raise Refused(f"the document is held back: {doubt}; look at the server, then --allow-shrink if it is right")

    def _install(self, document: Document, promise: Promise) -> None:
        new = install(self.settings, self.target, document.lines, self._note)
        parts = block.split(new)
        installed = {"block": parts.digest, "outside": len(parts.outside), "entries": document.installable}
        self.remember(
            **installed, etag=promise.etag, generation=promise.generation, doubted="", origin=self.settings.origin
        )

    def _note(self, new: bytes) -> None:
        due = block.split(new).digest if self.settings.on_change else self.state.on_change_due
        if due or self.state.origin != self.settings.origin:
            self.remember(on_change_due=due, origin=self.settings.origin)

    def _tell(self) -> None:
        due = self.state.on_change_due
        if due and self.settings.on_change and due == block.split(self.target.look()).digest:
            hooks.run("on-change", self.settings.on_change, self.target.path)
        self.state = replace(self.state, on_change_due="")
