"""The composition root: settings, clients and repositories, each made once, when first asked for."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, cached_property, partial
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials, create_assume_role_refresher

from chalicelib import settings
from chalicelib.lease.aws import Lease, Turn
from chalicelib.names.aws.ec2 import Ec2Instances
from chalicelib.names.aws.route53 import Identity, Route53Zone
from chalicelib.names.aws.sqs import RecheckQueue
from chalicelib.names.model import Place, Rules, View
from chalicelib.names.pace import Pace
from chalicelib.names.service import Names
from chalicelib.settings import Settings

# botocore's "standard" mode waits with full jitter and knows Throttling and PriorRequestNotComplete
# (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html). Five tries of 13 seconds and the pauses
# between them stay below lease.aws.LONGEST_WRITE.
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=8)
READING = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)
LONGEST_RUN = 300.0  # seconds: also the timeout of the functions
LONGEST_WAIT = 120.0  # seconds for another run to end


class Wiring:
    """Everything made from one set of settings; ``remaining`` says how many seconds the current run still has."""

    def __init__(
        self, chosen: Settings, session: boto3.Session, remaining: Callable[[], float] = lambda: LONGEST_RUN
    ) -> None:
        self.settings, self._session, self._remaining = chosen, session, remaining

    @cached_property
    def names(self) -> Names:
        """Return the names of this stack."""
        return Names(
            stack=self.settings.stack,
            instances=self._instances,
            zones=self.zones,
            rules=Rules(self.settings.ttl, self.settings.short_name_tag, self.settings.reserved_names),
            rechecks=RecheckQueue(self._session.client("sqs", config=READING), self.settings.instance_queue_url),
            is_dry_run=self.settings.dry_run,
        )

    @cached_property
    def zones(self) -> dict[str, Route53Zone]:
        """Return the hosted zones by view; they share an account's throttle."""
        pace = Pace()
        ids = {View.PUBLIC: self.settings.hosted_zone_id, View.PRIVATE: self.settings.private_hosted_zone_id}
        return {view.value: self._zone(view, id_, pace) for view, id_ in ids.items() if id_}

    def _zone(self, view: View, id_: str, pace: Pace) -> Route53Zone:
        identity = Identity(id_, view, self.settings.stack.lower(), self.settings.domain)
        route53 = self._session.client("route53", config=PATIENT)
        return Route53Zone(route53, identity, partial(self._turn, f"zone {id_}"), pace)

    @cached_property
    def _instances(self) -> Ec2Instances:
        accounts = (self.settings.account, *self.settings.account_roles)
        places = [Place(account, region) for account in accounts for region in self.settings.regions]
        sessions = cache(self._in_account)

        def client(place: Place) -> Any:
            return sessions(place.account).client("ec2", region_name=place.region, config=READING)

        return Ec2Instances(cache(client), places, self.settings.short_name_tag)

    def _in_account(self, account: str) -> boto3.Session:
        if account == self.settings.account:
            return self._session
        return _assumed(self._session, self.settings.account_roles[account])

    @cached_property
    def _dynamodb(self) -> Any:
        return self._session.client("dynamodb", config=READING)

    def _turn(self, name: str) -> AbstractContextManager[Turn]:
        seconds = min(self._remaining(), LONGEST_RUN)
        patience = min(seconds / 2, LONGEST_WAIT)
        return Lease(self._dynamodb, self.settings.table, name, seconds, patience).turn()


class _Clock:
    """Until when the current invocation may run."""

    deadline = 0.0

    def remaining(self) -> float:
        return self.deadline - time.monotonic()


_clock = _Clock()


@cache
def _deployed() -> Wiring:
    return Wiring(settings.read(), boto3.Session(), _clock.remaining)


def names(context: Any) -> Names:
    """Return the names of the stack that this Lambda function belongs to, told how long the invocation may run."""
    _clock.deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000
    return _deployed().names


def _assumed(session: boto3.Session, role_arn: str) -> boto3.Session:
    """Return a session that acts as a role, with credentials that renew themselves."""
    params = {"RoleArn": role_arn, "RoleSessionName": "groundskeeper"}
    refresh = create_assume_role_refresher(session.client("sts", config=READING), params)
    acting: Any = botocore.session.Session()
    # What AWS's services look like is read once and shared: it takes tens of megabytes.
    acting.register_component("data_loader", session._session.get_component("data_loader"))
    # botocore has no public way to give a session credentials that renew themselves.
    acting._credentials = DeferredRefreshableCredentials(refresh, "sts-assume-role")
    return boto3.Session(botocore_session=acting)
