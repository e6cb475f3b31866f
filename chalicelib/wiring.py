"""The composition root: settings, clients and repositories, each made once, when first asked for."""

import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from functools import cache, cached_property, partial
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials, create_assume_role_refresher

from chalicelib import settings
from chalicelib.lease.aws import Lease, Turn
from chalicelib.names import job
from chalicelib.names.aws import Ec2Instances, RecheckQueue, Route53Zone
from chalicelib.names.job import Outcome
from chalicelib.names.model import Place, Ref, Rules, View
from chalicelib.settings import Settings

# botocore's "standard" mode waits with full jitter and knows Throttling and PriorRequestNotComplete
# (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=5, read_timeout=30)
LONGEST_LEASE = 300.0
LONGEST_WAIT = 60.0


class Wiring:
    """Everything made from one set of settings; ``remaining`` says how many seconds the current run still has."""

    def __init__(self, chosen: Settings, session: boto3.Session, remaining: Callable[[], float] | None = None) -> None:
        self.settings, self._session = chosen, session
        self.remaining = remaining or (lambda: LONGEST_LEASE)

    @cached_property
    def rules(self) -> Rules:
        """Return the operator's rules for names."""
        return Rules(self.settings.ttl, self.settings.short_name_tag, self.settings.reserved_names)

    @cached_property
    def instances(self) -> Ec2Instances:
        """Return the instances of every region and account in the settings."""
        accounts = (self.settings.account, *self.settings.account_roles)
        places = [Place(account, region) for account in accounts for region in self.settings.regions]
        return Ec2Instances(cache(self._ec2), places, self.settings.short_name_tag)

    @cached_property
    def zones(self) -> dict[str, Route53Zone]:
        """Return the hosted zones by view."""
        route53 = self._session.client("route53", config=PATIENT)
        ids = {View.PUBLIC: self.settings.hosted_zone_id, View.PRIVATE: self.settings.private_hosted_zone_id}
        owner = self.settings.stack.lower()
        return {
            view.value: Route53Zone(route53, id_, view, owner, partial(self._turn, f"zone {id_}"), self.settings.domain)
            for view, id_ in ids.items()
            if id_
        }

    @cached_property
    def rechecks(self) -> RecheckQueue:
        """Return the queue that brings instances back for a second look."""
        return RecheckQueue(self._session.client("sqs", config=PATIENT), self.settings.instance_queue_url)

    def follow(self, zone: str, refs: Collection[Ref]) -> Outcome:
        """Put the names of some instances right in one zone, or only say what would be done."""
        run = job.preview if self.settings.dry_run else job.follow
        return run(self.instances, self.zones[zone], self.rules, refs)

    def sweep(self, zone: str, *, force: bool = False) -> Outcome:
        """Put every name of one zone right, or only say what would be done."""
        if self.settings.dry_run:
            return job.preview(self.instances, self.zones[zone], self.rules)
        return job.sweep(self.instances, self.zones[zone], self.rules, force=force)

    @cached_property
    def _dynamodb(self) -> Any:
        return self._session.client("dynamodb", config=PATIENT)

    def _turn(self, name: str) -> AbstractContextManager[Turn]:
        seconds = min(self.remaining(), LONGEST_LEASE)
        return Lease(self._dynamodb, self.settings.table, name, seconds, min(seconds / 2, LONGEST_WAIT)).turn()

    def _ec2(self, place: Place) -> Any:
        session = self._session
        if place.account != self.settings.account:
            session = _assumed(session, self.settings.account_roles[place.account])
        return session.client("ec2", region_name=place.region, config=PATIENT)


@cache
def deployed() -> Wiring:
    """Return the wiring of this Lambda function, made from its environment."""
    return Wiring(settings.read(), boto3.Session())


def now_running(context: Any) -> Wiring:
    """Return the wiring, told how long the current invocation may still run."""
    wiring = deployed()
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000
    wiring.remaining = lambda: deadline - time.monotonic()
    return wiring


def _assumed(session: boto3.Session, role_arn: str) -> boto3.Session:
    """Return a session that acts as a role, with credentials that renew themselves."""
    params = {"RoleArn": role_arn, "RoleSessionName": "groundskeeper"}
    refresh = create_assume_role_refresher(session.client("sts", config=PATIENT), params)
    acting: Any = botocore.session.Session()
    # botocore has no public way to give a session credentials that renew themselves.
    acting._credentials = DeferredRefreshableCredentials(refresh, "sts-assume-role")
    return boto3.Session(botocore_session=acting)
