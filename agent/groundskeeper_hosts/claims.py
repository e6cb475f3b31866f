"""Claims: a machine outside the cloud asks for a name, and renews its lease for as long as its check passes."""

from __future__ import annotations

import json
import random
import re
import threading
from dataclasses import dataclass
from urllib.parse import urlencode

from groundskeeper_hosts import hooks, log
from groundskeeper_hosts.errors import BadSettings, on_purpose
from groundskeeper_hosts.notify import Notifier
from groundskeeper_hosts.pace import pause
from groundskeeper_hosts.secret import read_token
from groundskeeper_hosts.serving import failure
from groundskeeper_hosts.settings import Settings
from groundskeeper_hosts.transport import Transport

_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_HOLDER = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Claim:
    """What is asked for; at least one address, ``public`` may be "observed", the lease is in seconds."""

    name: str
    private: str | None
    public: str | None
    lease: int
    holder: str
    force: bool

    @property
    def third(self) -> float:
        """A third of the lease: the longest wait, check or request, so that none of them outlives it."""
        return self.lease / 3

    def check(self) -> Claim:
        """Return the claim. Raises BadSettings for what the server would refuse."""
        if not _NAME.fullmatch(self.name):
            raise BadSettings(f"{self.name[:80]} is not one label of letters, digits and hyphens, in lower case")
        if not _HOLDER.fullmatch(self.holder):
            raise BadSettings("--holder: 1 to 64 letters, digits, dots, hyphens and underscores")
        if not (self.private or self.public):
            raise BadSettings("give --private ADDRESS, --public ADDRESS or --public observed")
        return self


class Claims:
    """The server's claims; the token is read for each request, so that it may be replaced."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._transport = Transport(settings.timeout, settings.ca_file)

    def take(self, claim: Claim) -> None:
        """Take the name or renew its lease. Raises TryAgain while it is somebody else's, BadSettings."""
        wish = {"private": claim.private, "public": claim.public, "lease": claim.lease}
        body = {**wish, "holder": claim.holder, "force": claim.force}
        given = {name: value for name, value in body.items() if value is not None}
        self._send(claim, "PUT", claim.name, json.dumps(given).encode(), {200, 201})

    def give_up(self, claim: Claim) -> None:
        """Give the name up; that it is gone already, or somebody else's, is as good."""
        path = f"{claim.name}?{urlencode({'holder': claim.holder})}"
        self._send(claim, "DELETE", path, None, {200, 204, 404, 409})

    def _send(self, claim: Claim, method: str, path: str, body: bytes | None, good: set[int]) -> None:
        url, token = f"{self._settings.url}/claims/{path}", read_token(self._settings.token_file)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = self._transport.send(method, url, headers, body, longest=claim.third)
        if answer.status not in good:
            raise failure(answer, url, token)


class Holding:
    """One name, held while the check passes."""

    def __init__(self, claims: Claims, claim: Claim, check: tuple[str, ...] | None) -> None:
        self.claims, self.claim, self.command = claims, claim, check
        self.held: bool | None = None  # not known: an earlier run may have left a lease

    def once(self) -> None:
        """Check, then claim; or give up, and raise what the check said."""
        try:
            if self.command:
                hooks.run("check", self.command, longest=self.claim.third)
        except Exception:
            self._give_up()
            raise
        self.claims.take(self.claim)
        self._became(held=True)

    def keep(self, stop: threading.Event) -> None:
        """Renew at a third of the lease until ``stop`` is set, then give up. Raises BadSettings if it never could."""
        notifier, failures, ever = Notifier(), 0, False
        while not stop.is_set():
            wait = self.claim.third * (0.9 + 0.1 * random.random())
            try:
                self.once()
                failures, ever = 0, True
            except Exception as fault:
                error = on_purpose(fault)
                if not ever and isinstance(error, BadSettings):
                    raise
                failures += 1
                log.say(str(error))
                # Whatever Retry-After says: a lease that runs out meanwhile is a name lost.
                wait = min(wait, pause(5, failures, error.retry_after, random.random()))
            notifier.send("READY=1", f"STATUS={self.claim.name} is {'held' if self.held else 'not held'}")
            notifier.wait(stop, wait)
        notifier.send("STOPPING=1")
        self._give_up()

    def _give_up(self) -> None:
        if self.held is not False:
            self.claims.give_up(self.claim)
            self._became(held=False)

    def _became(self, *, held: bool) -> None:
        if held != self.held and (held or self.held):  # what was never held is not given up
            log.say(f"{self.claim.name} is {'held' if held else 'given up'}")
        self.held = held
