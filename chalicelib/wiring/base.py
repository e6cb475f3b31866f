"""What the wiring of every feature starts from: settings, clients, leases, tokens."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, cached_property
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config

from chalicelib.access.aws import Tokens
from chalicelib.lease.aws import Lease, Turn
from chalicelib.settings import Settings

# botocore's "standard" mode waits with full jitter and knows Throttling and PriorRequestNotComplete
# (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html). Five tries of 13 seconds and the pauses
# between them stay below lease.aws.LONGEST_WRITE.
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=8)
READING = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)
# A client waits, and API Gateway for 29 seconds at the most.
ANSWERING = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=5)
LONGEST_RUN = 300.0  # seconds: also the timeout of most functions
LONGEST_INVOCATION = 900.0  # seconds: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
PATIENCE, SHORT_PATIENCE = 20.0, 4.0  # seconds: a schedule can wait for others to have written, a client less
LONGEST_WAIT = 120.0  # seconds for another run to end


class Base:
    """The settings of one stack, and how to reach AWS; ``remaining`` tells how many seconds the run still has."""

    def __init__(
        self, chosen: Settings, session: boto3.Session, remaining: Callable[[], float] = lambda: LONGEST_RUN
    ) -> None:
        self.settings, self.session, self.remaining = chosen, session, remaining
        self._clients, self._making = cache(self._client), Lock()

    def client(self, service: str, config: Config = READING, region: str | None = None) -> Any:
        """Return a client of a service in the stack's own account, and its own region unless another is named."""
        return self._clients(service, config, region)

    @cached_property
    def tokens(self) -> Tokens:
        """Return the tokens of this stack."""
        return Tokens(self.client("dynamodb", ANSWERING), self.settings.table)

    def turn(self, name: str, longest_wait: float = LONGEST_WAIT) -> AbstractContextManager[Turn]:
        """Wait until nobody else writes to what is named, for some seconds at the most, and keep others from it."""
        seconds = self.remaining()
        patience = min(seconds / 2, longest_wait)
        return Lease(self.client("dynamodb"), self.settings.table, name, seconds, patience).turn()

    def _client(self, service: str, config: Config, region: str | None) -> Any:
        with self._making:  # a session makes one client at a time; clients may be shared
            return self.session.client(service, region_name=region, config=config)  # type: ignore[call-overload]  # any service
